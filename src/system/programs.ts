import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "./decode.ts";
import { fileError } from "./files.ts";
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
      else resolve({ stdout: textIn(stdout), stderr: textIn(stderr), exitCode });
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
  return {
    stdout: files.stdout === null ? textOf(stdout) : textIn(files.stdout),
    stderr: files.stderr === null ? textOf(stderr) : textIn(files.stderr),
    exitCode,
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

/**
 * A file without a name, in memory. Not a pipe: `ip` writes each entry of a listing by itself, and a reader that is woken
 * up ten thousand times takes longer than `ip`. null where there is no such place.
 */
export function outputFile(): number | null {
  try {
    return openSync("/dev/shm", constants.O_RDWR | constants.O_APPEND | O_TMPFILE, 0o600);
  } catch {
    return null;
  }
}

/** The same wherever there is a /run; what is written goes to its end, also after it was made shorter. */
export function scratchFile(): number {
  const made = outputFile();
  if (made !== null) return made;
  const path = runtimeName();
  const file = openSync(path, "ax+", 0o600);
  unlinkSync(path);
  return file;
}

export function textIn(file: number | null): string {
  if (file === null) return "";
  const { size } = fstatSync(file);
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  for (let more = -1; read < size && more !== 0; read += more) more = readSync(file, bytes, read, size - read, read);
  return decode(bytes.subarray(0, read));
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : decode(bytes);
}

/** execa's types name the descriptors 3 to 9 only; it passes on any. */
function inherited(descriptor: number | null): 3 | "ignore" {
  return descriptor === null ? "ignore" : (descriptor as 3);
}

/** open(2); Node does not name it. It contains O_DIRECTORY, which differs by architecture. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** In memory, and gone with a boot. */
const runtimeDirectory = "/run/netkeep";

/**
 * The text as a file without a name, open for reading. Not a pipe: killed while it is written, the reader would get half
 * a line at its end, and half a line of `ip -batch` can be another route.
 */
function inputFile(text: string): number {
  try {
    const path = runtimeName();
    const writer = openSync(path, "wx", 0o600);
    const reader = openSync(path, "r");
    unlinkSync(path);
    writeFileSync(writer, text);
    closeSync(writer);
    return reader;
  } catch (error) {
    throw fileError("write to", runtimeDirectory, error);
  }
}

function runtimeName(): string {
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  return join(runtimeDirectory, `.input.${randomBytes(6).toString("hex")}.tmp`);
}
