import type { Facts, FileAddress, LinkFiles, LinkSituation } from "../../src/doctor/facts.ts";

/** A host on which all is well: networkd 257, a bridge with entries of both families. */
export function goodFacts(changes: Partial<Facts> = {}): Facts {
  const all = { routes: true, rules: true, nextHops: true };
  return {
    offline: false,
    protocol: 107,
    networkd: {
      running: true,
      reason: "",
      version: 257,
      replaced: false,
      fileLimit: 1024,
      leaves: all,
      leavesOnDisk: all,
    },
    links: [goodLink()],
    uplinks: [{ name: "eth0", advertised: false, isDefault: true }],
    sysctls: sysctls({}),
    ipv6ByFile: new Set(),
    units: units({ "systemd-networkd.service": "enabled", "systemd-networkd-wait-online.service": "enabled" }),
    routes: { ipv6: 10, objects: 0, ofDaemons: new Map(), hasDefault6: true },
    neighbors: { permanent: { 4: 10, 6: 10 }, others: { 4: 3, 6: 3 } },
    lostFiles: [],
    firewall: { known: true, by: "nft", chains: [] },
    clock: {
      now: 1_000_000_000,
      hardware: 1_000_001_000,
      booted: 900_000_000,
      bootedByClockThen: 900_002_000,
      files: [],
    },
    protocolNames: [{ number: 107, name: "netkeep", path: "/etc/iproute2/rt_protos.d/netkeep.conf" }],
    netplan: [],
    ...changes,
  };
}

export function goodLink(changes: Partial<LinkSituation> = {}): LinkSituation {
  return {
    name: "cloudbr0",
    exists: true,
    kind: "bridge",
    mac: "0e:00:00:00:16:c4",
    macPinned: true,
    mtu: 1500,
    ports: [{ name: "vnet0", mtu: 1500 }],
    netdev: "/etc/systemd/network/10-cloudbr0.netdev",
    families: new Set([4, 6]),
    tables: [],
    entries: 4,
    carrier: null,
    base: { kind: "own", path: "/etc/systemd/network/10-cloudbr0.network" },
    files: goodFiles(),
    managers: [],
    live: null,
    ...changes,
  };
}

export function goodFiles(changes: Partial<LinkFiles> = {}): LinkFiles {
  const path = "/etc/systemd/network/10-cloudbr0.network";
  const at = (key: string, value: string, line: number) => ({ key, value, path, line });
  return {
    base: path,
    dropIns: [`${path}.d/50-netkeep-link.conf`, `${path}.d/60-netkeep.conf`],
    routes: 2,
    configureWithoutCarrier: at("ConfigureWithoutCarrier", "yes", 4),
    ignoreCarrierLoss: at("IgnoreCarrierLoss", "yes", 5),
    requiredForOnline: at("RequiredForOnline", "no", 7),
    addresses: [fileAddress("169.254.0.1/32"), fileAddress("fe80::1/64")],
    ...changes,
  };
}

/** In a section of its own, with DuplicateAddressDetection=none. */
export function fileAddress(value: string, changes: Partial<FileAddress> = {}): FileAddress {
  const path = "/etc/systemd/network/10-cloudbr0.network";
  return {
    key: "Address",
    value,
    path,
    line: 8,
    family: value.includes(":") ? 6 : 4,
    linkLocal: /^(169\.254|fe80)/.test(value),
    section: true,
    detection: { key: "DuplicateAddressDetection", value: "none", path, line: 9 },
    detected: false,
    ...changes,
  };
}

/** The kernel's values on a host that forwards; `null` takes a key away. */
export function sysctls(changes: Readonly<Record<string, string | null>>): Map<string, string> {
  const good: Record<string, string | null> = { "kernel.osrelease": "6.12.0-1-amd64" };
  for (const link of ["all", "default", "cloudbr0", "eth0"]) {
    good[`net.ipv4.conf.${link}.forwarding`] = "1";
    good[`net.ipv4.conf.${link}.rp_filter`] = "0";
    good[`net.ipv6.conf.${link}.forwarding`] = "1";
    good[`net.ipv6.conf.${link}.accept_ra`] = "0";
    good[`net.ipv6.conf.${link}.disable_ipv6`] = "0";
  }
  for (const family of ["ipv4", "ipv6"]) {
    good[`net.${family}.route.max_size`] = "2147483647";
    good[`net.${family}.neigh.default.gc_thresh2`] = "512";
    good[`net.${family}.neigh.default.gc_thresh3`] = "1024";
  }
  const entries = Object.entries({ ...good, ...changes });
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Unit → UnitFileState; all of them are active. */
export function units(states: Readonly<Record<string, string>>): NonNullable<Facts["units"]> {
  return new Map(Object.entries(states).map(([name, enabled]) => [name, { active: true, enabled }]));
}
