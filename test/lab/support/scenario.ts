/**
 * The host of the main job: `cloudbr0` for routed guests, `cloudbr1` with the subnet of a router's upstream, both made by
 * networkd from base files of the operator; netkeep as the package installs it.
 */
import { expect } from "vitest";
import { bootHost, type HostOptions, type LabHost } from "./host.ts";
import { installNetkeep, netkeep } from "./netkeep.ts";
import type { Suite } from "./recipe.ts";

export const guest = {
  bridge: "cloudbr0",
  name: "g1",
  mac: "52:02:45:76:d2:35",
  addresses: ["2.57.57.30", "2001:678:3a4:100::80"],
} as const;

/** The document of the L3 example and of a router behind a second bridge. */
export const mainDocument = `version: 1
guests:
  - name: i-2-10-VM
    dev: cloudbr0
    mac: ${guest.mac}
    addresses: [2.57.57.30, "2001:678:3a4:100::80"]
routers:
  - name: r-42-VM
    upstream: 2001:db8:1::10
    prefixes: ["2001:db8:100::/64"]
`;

export const mainRoutes = [
  "2.57.57.30 dev cloudbr0 proto 107 scope link",
  "2001:678:3a4:100::80 dev cloudbr0 proto 107 metric 1024",
  "2001:db8:100::/64 via 2001:db8:1::10 dev cloudbr1 proto 107 metric 1024",
];
export const mainNeighbors = [
  `2.57.57.30 dev cloudbr0 lladdr ${guest.mac} PERMANENT`,
  `2001:678:3a4:100::80 dev cloudbr0 lladdr ${guest.mac} PERMANENT`,
];

export const baseFiles = {
  "/etc/systemd/network/10-cloudbr0.netdev": netdev("cloudbr0", "0e:00:00:00:16:c4"),
  "/etc/systemd/network/10-cloudbr0.network": `[Match]
Name=cloudbr0
[Network]
LinkLocalAddressing=no
IPv6AcceptRA=no
[Address]
Address=169.254.0.1/32
DuplicateAddressDetection=none
[Address]
Address=fe80::1/64
DuplicateAddressDetection=none
`,
  "/etc/systemd/network/10-cloudbr1.netdev": netdev("cloudbr1", "0e:00:00:00:16:c5"),
  "/etc/systemd/network/10-cloudbr1.network": `[Match]
Name=cloudbr1
[Network]
ConfigureWithoutCarrier=yes
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
[Address]
Address=2001:db8:1::1/64
DuplicateAddressDetection=none
`,
};

/** Boots it; networkd has read the package's networkd.conf drop-in. */
export async function bootScenario(
  suite: Suite,
  extra: Record<string, string> = {},
  options: Pick<HostOptions, "name"> = {},
): Promise<LabHost> {
  const host = await bootHost({ ...options, suite, files: { ...baseFiles, ...extra } });
  await installNetkeep(host);
  // networkd.conf is read at start only. The drop-in has to be older than that start, which is known to the second.
  await host.run(["touch", "-d", "10 seconds ago", "/etc/systemd/networkd.conf.d/50-netkeep.conf"]);
  await host.run(["systemctl", "restart", "systemd-networkd"]);
  await waitFor(async () =>
    (await host.run(["ip", "-6", "route", "show", "dev", "cloudbr1"])).stdout.includes("2001:db8:1::"),
  );
  return host;
}

/** Applies a document under an owner's name. */
export async function apply(host: LabHost, text: string, owner = "lab", args: readonly string[] = []) {
  await host.writeFile(`/root/${owner}.yaml`, text);
  return netkeep(host, ["apply", `/root/${owner}.yaml`, ...args], { reject: false });
}

/** The audit's findings as `--json` prints them, and its exit status. */
export async function auditFindings(host: LabHost, args: readonly string[] = []) {
  const result = await netkeep(host, ["audit", "--json=short", ...args], { reject: false });
  const { findings } = JSON.parse(result.stdout) as { findings: Record<string, string | null>[] };
  return { exitCode: result.exitCode, findings };
}

const told = new Set(["foreign-at-risk", "trial-pending"]);

/** No drift; what others have and networkd 252 would delete is only told, and that something is being tried. */
export async function expectClean(host: LabHost): Promise<void> {
  const { exitCode, findings } = await auditFindings(host);
  expect({ exitCode, findings: findings.filter(({ code }) => !told.has(code as string)) }).toEqual({
    exitCode: 0,
    findings: [],
  });
}

/**
 * Routes and permanent neighbors as `ip` prints them, one a line, without what comes and goes by itself: flags, and the kernel's
 * own routes that follow carrier and duplicate address detection.
 */
export async function kernelEntries(host: LabHost): Promise<string[]> {
  const outputs = await Promise.all([
    host.run(["ip", "-4", "route", "show", "table", "all"]),
    host.run(["ip", "-6", "route", "show", "table", "all"]),
    host.run(["ip", "neigh", "show", "nud", "permanent"]),
  ]);
  return outputs
    .flatMap(({ stdout }) => stdout.split("\n"))
    .map((line) =>
      line
        // The package names the number.
        .replace(/proto netkeep/, "proto 107")
        .replace(/ (linkdown|pref medium|proto 107(?= *$))/g, "")
        .replace(/ +/g, " ")
        .trim(),
    )
    .filter(
      (line) => line !== "" && !/ table local .*proto kernel|^(multicast )?f[ef][89a-f0].* proto kernel/.test(line),
    )
    .sort();
}

/** Until networkd has done what a reload, a start or a new link has given it to do. */
export async function networkdAtRest(host: LabHost): Promise<void> {
  const busy = async () => (await host.run(["networkctl", "list", "--no-legend"])).stdout.match(/configuring|pending/);
  await waitFor(async () => !(await busy()));
}

/** Whether the journal of a unit has a text; a unit may have ended before the journal has read its last words. */
export async function waitForJournal(host: LabHost, unit: string, text: RegExp): Promise<void> {
  const read = async () => (await host.run(["journalctl", "-b", "-o", "cat", "-u", unit])).stdout;
  await waitFor(async () => text.test(await read())).catch(async () => expect(await read()).toMatch(text));
}

export async function waitFor(condition: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so after ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function netdev(name: string, mac: string): string {
  return `[NetDev]\nName=${name}\nKind=bridge\nMACAddress=${mac}\n[Bridge]\nSTP=no\nForwardDelaySec=0\n`;
}
