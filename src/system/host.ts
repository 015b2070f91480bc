import { spawn } from "node:child_process";
import { arch, hostname, release } from "node:os";
import type { HostFacts } from "../model/link.ts";
import { readTextFile } from "./files.ts";
import { runProgram } from "./programs.ts";

/** Its session is its own, so that no signal for our group or terminal is for it. What becomes of it is not heard of. */
export function startDetached(program: string, args: readonly string[]): void {
  const child = spawn(program, args, { cwd: "/", detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
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
  const [rest, machineId] = await Promise.all([virtualization ? readVirtualization() : {}, textOf("/etc/machine-id")]);
  return { ...facts, machineId: machineId?.trim(), ...rest };
}

async function readVirtualization(): Promise<Pick<HostFacts, "kernelCommandLine" | "virtualization">> {
  const [container, machine] = await Promise.all([detectVirtualization("--container"), detectVirtualization("--vm")]);
  const inContainer = container !== "" && container !== "none";
  const commandLine = await textOf("/proc/cmdline");
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

async function textOf(path: string): Promise<string | undefined> {
  return (await readTextFile(path).catch(() => null)) ?? undefined;
}
