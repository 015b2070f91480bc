import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { HostFacts } from "../model/link.ts";
import type { ProgramResult } from "./system.ts";

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
  const env = { ...process.env, LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" };
  const kept = stdin === null || lock === null ? "ignore" : lock;
  try {
    const child = spawn(program, args, { env, stdio: [stdin ?? "ignore", "pipe", "pipe", kept] });
    const [stdout, stderr, ended] = [textOf(child.stdout), textOf(child.stderr), once(child, "close")];
    const [status, signal] = (await ended) as [number | null, string | null];
    if (status === null) throw new Error(`was killed by ${signal}`);
    return { stdout: stdout(), stderr: stderr(), exitCode: status };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason = missing ? "command not found" : String(error);
    return { stdout: "", stderr: `${program}: ${reason}`, exitCode: missing ? 127 : 126 };
  } finally {
    if (stdin !== null) closeSync(stdin);
  }
}

/** All that a stream brings until it ends. */
function textOf(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

/** In memory, and gone with a boot. */
const runtimeDirectory = "/run/netkeep";

/**
 * The text as a file without a name, open for reading. Not a pipe: killed while it is written, the reader would get half
 * a line at its end, and half a line of `ip -batch` can be another route.
 */
function inputFile(text: string): number {
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  const path = join(runtimeDirectory, `.input.${randomBytes(6).toString("hex")}.tmp`);
  const writer = openSync(path, "wx", 0o600);
  const reader = openSync(path, "r");
  unlinkSync(path);
  writeFileSync(writer, text);
  closeSync(writer);
  return reader;
}

/** systemd's names for Node's (uname26 aside, the architectures that run KVM guests). */
const architectures: Readonly<Record<string, string>> = {
  x64: "x86-64",
  arm64: "arm64",
  ppc64: "ppc64-le",
  s390x: "s390x",
  riscv64: "riscv64",
};

/**
 * What [Match] may ask of this machine (systemd.network(5), Host= to Firmware=).
 *
 * @param virtualization whether this is asked for, and the command line of the kernel, which depends on it: two programs
 */
export async function readHostFacts(virtualization: boolean): Promise<HostFacts> {
  const facts = { hostname: hostname(), kernelVersion: release(), architecture: architectures[arch()] };
  const machineId = await readFile("/etc/machine-id", "utf8").catch(() => undefined);
  const rest = virtualization ? await readVirtualization() : {};
  return { ...facts, machineId: machineId?.trim(), ...rest };
}

async function readVirtualization(): Promise<Pick<HostFacts, "kernelCommandLine" | "virtualization">> {
  const [container, machine] = await Promise.all([detectVirtualization("--container"), detectVirtualization("--vm")]);
  const inContainer = container !== "" && container !== "none";
  const commandLine = await readFile("/proc/cmdline", "utf8").catch(() => undefined);
  return {
    // In a container systemd means the command line of PID 1, which ProtectProc= hides from networkd: it has none.
    kernelCommandLine: inContainer ? null : commandLine?.trim(),
    virtualization: inContainer
      ? { type: "container", id: container }
      : machine === "" || machine === "none"
        ? { type: "none" }
        : { type: "vm", id: machine },
  };
}

async function detectVirtualization(kind: "--container" | "--vm"): Promise<string> {
  return (await runProgram("systemd-detect-virt", [kind], undefined, null)).stdout.trim();
}
