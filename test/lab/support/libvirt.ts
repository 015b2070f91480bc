/**
 * A real libvirt on a lab host: Debian's daemon, guests of QEMU without KVM and without a disk, netkeep as a hook.
 *
 * After netkeep a second hook runs that writes down what libvirt called and how many entries there are by then. So the
 * tests see the state at each step, also where a step cannot be stopped from outside. Both hosts of a migration share
 * the machine's clock, which puts the events of both into one order.
 */
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { expect } from "vitest";
import type { LabHost } from "./host.ts";
import { inRepo } from "./netkeep.ts";
import { ipBatch } from "./network.ts";
import type { Suite } from "./recipe.ts";
import { bootScenario, kernelEntries, waitFor } from "./scenario.ts";

/** The guest of all these tests. Its name is one that libvirt allows and a file name, a shell or a unit might not. */
export const vm = {
  name: "i-2-10 Prüf [$x]",
  mac: "52:02:45:76:d2:35",
  addresses: ["2.57.57.30", "2001:678:3a4:100::80"],
  /** Routes and neighbors of both addresses. */
  entries: 4,
} as const;

export interface Event {
  readonly time: bigint;
  readonly host: string;
  /** Operation, sub-operation and extra. */
  readonly operation: string;
  /** Routes and neighbors of netkeep in the kernel when its hook was done. */
  readonly entries: number;
}

/** Where libvirt looks for a hook of this name. */
export function hookPath(name: string): string {
  return `/etc/libvirt/hooks/qemu.d/${name}`;
}

/** @param limit replaces the shim's limit of half a minute, for tests that would have to wait for it */
export async function installShim(host: LabHost, limit = "--kill-after=5 30"): Promise<void> {
  const shim = await readFile(inRepo("bin/libvirt-qemu-hook"), "utf8");
  await host.writeFile(hookPath("50-netkeep"), shim.replace("--kill-after=5 30", limit), 0o755);
}

/** Returns when libvirt answers, also on TCP without any authentication. */
export async function bootLibvirt(suite: Suite, name: string = suite): Promise<LabHost> {
  const host = await bootScenario(suite, libvirtFiles, { name });
  await installShim(host);
  await host.writeFile(hookPath("90-record"), recorder, 0o755);
  const sockets = ["libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"];
  await host.run(["systemctl", "stop", "libvirtd", ...sockets]);
  await host.run(["systemctl", "start", "libvirtd.socket", "libvirtd-tcp.socket", "libvirtd"]);
  await virsh(host, ["version"]);
  return host;
}

export async function virsh(host: LabHost, args: readonly string[], options: { reject?: boolean } = {}) {
  return host.run(["virsh", "--quiet", ...args], options);
}

export async function restartLibvirt(host: LabHost): Promise<void> {
  await host.run(["systemctl", "restart", "libvirtd"]);
}

/** running, paused, shut off … */
export async function guestState(host: LabHost): Promise<string> {
  return (await virsh(host, ["domstate", vm.name], { reject: false })).stdout.trim();
}

export async function killGuest(host: LabHost): Promise<void> {
  await host.run(["sh", "-c", 'kill -KILL "$(cat "/run/libvirt/qemu/$1.pid")"', "sh", vm.name]);
}

/** Defines the guest anew, whatever it was and whatever it did before. */
export async function define(host: LabHost, xml: string): Promise<void> {
  await virsh(host, ["destroy", vm.name], { reject: false });
  await virsh(host, ["undefine", vm.name, "--managed-save"], { reject: false });
  await host.writeFile("/root/domain.xml", xml);
  await virsh(host, ["define", "/root/domain.xml"]);
  await forgetEvents(host);
}

export interface DomainParts {
  readonly metadata?: string;
  /** Inside of the interface. */
  readonly interface?: string;
  /** A file that fills the guest's memory with something that takes its time to migrate. */
  readonly ballast?: string;
}

export function domainXml({ metadata = "", interface: nic = "", ballast }: DomainParts = {}): string {
  const loader = `<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
    <qemu:arg value='-device'/><qemu:arg value='loader,file=${ballast},addr=0x800000,force-raw=on'/>
  </qemu:commandline>`;
  return `<domain type='qemu'>
  <name>${vm.name}</name>
  <metadata>${metadata}</metadata>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>
  <on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <interface type='bridge'>
      <mac address='${vm.mac}'/><source bridge='cloudbr0'/><model type='virtio'/><rom enabled='no'/>
      ${nic}
    </interface>
  </devices>
  ${ballast === undefined ? "" : loader}
</domain>
`;
}

export const metadata = `<netkeep:guest xmlns:netkeep="urn:netkeep:domain:1">
  <netkeep:interface mac="${vm.mac}">
    ${vm.addresses.map((address) => `<netkeep:address>${address}</netkeep:address>`).join("\n    ")}
  </netkeep:interface>
</netkeep:guest>`;

/** What libvirt has called since the last `forgetEvents`, on all these hosts, in the order of time. */
export async function events(...hosts: readonly LabHost[]): Promise<Event[]> {
  const texts = await Promise.all(hosts.map((host) => host.run(["cat", log], { reject: false })));
  const found = texts.flatMap(({ stdout }) =>
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map(parseEvent),
  );
  return found.sort((one, other) => (one.time < other.time ? -1 : 1));
}

export async function forgetEvents(...hosts: readonly LabHost[]): Promise<void> {
  for (const host of hosts) await host.remove(log);
}

/**
 * Exactly these events, once there are as many, and then forgets them.
 *
 * @param expected e.g. `host: start begin -: 4`, without the host's name where there is only one host; a reason `*` is any
 */
export async function expectEvents(hosts: readonly LabHost[], expected: readonly string[]): Promise<void> {
  await waitFor(async () => (await events(...hosts)).length >= expected.length, 30_000).catch(() => undefined);
  const found = await events(...hosts);
  await forgetEvents(...hosts);
  const lines = found.map(({ host, operation, entries }, index) => {
    const shown = expected[index]?.includes("release end *")
      ? operation.replace(/^release end .*/, "release end *")
      : operation;
    return `${hosts.length > 1 ? `${host}: ` : ""}${shown}: ${entries}`;
  });
  expect(lines).toEqual(expected);
}

/** The reason of `release`, which libvirt tells since 10.5. */
export function reason(host: LabHost, text: string): string {
  return host.suite === "bookworm" && text !== "*" ? "-" : text;
}

/** Routes and neighbors of the guest, as `ip` prints them. */
export async function netkeepEntries(host: LabHost): Promise<string[]> {
  return (await kernelEntries(host)).filter((line) => /proto 107|PERMANENT/.test(line));
}

type End = readonly [host: LabHost, address: string];

/** A cable between two hosts, with an address at each end. */
export async function joinHosts(one: End, other: End): Promise<void> {
  const end = ([host]: End) => ["mig0", "netns", String(host.pid)];
  await execa("ip", ["link", "add", ...end(one), "type", "veth", "peer", "name", ...end(other)]);
  for (const [host, address] of [one, other]) {
    await ipBatch(host, [`addr add ${address}/24 dev mig0`, "link set mig0 up"]);
  }
}

const log = "/run/libvirt-events";

const libvirtFiles = {
  "/etc/libvirt/qemu.conf": 'security_driver = "none"\nuser = "root"\ngroup = "root"\n',
  // All hosts of this machine have its DMI uuid, and libvirt does not migrate a guest to the host it is on.
  "/etc/libvirt/libvirtd.conf": 'auth_tcp = "none"\nhost_uuid_source = "machine-id"\n',
};

const recorder = `#!/bin/sh
entries=$({ ip -4 route show proto 107; ip -6 route show proto 107; ip neigh show nud permanent; } | wc -l)
{ printf '%s\\t%s\\t%s' "$(date +%s%N)" "$(hostname)" "$entries"; printf '\\t%s' "$@"; echo; } >> ${log}
`;

/** Every argument is checked here: the guest's name, and that there are four. */
function parseEvent(line: string): Event {
  const [time = "", host = "", entries = "", ...argv] = line.split("\t");
  expect(argv).toEqual([vm.name, expect.any(String), expect.any(String), expect.any(String)]);
  return { time: BigInt(time), host, operation: argv.slice(1).join(" "), entries: Number(entries) };
}
