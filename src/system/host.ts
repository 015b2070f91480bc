import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
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
  const result = await execa(program, [...args], {
    env: { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 512 * 1024 * 1024,
    stdio: [inherited(stdin), "pipe", "pipe", inherited(stdin === null ? null : lock)],
  });
  if (stdin !== null) closeSync(stdin);
  const { exitCode } = result;
  if (exitCode !== undefined) return { stdout: result.stdout, stderr: result.stderr, exitCode };
  const missing = result.code === "ENOENT";
  const stderr = missing ? `${program}: command not found` : String(result.message);
  return { stdout: "", stderr, exitCode: missing ? 127 : 126 };
}

/** execa's types name the descriptors 3 to 9 only; it passes on any. */
function inherited(descriptor: number | null): 3 | "ignore" {
  return descriptor === null ? "ignore" : (descriptor as 3);
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

/** What [Match] may ask of this machine (systemd.network(5), Host= to Firmware=). */
export async function readHostFacts(): Promise<HostFacts> {
  const container = await detectVirtualization("--container");
  const machine = await detectVirtualization("--vm");
  const inContainer = container !== "" && container !== "none";
  const commandLine = await readFile("/proc/cmdline", "utf8").catch(() => undefined);
  const machineId = await readFile("/etc/machine-id", "utf8").catch(() => undefined);
  return {
    hostname: hostname(),
    machineId: machineId?.trim(),
    kernelVersion: release(),
    // In a container systemd means the command line of PID 1, which ProtectProc= hides from networkd: it has none.
    kernelCommandLine: inContainer ? null : commandLine?.trim(),
    architecture: architectures[arch()],
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
