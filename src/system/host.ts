import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import { execa } from "execa";
import type { HostFacts } from "../model/link.ts";
import type { ProgramResult } from "./system.ts";

/** Runs a program; an exit status is an answer, not an exception. */
export async function runProgram(program: string, args: readonly string[], input?: string): Promise<ProgramResult> {
  const result = await execa(program, [...args], {
    env: { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 512 * 1024 * 1024,
    input: input ?? "",
  });
  const { exitCode } = result;
  if (exitCode !== undefined) return { stdout: result.stdout, stderr: result.stderr, exitCode };
  const missing = result.code === "ENOENT";
  const stderr = missing ? `${program}: command not found` : String(result.message);
  return { stdout: "", stderr, exitCode: missing ? 127 : 126 };
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
  const container = (await runProgram("systemd-detect-virt", ["--container"])).stdout.trim();
  const machine = (await runProgram("systemd-detect-virt", ["--vm"])).stdout.trim();
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
