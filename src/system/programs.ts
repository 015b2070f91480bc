import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { decode } from "./decode.ts";
import { inputFile, outputFile, outputOf } from "./memoryFiles.ts";
import type { ProgramResult } from "./system.ts";

export const environment = { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" };

/**
 * Runs a program; an exit status is an answer, not an exception. A program that is given input changes something, and goes
 * on when we are killed: it holds the lock as long as it runs.
 *
 * @param lock descriptor of the writers' lock, null if it is not ours
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: string | undefined,
  lock: number | null,
): Promise<ProgramResult> {
  const stdin = input === undefined ? null : inputFile(input);
  const [stdout, stderr] = [outputFile(), outputFile()];
  const held = stdin === null ? null : lock;
  const run = frequent.has(program) && stdout !== null && stderr !== null ? runOnFiles : runByExeca;
  try {
    return await run(program, args, { stdin, stdout, stderr, held });
  } finally {
    for (const file of [stdin, stdout, stderr]) if (file !== null) closeSync(file);
  }
}

/** What nearly every run starts: execa takes as long to load as one of these takes to run. */
const frequent: ReadonlySet<string> = new Set(["ip", "networkctl", "busctl"]);

/** Descriptors, null for none; `held` is open in the program too. */
interface Files {
  readonly stdin: number | null;
  readonly stdout: number | null;
  readonly stderr: number | null;
  readonly held: number | null;
}

function runOnFiles(program: string, args: readonly string[], files: Files): Promise<ProgramResult> {
  const { stdin, stdout, stderr, held } = files;
  const stdio = [stdin, stdout, stderr, held].map((file) => file ?? "ignore");
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio });
    child.on("error", (error: NodeJS.ErrnoException) => {
      resolve(notRun(program, error.code === "ENOENT", error.message));
    });
    child.on("exit", (exitCode, signal) => {
      if (exitCode === null) resolve(notRun(program, false, `Command was killed with ${signal}: ${program}`));
      else resolve(outputOf(stdout, stderr, exitCode));
    });
  });
}

async function runByExeca(program: string, args: readonly string[], files: Files): Promise<ProgramResult> {
  const { execa } = await import("execa");
  leaveLostDirectory();
  const { exitCode, stdout, stderr, ...rest } = await execa(program, [...args], {
    env: environment,
    reject: false,
    // As bytes, and decoded once: a listing of a large host has megabytes.
    encoding: "buffer",
    stripFinalNewline: false,
    // What is killed with us cannot finish its batch; it holds the lock, so that nobody comes between.
    cleanup: false,
    maxBuffer: 512 * 1024 * 1024,
    stdio: [
      inherited(files.stdin),
      files.stdout === null ? "pipe" : inherited(files.stdout),
      files.stderr === null ? "pipe" : inherited(files.stderr),
      inherited(files.held),
    ],
  });
  if (exitCode === undefined) return notRun(program, rest.code === "ENOENT", String(rest.shortMessage));
  const written = outputOf(files.stdout, files.stderr, exitCode);
  return {
    ...written,
    ...(files.stdout === null ? { stdout: textOf(stdout) } : {}),
    ...(files.stderr === null ? { stderr: textOf(stderr) } : {}),
  };
}

/** execa asks for our working directory, which may have been removed; nothing is relative to it then. */
function leaveLostDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.chdir("/");
  }
}

/** As a shell says it: 127 for what is not there, 126 for what cannot be run. */
export function notRun(program: string, missing: boolean, reason: string): ProgramResult {
  return {
    stdout: "",
    stderr: missing ? `${program}: command not found` : reason,
    exitCode: missing ? 127 : 126,
  };
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : decode(bytes);
}

/** execa's types name the descriptors 3 to 9 only; it passes on any. */
function inherited(descriptor: number | null): 3 | "ignore" {
  return descriptor === null ? "ignore" : (descriptor as 3);
}
