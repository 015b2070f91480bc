import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, unlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import { join } from "node:path";
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
  const listing = outputFile();
  const { execa } = await import("execa");
  const { exitCode, stdout, stderr, ...rest } = await execa(program, [...args], {
    env: { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    reject: false,
    // As bytes, and decoded once: a listing of a large host has megabytes.
    encoding: "buffer",
    stripFinalNewline: false,
    // What is killed with us cannot finish its batch; it holds the lock, so that nobody comes between.
    cleanup: false,
    maxBuffer: 512 * 1024 * 1024,
    stdio: [
      inherited(stdin),
      listing === null ? "pipe" : inherited(listing),
      "pipe",
      inherited(stdin === null ? null : lock),
    ],
  });
  if (stdin !== null) closeSync(stdin);
  const text = listing === null ? textOf(stdout) : takeText(listing);
  if (exitCode !== undefined) return { stdout: text, stderr: textOf(stderr), exitCode };
  const missing = rest.code === "ENOENT";
  const reason = missing ? `${program}: command not found` : String(rest.shortMessage);
  return { stdout: "", stderr: reason, exitCode: missing ? 127 : 126 };
}

/**
 * A file without a name, in memory. Not a pipe: `ip` writes each entry of a listing by itself, and a reader that is woken
 * up ten thousand times takes longer than `ip`. null where there is no such place.
 */
function outputFile(): number | null {
  try {
    return openSync("/dev/shm", constants.O_RDWR | O_TMPFILE, 0o600);
  } catch {
    return null;
  }
}

function takeText(file: number): string {
  const { size } = fstatSync(file);
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  for (let more = -1; read < size && more !== 0; read += more) more = readSync(file, bytes, read, size - read, read);
  closeSync(file);
  return bytes.toString("utf8", 0, read);
}

function textOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** execa's types name the descriptors 3 to 9 only; it passes on any. */
function inherited(descriptor: number | null): 3 | "ignore" {
  return descriptor === null ? "ignore" : (descriptor as 3);
}

/** Its session is its own, so that no signal for our group or terminal is for it. What becomes of it is not heard of. */
export function startDetached(program: string, args: readonly string[]): void {
  const child = spawn(program, args, { cwd: "/", detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
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
  const [rest, machineId] = await Promise.all([
    virtualization ? readVirtualization() : {},
    readFile("/etc/machine-id", "utf8").catch(() => undefined),
  ]);
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
