/**
 * Everything that goes wrong on a host: how it is brought about, what the audit has to say of it, and what of it a repair
 * sets right. All but `kernelDrifts` one at a time.
 *
 * `$L` is cloudbr0, `$D` the directory of its drop-ins in /etc, `$R` that in /run. Three owners have entries: `lab` (the main
 * document), and `vm1` in /run.
 */
import type { Suite } from "./recipe.ts";

export interface Drift {
  readonly layer: "kernel" | "drop-in" | "networkd" | "documents";
  readonly name: string;
  readonly seed: string;
  /** Codes of the findings; `CODE+` is one or more, `CODE?` none or more. */
  readonly codes: readonly string[] | ((suite: Suite) => readonly string[]);
  /** What a repair leaves: it is not netkeep's. Nothing by default. */
  readonly left?: readonly string[] | ((suite: Suite) => readonly string[]);
  /** Takes away what the repair leaves, or what the case needed. */
  readonly undo?: string;
}

export const prelude = `set -e
L=cloudbr0
D=/etc/systemd/network/10-cloudbr0.network.d
R=/run/systemd/network/10-cloudbr0.network.d
state() { for i in $(seq $2); do sleep 0.1; networkctl list --no-legend $L | grep -qE "$1" && break; done; }
settled() { state 'configured|failed|unmanaged' 300; }
# A link without a carrier may stay configuring.
reload() { networkctl reload; state 'configured|failed|unmanaged' 20 || true; }
`;

/**
 * What goes wrong with single entries in the kernel: each with a guest or a prefix of its own, so that all are brought about
 * at once, and one audit has to find them all and nothing beyond.
 */
export interface KernelDrift {
  readonly name: string;
  /** Shell; `$A`, `$A6` and `$M` are those of `ownGuest`. */
  readonly seed: string;
  readonly code: string;
  /** How the entries begin that are found, `A` and `A6` being the addresses. */
  readonly entries: readonly string[];
}

export const kernelDrifts: readonly KernelDrift[] = [
  missing("an IPv4 route is gone", "ip route del $A dev $L", "route A/32"),
  missing("an IPv6 route is gone", "ip -6 route del $A6 dev $L", "route A6/128"),
  missing("a route through a gateway is gone", "ip -6 route del 2001:db8:100::/64", "route 2001:db8:100::/64"),
  missing("an IPv4 neighbor is gone", "ip neigh del $A dev $L", "neighbor A "),
  missing("an IPv6 neighbor is gone", "ip neigh del $A6 dev $L", "neighbor A6 "),
  missing(
    "the entries of a runtime owner are gone",
    "ip neigh del 2.57.57.50 dev $L; ip route del 2.57.57.50",
    "route 2.57.57.50/32",
    "neighbor 2.57.57.50 ",
  ),
  missing("a neighbor is not permanent", "ip neigh replace $A lladdr $M dev $L nud reachable", "neighbor A "),
  differs("another MAC", "ip neigh replace $A lladdr 52:02:45:76:d2:99 dev $L nud permanent", "neighbor A "),
  differs("another protocol", "ip route replace $A dev $L proto static", "route A/32"),
  differs("another link", "ip route replace $A dev cloudbr1 proto 107", "route A/32"),
  differs(
    "another gateway",
    "ip -6 route replace 2001:db8:101::/64 via 2001:db8:1::11 dev cloudbr1 proto 107",
    "route 2001:db8:101::/64",
  ),
  differs("another MTU", "ip route replace $A dev $L proto 107 mtu 1400", "route A/32"),
  differs("another type", "ip route replace unreachable $A proto 107", "route A/32"),
  extra("a leaked route", "ip route add 198.51.100.7 dev $L proto 107", "route 198.51.100.7/32 dev"),
  extra(
    "a leaked route in another table",
    "ip route add 198.51.100.6 dev $L proto 107 table 100",
    "route 198.51.100.6/32 dev",
  ),
  extra(
    "a leaked blackhole",
    "ip -6 route add blackhole 2001:db8:bad::/48 proto 107",
    "route blackhole 2001:db8:bad::/48",
  ),
  extra(
    "a leaked neighbor",
    "ip neigh add 198.51.100.8 lladdr 02:00:00:00:00:08 dev $L nud permanent protocol 107",
    "neighbor 198.51.100.8 ",
  ),
];

const otherBase = `printf '[Match]\\nName=cloudbr0\\n[Network]\\nLinkLocalAddressing=no\\n[Address]\\nAddress=169.254.0.1/32\\nDuplicateAddressDetection=none\\n' > /etc/systemd/network/05-x.network`;
const admin = "/etc/netkeep/desired.d/admin.yaml";
const only252 =
  (...codes: string[]) =>
  (suite: Suite) =>
    suite === "bookworm" ? codes : [];

export const drifts: readonly Drift[] = [
  // Kernel: what is not ours
  {
    layer: "kernel",
    name: "a foreign permanent neighbor, which 252 deletes and netkeep sets again",
    seed: "ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev $L nud permanent",
    codes: only252("foreign-at-risk"),
    left: only252("foreign-at-risk"),
    undo: "ip neigh del 198.51.100.9 dev $L",
  },
  {
    layer: "kernel",
    name: "a foreign route with a nexthop object, which nothing saves on 252",
    seed: "ip link add p2 up type veth peer name p3; ip link set p3 up; ip link set p2 master cloudbr1; sleep 0.5; ip nexthop add id 5 via 2001:db8:1::5 dev cloudbr1; ip -6 route add 2001:db8:aa::/48 nhid 5",
    codes: only252("foreign-at-risk"),
    left: only252("foreign-at-risk"),
    undo: "ip -6 route del 2001:db8:aa::/48; ip nexthop del id 5; ip link del p2; sleep 0.3",
  },
  // Drop-ins
  dropIn("the file is gone", "rm $D/60-netkeep.conf", "dropin-missing"),
  dropIn("the settings are gone", "rm $D/50-netkeep-link.conf", "dropin-missing"),
  dropIn("the runtime file is gone", "rm $R/61-netkeep-runtime.conf", "dropin-missing"),
  dropIn("the file is empty", ": > $D/60-netkeep.conf", "dropin-missing"),
  dropIn("an entry is gone", "sed -i '/^Address=2.57.57.30$/,+1d' $D/60-netkeep.conf", "dropin-missing"),
  dropIn("another MAC", "sed -i '0,/52:02:45/s//52:99:45/' $D/60-netkeep.conf", "dropin-differs"),
  dropIn(
    "a setting is edited",
    "sed -i 's/^KeepConfiguration=.*/KeepConfiguration=no/' $D/50-netkeep-link.conf",
    "dropin-edited",
  ),
  dropIn(
    "an entry too much",
    "printf '[Route]\\nDestination=198.51.100.7/32\\nProtocol=107\\n' >> $D/60-netkeep.conf",
    "dropin-extra",
  ),
  dropIn("a comment was added", "echo '# mine' >> $D/60-netkeep.conf", "dropin-edited"),
  dropIn("mode 0600", "chmod 0600 $D/60-netkeep.conf", "dropin-unreadable"),
  dropIn(
    "mode 0600, and a reload that drops the link",
    "chmod 0600 $D/60-netkeep.conf; reload",
    "dropin-unreadable",
    "kernel-missing+",
  ),
  dropIn("its directory has mode 0700", "chmod 0700 $D", "dropin-unreadable", "dropin-unreadable"),
  dropIn(
    "its directory has mode 0700, and a reload",
    "chmod 0700 $D; reload",
    "dropin-unreadable",
    "dropin-unreadable",
    "kernel-missing+",
  ),
  dropIn(
    "the base file has another name",
    "mv /etc/systemd/network/10-cloudbr0.network /etc/systemd/network/12-cloudbr0.network",
    "dropin-orphaned",
    "dropin-orphaned",
    "dropin-orphaned",
  ),
  dropIn(
    "the base file has its name again",
    "mv /etc/systemd/network/12-cloudbr0.network /etc/systemd/network/10-cloudbr0.network",
    "dropin-orphaned",
    "dropin-orphaned",
    "dropin-orphaned",
  ),
  dropIn(
    "left over from a base file of old",
    "mkdir -p /etc/systemd/network/99-old.network.d; cp $D/60-netkeep.conf /etc/systemd/network/99-old.network.d/",
    "dropin-orphaned",
  ),
  {
    ...dropIn(
      "another base file comes first",
      `${otherBase}; reload`,
      "dropin-orphaned",
      "dropin-orphaned",
      "dropin-orphaned",
      "kernel-missing+",
    ),
    undo: "rm /etc/systemd/network/05-x.network; reload; netkeep audit --repair >/dev/null 2>&1",
  },
  stays(
    "drop-in",
    "it is masked",
    "rm $D/60-netkeep.conf; ln -s /dev/null $D/60-netkeep.conf",
    "dropin-masked",
    "rm $D/60-netkeep.conf",
  ),
  stays(
    "drop-in",
    "the runtime file is masked from /etc",
    "ln -s /dev/null $D/61-netkeep-runtime.conf",
    "dropin-masked",
    "rm $D/61-netkeep-runtime.conf",
  ),
  stays(
    "drop-in",
    "the runtime file is masked by an empty one",
    ": > $D/61-netkeep-runtime.conf",
    "dropin-masked",
    "rm $D/61-netkeep-runtime.conf",
  ),
  stays(
    "drop-in",
    "the runtime file is shadowed",
    "printf '[Network]\\n' > $D/61-netkeep-runtime.conf",
    "dropin-shadowed",
    "rm $D/61-netkeep-runtime.conf",
  ),
  stays(
    "drop-in",
    "a directory in its place",
    "rm $D/60-netkeep.conf; mkdir $D/60-netkeep.conf",
    "dropin-unreadable",
    "rmdir $D/60-netkeep.conf",
  ),
  stays(
    "drop-in",
    "a symbolic link to a file of others",
    "rm $D/60-netkeep.conf; printf '[Network]\\n' > /srv/mine.conf; ln -s /srv/mine.conf $D/60-netkeep.conf",
    "dropin-shadowed",
    "rm $D/60-netkeep.conf",
  ),
  stays(
    "drop-in",
    "the directory of all files has mode 0700",
    "chmod 0700 /etc/systemd/network",
    "directory-closed",
    "chmod 0755 /etc/systemd/network",
  ),
  stays(
    "drop-in",
    "a later drop-in undoes a setting",
    "printf '[Network]\\nKeepConfiguration=no\\n' > $D/70-x.conf; reload",
    "dropin-overridden",
    "rm $D/70-x.conf; reload",
  ),
  stays(
    "drop-in",
    "another base file will come first",
    otherBase,
    "base-file-changed",
    "rm /etc/systemd/network/05-x.network",
  ),
  stays(
    "drop-in",
    "a drop-in of others cannot be read",
    "printf '[Network]\\n' > $D/70-x.conf; reload; chmod 0600 $D/70-x.conf",
    "base-file-changed",
    "rm $D/70-x.conf; reload",
  ),
  // networkd
  {
    layer: "networkd",
    name: "a file is newer than what networkd has",
    seed: "sleep 0.1; touch $D/60-netkeep.conf",
    codes: ["networkd-outdated"],
  },
  {
    layer: "networkd",
    name: "networkd has not loaded a file",
    seed: "mv $D/60-netkeep.conf /root/k; reload; touch -d '1 hour ago' /root/k; mv /root/k $D/60-netkeep.conf",
    // 252 names no drop-ins; with none of its routes in the kernel there is nothing to tell it by.
    codes: (suite) => (suite === "bookworm" ? ["kernel-missing+"] : ["networkd-not-loaded", "kernel-missing?"]),
  },
  {
    layer: "networkd",
    name: "networkd remembers what no file has",
    seed: `printf '[Neighbor]\\nAddress=192.0.2.50\\nLinkLayerAddress=02:00:00:00:00:50\\n' > $D/70-z.conf; reload; rm $D/70-z.conf; ip neigh del 192.0.2.50 dev $L`,
    codes: ["networkd-extra"],
  },
  {
    layer: "networkd",
    name: "networkd does not manage the link",
    seed: "chmod 0600 /etc/systemd/network/10-cloudbr0.network; reload; chmod 0644 /etc/systemd/network/10-cloudbr0.network",
    codes: ["link-unmanaged", "kernel-missing+"],
  },
  {
    layer: "networkd",
    name: "files have changed without a reload",
    seed: "printf 'version: 1\\nroutes: [{to: 198.51.100.3, dev: cloudbr0}]\\n' | netkeep set vm2 --no-reload 2>/dev/null",
    codes: ["reload-pending"],
    undo: "netkeep unset vm2 2>/dev/null",
  },
  {
    layer: "networkd",
    name: "it does not run",
    seed: "systemctl stop systemd-networkd.socket systemd-networkd.service",
    codes: ["networkd-not-running", "kernel-missing?"],
    left: ["networkd-not-running"],
    undo: "systemctl start systemd-networkd.socket systemd-networkd.service; settled; netkeep audit --repair >/dev/null 2>&1",
  },
  stays(
    "networkd",
    "the link has failed",
    "printf '[Route]\\nDestination=2001:db8:77::/48\\nGateway=fe80::1\\nGatewayOnLink=yes\\n' > $D/70-x.conf; networkctl reload; state failed 300",
    "link-failed",
    "rm $D/70-x.conf; reload; netkeep audit --repair >/dev/null 2>&1 || true",
  ),
  stays(
    "networkd",
    "the link waits for ever",
    "printf '[Route]\\nDestination=203.0.113.0/24\\nGateway=192.0.2.77\\n' > $D/70-x.conf; networkctl reload; state configuring 300",
    "link-configuring",
    "rm $D/70-x.conf; reload",
  ),
  // Documents
  stays("documents", "one is broken", `echo 'version: [' > ${admin}`, "document-broken", `rm ${admin}`),
  stays(
    "documents",
    "two contradict each other",
    `printf 'version: 1\\nneighbors: [{address: 2.57.57.30, mac: "52:00:00:00:00:01", dev: cloudbr0}]\\n' > ${admin}; touch -d 2001-01-01 ${admin}`,
    "conflict",
    `rm ${admin}`,
  ),
  stays(
    "documents",
    "the base file cannot be read",
    "chmod 0600 /etc/systemd/network/10-cloudbr0.network",
    "unresolved",
    "chmod 0644 /etc/systemd/network/10-cloudbr0.network",
  ),
  stays(
    "documents",
    "a libvirt guest is gone",
    "printf 'version: 1\\nroutes: [{to: 198.51.100.4, dev: cloudbr0}]\\n' | netkeep set libvirt:gone 2>/dev/null",
    "owner-stale",
    "netkeep unset libvirt:gone 2>/dev/null",
  ),
  stays(
    "documents",
    "a CloudStack guest is gone",
    "printf 'version: 1\\nroutes: [{to: 198.51.100.4, dev: cloudbr0}]\\n' | netkeep set cloudstack:cloudbr0:52:00:00:00:00:77 2>/dev/null",
    "owner-stale",
    "netkeep unset cloudstack:cloudbr0:52:00:00:00:00:77 2>/dev/null",
  ),
  {
    layer: "documents",
    name: "one was not applied",
    seed: `printf 'version: 1\\nguests: [{name: a, dev: cloudbr0, mac: "52:00:00:00:00:01", addresses: [198.51.100.4]}]\\n' > ${admin}`,
    codes: ["dropin-missing", "dropin-missing", "kernel-missing", "kernel-missing"],
  },
  {
    layer: "documents",
    name: "one was taken away",
    seed: `rm ${admin}`,
    codes: ["dropin-extra", "dropin-extra", "kernel-extra", "kernel-extra"],
  },
  {
    layer: "documents",
    name: "its link does not exist",
    seed: `printf '[Match]\\nName=late0\\n' > /etc/systemd/network/10-late0.network; printf 'version: 1\\nroutes: [{to: 198.51.100.4, dev: late0}]\\n' > ${admin}; netkeep apply >/dev/null 2>&1`,
    codes: ["link-missing"],
    left: ["link-missing"],
    undo: `rm ${admin} /etc/systemd/network/10-late0.network; netkeep apply >/dev/null 2>&1`,
  },
];

/** What is right, however it is spelt and whatever the kernel adds: no finding. */
export const harmless: readonly Pick<Drift, "name" | "seed" | "undo">[] = [
  {
    name: "the guests of owners run",
    seed: `printf 'version: 1\\nroutes: [{to: 198.51.100.4, dev: cloudbr0}]\\n' | netkeep set libvirt:runs 2>/dev/null; printf 'version: 1\\nroutes: [{to: 198.51.100.5, dev: cloudbr0}]\\n' | netkeep set cloudstack:cloudbr0:52:02:45:76:d2:35 2>/dev/null`,
    undo: "netkeep unset libvirt:runs cloudstack:cloudbr0:52:02:45:76:d2:35 2>/dev/null",
  },
  {
    name: "other spellings",
    seed: `printf 'version: 1\\nguests: [{name: a, dev: cloudbr0, mac: "52-AB-00-00-00-01", addresses: ["2001:DB8:0:0::0:77", 198.51.100.4]}]\\n' > ${admin}; netkeep apply >/dev/null 2>&1`,
    undo: `rm ${admin}; netkeep apply >/dev/null 2>&1`,
  },
  {
    name: "foreign routes, addresses, and a neighbor that was learned",
    seed: "ip route add 203.0.113.0/24 dev $L proto static; ip -6 route add 2001:db8:cc::/48 dev cloudbr1 proto static; ip addr add 192.0.2.1/24 dev $L; ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev $L nud stale",
    undo: "ip addr del 192.0.2.1/24 dev $L; ip route del 203.0.113.0/24 2>/dev/null || true; ip -6 route del 2001:db8:cc::/48",
  },
  {
    name: "a carrier that comes and goes",
    seed: "ip link add p0 up type veth peer name p1; ip link set p1 up; ip link set p0 master $L; sleep 0.3; ip link del p0; sleep 0.3; settled",
  },
  { name: "a restart of networkd", seed: "systemctl restart systemd-networkd; settled; sleep 0.5" },
];

function missing(name: string, seed: string, ...entries: string[]): KernelDrift {
  return { name, seed, code: "kernel-missing", entries };
}

function differs(name: string, seed: string, ...entries: string[]): KernelDrift {
  return { name, seed, code: "kernel-differs", entries };
}

function extra(name: string, seed: string, ...entries: string[]): KernelDrift {
  return { name, seed, code: "kernel-extra", entries };
}

/** `$A` and `$A6` of the case with this index: addresses of a guest of its own, whose MAC is `$M`. */
export function ownGuest(index: number) {
  const hex = index.toString(16);
  return {
    address: `203.0.113.${index}`,
    address6: `2001:db8:79::${hex}`,
    mac: `52:00:00:00:77:${hex.padStart(2, "0")}`,
  };
}

function dropIn(name: string, seed: string, ...codes: string[]): Drift {
  return { layer: "drop-in", name, seed, codes };
}

/** What is not netkeep's to repair. */
function stays(layer: Drift["layer"], name: string, seed: string, code: string, undo: string): Drift {
  return { layer, name, seed, codes: [code], left: [code], undo };
}
