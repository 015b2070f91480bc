import { describe, expect, test } from "vitest";
import { checks, countVerdicts, diagnose } from "../../src/doctor/checks.ts";
import type { Facts, LinkFiles, LinkSituation } from "../../src/doctor/facts.ts";
import { fileAddress, goodFacts, goodFiles, goodLink, sysctls, units } from "../support/doctorFacts.ts";

/** About, check, what is different from a good host, `verdict evidence` of each outcome, and what the fix must contain. */
type Case = [string, string, Partial<Facts>, (string | RegExp)[], string?];

const networkd = (changes: Partial<Facts["networkd"]>): Partial<Facts> => ({
  networkd: { ...goodFacts().networkd, ...changes },
});
const link = (changes: Partial<LinkSituation>): Partial<Facts> => ({ links: [goodLink(changes)] });
const files = (changes: Partial<LinkFiles>): Partial<Facts> => link({ files: goodFiles(changes) });
const kernel = (changes: Readonly<Record<string, string | null>>): Partial<Facts> => ({ sysctls: sysctls(changes) });
const placed = (key: string, value: string) => ({ key, value, path: "/etc/x.conf", line: 3 });
const none = { routes: false, rules: false, nextHops: false };
const base = "/etc/systemd/network/10-cloudbr0.network";
const offline: Partial<Facts> = { offline: true };

const ofNetworkd: Case[] = [
  ["runs", "networkd-running", {}, ["ok systemd-networkd runs"]],
  [
    "does not run",
    "networkd-running",
    networkd({ running: false, reason: "it is not there" }),
    ["fail it is not there"],
    "systemctl enable --now systemd-networkd.service",
  ],
  [
    "disabled",
    "networkd-running",
    { units: units({ "systemd-networkd.service": "disabled" }) },
    [/^fail .* is disabled/],
    "systemctl enable systemd-networkd.service",
  ],
  [
    "masked",
    "networkd-running",
    { units: units({ "systemd-networkd.service": "masked" }) },
    [/^fail .* is masked/],
    "systemctl unmask systemd-networkd.service systemd-networkd.socket\nsystemctl enable systemd-networkd.service",
  ],
  [
    "masked until the next boot, and does not run",
    "networkd-running",
    {
      ...networkd({ running: false, reason: "it is not there" }),
      units: units({ "systemd-networkd.service": "masked-runtime" }),
    },
    ["fail it is not there"],
    "systemctl unmask --runtime systemd-networkd.service systemd-networkd.socket\nsystemctl enable --now systemd-networkd.service",
  ],
  ["without systemd", "networkd-running", { units: null }, [/^ok .*does not say whether it starts at boot/]],
  ["an image", "networkd-running", offline, ["skip with --root there is no kernel to ask"]],
  ["252", "networkd-version", networkd({ version: 252 }), [/^ok systemd 252; a reload deletes permanent neighbors/]],
  ["257", "networkd-version", {}, ["ok systemd 257"]],
  [
    "too old",
    "networkd-version",
    networkd({ version: 247 }),
    ["fail systemd 247: too old"],
    "# upgrade the distribution",
  ],
  [
    "between",
    "networkd-version",
    networkd({ version: 254 }),
    [/^warn systemd 254; .*; not measured$/],
    "treats 254 like 252",
  ],
  ["259", "networkd-version", networkd({ version: 259 }), [/^ok systemd 259; not measured, but 257 and 262 were$/]],
  ["newer", "networkd-version", networkd({ version: 263 }), [/^warn systemd 263; later than 262/]],
  [
    "replaced",
    "networkd-version",
    networkd({ replaced: true }),
    [/^warn systemd 257 is installed, and networkd still runs/],
    "systemctl restart systemd-networkd",
  ],
  ["unknown", "networkd-version", networkd({ version: null }), ["skip the version of systemd is not known"]],
  ["guarded", "foreign-entries", {}, ["ok networkd was told to leave them alone"]],
  [
    "not guarded",
    "foreign-entries",
    networkd({ leaves: none, leavesOnDisk: none }),
    [/^warn not set: ManageForeignRoutes=no, .*NextHops=no$/],
    "'ManageForeignRoutes=no'",
  ],
  [
    "252 has two keys",
    "foreign-entries",
    networkd({ version: 252, leaves: { ...none, routes: true, rules: true } }),
    [/^ok /],
  ],
  [
    "not read yet",
    "foreign-entries",
    networkd({ leaves: none }),
    [/^warn in a file that is newer than the start of networkd/],
    "systemctl restart systemd-networkd",
  ],
  [
    "a daemon",
    "foreign-entries",
    { ...networkd({ leaves: none, leavesOnDisk: none }), units: units({ "frr.service": "enabled" }) },
    [/^fail .*frr.service runs/],
  ],
  [
    "routes of a daemon",
    "foreign-entries",
    {
      ...networkd({ leaves: none, leavesOnDisk: none }),
      routes: { ...goodFacts().routes, ofDaemons: new Map([[12, 3]]) },
    },
    [/^fail .*3 of protocol 12/],
  ],
  [
    "nexthop objects on 252",
    "foreign-entries",
    { ...networkd({ version: 252 }), routes: { ...goodFacts().routes, objects: 4 } },
    [/^fail 4 routes use nexthop objects/],
    "no zebra nexthop kernel enable",
  ],
  ["nexthop objects on 257", "foreign-entries", { routes: { ...goodFacts().routes, objects: 4 } }, [/^ok /]],
  [
    "an image without",
    "foreign-entries",
    { ...offline, ...networkd({ running: false, leavesOnDisk: none }) },
    [/^warn not set: ManageForeignRoutes=no/],
  ],
  ["all readable", "unit-files", {}, ["ok networkd can read all of its files"]],
  [
    "mode",
    "unit-files",
    {
      lostFiles: [
        { path: "/etc/a.conf", line: 0, reason: "mode 0600: user systemd-network may not read it", directory: false },
      ],
    },
    [/^fail \/etc\/a.conf: mode 0600/],
    "chmod 0644 /etc/a.conf",
  ],
  [
    "directory",
    "unit-files",
    { lostFiles: [{ path: "/etc/a.network.d", line: 0, reason: "mode 0700: closed", directory: true }] },
    [/^fail /],
    "chmod 0755 /etc/a.network.d",
  ],
  [
    "torn",
    "unit-files",
    { lostFiles: [{ path: "/etc/a.conf", line: 4, reason: "invalid UTF-8", directory: false }] },
    [/^fail \/etc\/a.conf:4: invalid UTF-8/],
    "# mend line 4",
  ],
  [
    "a fifo",
    "unit-files",
    { lostFiles: [{ path: "/etc/a.conf", line: 0, reason: "it is not a regular file", directory: false }] },
    [/^fail /],
    "# move /etc/a.conf away",
  ],
];

const ofBaseFiles: Case[] = [
  ["own", "base-file", {}, [`ok ${base} applies to cloudbr0 alone`]],
  [
    "shared",
    "base-file",
    link({ base: { kind: "shared", path: base, with: ["br1"] } }),
    [`fail ${base} also applies to br1`],
    "> /etc/systemd/network/00-cloudbr0.network",
  ],
  [
    "pattern",
    "base-file",
    link({ base: { kind: "pattern", path: "/etc/systemd/network/20-br.network" } }),
    [/^fail .*matches more than this one name/],
    "> /etc/systemd/network/10-cloudbr0.network",
  ],
  [
    "none",
    "base-file",
    link({ base: { kind: "none", path: "/etc/60.network", written: false, advertisements: false } }),
    [/^warn no base file matches cloudbr0/],
  ],
  [
    "ours",
    "base-file",
    link({ base: { kind: "none", path: "/etc/60.network", written: true, advertisements: false } }),
    ["ok /etc/60.network, written by netkeep, applies to cloudbr0"],
  ],
  [
    "none, and advertisements",
    "base-file",
    link({ base: { kind: "none", path: "/etc/60.network", written: false, advertisements: true } }),
    [/^fail no base file matches cloudbr0, and the kernel/],
    "'IPv6AcceptRA=yes'",
  ],
  [
    "unmanaged",
    "base-file",
    link({ base: { kind: "unmanaged", path: base, line: 4, problem: "p" } }),
    ["fail p"],
    `sed -i '4d' ${base}`,
  ],
  ["masked", "base-file", link({ base: { kind: "masked", path: base, problem: "p" } }), ["fail p"], `rm ${base}`],
  [
    "broken",
    "base-file",
    link({ base: { kind: "broken", path: base, line: 0, problem: "p" } }),
    ["fail p"],
    `chmod 0644 ${base}`,
  ],
  [
    "undecided",
    "base-file",
    link({ base: { kind: "undecided", problem: "p" } }),
    ["fail p"],
    "/etc/systemd/network/00-cloudbr0.network",
  ],
  ["nobody else", "other-manager", {}, ["ok nobody else looks after cloudbr0"]],
  [
    "NetworkManager",
    "other-manager",
    link({ managers: [{ name: "NetworkManager", evidence: "e" }] }),
    ["fail NetworkManager: e"],
    "'unmanaged-devices+=interface-name:cloudbr0'",
  ],
  [
    "ifupdown",
    "other-manager",
    link({ managers: [{ name: "ifupdown", evidence: "e" }] }),
    ["fail ifupdown: e"],
    "sed -i '/^cloudbr0=/d' /run/network/ifstate",
  ],
  [
    "udev",
    "other-manager",
    link({ managers: [{ name: "another program", evidence: "e" }] }),
    ["fail another program: e"],
    "# e: take that property away",
  ],
  ["an image", "other-manager", offline, [/^skip with --root only/]],
  ["not netplan's", "netplan", {}, ["ok netplan does not write the base file of cloudbr0"]],
  [
    "netplan on 257",
    "netplan",
    {
      ...link({ base: { kind: "own", path: "/run/systemd/network/10-netplan-br.network" } }),
      netplan: ["/etc/netplan/a.yaml"],
    },
    [/^ok .* comes from netplan/],
  ],
  [
    "netplan on 252",
    "netplan",
    {
      ...networkd({ version: 252 }),
      ...link({ base: { kind: "own", path: "/run/systemd/network/10-netplan-br.network" } }),
      netplan: ["/etc/netplan/a.yaml"],
    },
    [/^warn .* flaps entries/],
  ],
  [
    "netplan is gone",
    "netplan",
    link({ base: { kind: "own", path: "/run/systemd/network/10-netplan-br.network" } }),
    [/^fail .*no YAML file/],
    "install -m 0644 /run/systemd/network/10-netplan-br.network /etc/systemd/network/10-netplan-br.network",
  ],
];

const ofLinkFiles: Case[] = [
  ["yes", "carrier", {}, ["ok ConfigureWithoutCarrier=yes"]],
  [
    "a kind that is not known",
    "carrier",
    link({ kind: undefined, entries: 0, files: goodFiles({ configureWithoutCarrier: null }) }),
    [/^fail /],
  ],
  ["no bridge", "carrier", link({ kind: null }), ["ok cloudbr0 is no bridge"]],
  [
    "asked for",
    "carrier",
    { ...link({ carrier: "follow", files: goodFiles({ configureWithoutCarrier: null }) }) },
    [/^ok a document asks/],
  ],
  ["no files", "carrier", link({ files: null }), ["skip no base file applies, see base-file"]],
  [
    "not written yet",
    "carrier",
    files({ configureWithoutCarrier: null, ignoreCarrierLoss: null }),
    [/^warn .*netkeep has not written/],
    "netkeep apply",
  ],
  [
    "not set",
    "carrier",
    link({ entries: 0, files: goodFiles({ configureWithoutCarrier: null }) }),
    ["fail ConfigureWithoutCarrier= is not set"],
    "10-carrier.conf",
  ],
  [
    "set to no",
    "carrier",
    files({ configureWithoutCarrier: placed("ConfigureWithoutCarrier", "no") }),
    ["fail /etc/x.conf:3 says ConfigureWithoutCarrier=no"],
    "sed -i '3s/=.*/=yes/' /etc/x.conf",
  ],
  [
    "undone",
    "carrier",
    files({ ignoreCarrierLoss: placed("IgnoreCarrierLoss", "5s") }),
    ["fail /etc/x.conf:3 says IgnoreCarrierLoss=5s"],
  ],
  ["none", "address-detection", {}, ["ok no address waits for that"]],
  [
    "IPv4",
    "address-detection",
    files({ addresses: [fileAddress("169.254.0.1/32", { detection: null, detected: true })] }),
    [/^fail .*:8: 169.254.0.1\/32 without/],
    `sed -i '8a DuplicateAddressDetection=none' ${base}`,
  ],
  [
    "said otherwise",
    "address-detection",
    files({ addresses: [fileAddress("169.254.0.1/32", { detected: true })] }),
    [/^fail /],
    `sed -i '9s/=.*/=none/' ${base}`,
  ],
  [
    "IPv6 only",
    "address-detection",
    files({ addresses: [fileAddress("fe80::1/64", { section: false, detection: null, detected: true })] }),
    [/^warn /],
    "'[Address]' 'Address=fe80::1/64' 'DuplicateAddressDetection=none' >>",
  ],
  [
    "netplan's",
    "address-detection",
    files({ addresses: [fileAddress("169.254.0.1/32", { path: "/run/a.network", detected: true })] }),
    [/^fail /],
    "/etc/systemd/network/10-cloudbr0.network.d/99-address-169.254.0.1-32.conf",
  ],
  ["no", "wait-online", {}, ["ok RequiredForOnline=no"]],
  [
    "not said",
    "wait-online",
    files({ requiredForOnline: null }),
    ["warn RequiredForOnline= is not set"],
    "99-online.conf",
  ],
  [
    "yes",
    "wait-online",
    files({ requiredForOnline: placed("RequiredForOnline", "yes") }),
    ["warn /etc/x.conf:3 says yes"],
  ],
  [
    "no-carrier will do",
    "wait-online",
    files({ requiredForOnline: placed("RequiredForOnline", "no-carrier") }),
    [/^ok /],
  ],
  [
    "nobody waits",
    "wait-online",
    { ...files({ requiredForOnline: null }), units: units({}) },
    [/^ok .* is not enabled/],
  ],
  ["few", "drop-in-count", {}, [/^ok 2 drop-ins, and networkd may have 1024/]],
  ["many", "drop-in-count", files({ dropIns: Array(800).fill("x") }), [/^warn 800 drop-ins/], "'LimitNOFILE=65536'"],
  ["too many", "drop-in-count", files({ dropIns: Array(901).fill("x") }), [/^fail 901 drop-ins/]],
  [
    "many on 252",
    "drop-in-count",
    { ...networkd({ version: 252 }), ...files({ dropIns: Array(5000).fill("x") }) },
    [/^ok .* no limit/],
  ],
  [
    "raised",
    "drop-in-count",
    { ...networkd({ fileLimit: 65536 }), ...files({ dropIns: Array(5000).fill("x") }) },
    [/^ok /],
  ],
  ["few", "route-count", {}, [/^ok 2 \[Route\] sections; networkd loads 8192/]],
  ["near", "route-count", files({ routes: 7000 }), [/^warn 7000/], "net.ipv6.route.max_size = 100000"],
  ["too many", "route-count", files({ routes: 8193 }), [/^fail 8193/]],
  [
    "raised",
    "route-count",
    { ...files({ routes: 8193 }), ...kernel({ "net.ipv6.route.max_size": "100000" }) },
    [/^ok .* loads 20000/],
  ],
  ["252", "route-count", { ...networkd({ version: 252 }), ...files({ routes: 8193 }) }, [/^ok /]],
  [
    "over our own",
    "route-count",
    { ...networkd({ version: 252 }), ...files({ routes: 20001 }) },
    [/^fail /],
    "# spread the routes",
  ],
];

const ofLinks: Case[] = [
  ["pinned", "bridge-mac", {}, ["ok cloudbr0 keeps 0e:00:00:00:16:c4"]],
  ["no bridge", "bridge-mac", link({ kind: "veth", macPinned: false }), ["ok cloudbr0 is no bridge"]],
  [
    "automatic",
    "bridge-mac",
    link({ macPinned: false }),
    [/^fail cloudbr0 has 0e:/],
    "MACAddress=0e:00:00:00:16:c4/' /etc/systemd/network/10-cloudbr0.netdev",
  ],
  [
    "automatic, of others",
    "bridge-mac",
    link({ macPinned: false, netdev: null }),
    [/^fail /],
    "/etc/systemd/network/10-cloudbr0.link",
  ],
  ["not known", "bridge-mac", link({ macPinned: null }), [/^skip .*addr_assign_type/]],
  ["not there", "bridge-mac", link({ exists: false }), ["skip cloudbr0 does not exist yet"]],
  ["fits", "mtu", {}, ["ok the MTU of cloudbr0 is 1500"]],
  [
    "no IPv6",
    "mtu",
    link({ mtu: 1200 }),
    ["fail the MTU of cloudbr0 is 1200: it has no IPv6"],
    "ip link set dev cloudbr0 mtu 1500",
  ],
  ["no IPv6, none wanted", "mtu", link({ mtu: 1200, families: new Set([4]) }), [/^warn /]],
  ["larger than a port", "mtu", link({ mtu: 9000 }), [/^warn .* its ports have less: vnet0 1500/], "mtu 1500"],
  [
    "smaller than a port",
    "mtu",
    link({ ports: [{ name: "vnet0", mtu: 9000 }] }),
    [/^warn .* its ports have more: vnet0 9000/],
    "mtu 9000",
  ],
  ["not known", "mtu", link({ mtu: null }), [/^skip /]],
  ["on", "ipv6-enabled", {}, ["ok IPv6 is on on cloudbr0"]],
  [
    "off",
    "ipv6-enabled",
    kernel({ "net.ipv6.conf.cloudbr0.disable_ipv6": "1" }),
    ["fail IPv6 is turned off on cloudbr0"],
    "net.ipv6.conf.cloudbr0.disable_ipv6 = 0",
  ],
  [
    "off, none wanted",
    "ipv6-enabled",
    { ...link({ families: new Set([4]) }), ...kernel({ "net.ipv6.conf.cloudbr0.disable_ipv6": "1" }) },
    ["ok cloudbr0 has no IPv6 entries"],
  ],
  ["off by default", "ipv6-enabled", kernel({ "net.ipv6.conf.default.disable_ipv6": "1" }), [/^warn .*off by default/]],
  [
    "off by default, and a file turns it on",
    "ipv6-enabled",
    { ...kernel({ "net.ipv6.conf.default.disable_ipv6": "1" }), ipv6ByFile: new Set(["cloudbr0"]) },
    ["ok IPv6 is on on cloudbr0"],
  ],
  ["no IPv6 in the kernel", "ipv6-enabled", kernel({ "net.ipv6.conf.cloudbr0.disable_ipv6": null }), [/^skip /]],
  ["on", "forwarding", {}, ["ok IPv4 forwarding is on", "ok IPv6 forwarding is on", "ok cloudbr0 forwards"]],
  [
    "IPv4 off",
    "forwarding",
    kernel({ "net.ipv4.conf.all.forwarding": "0" }),
    ["fail IPv4 forwarding is off", /^ok IPv6/, /^ok/],
    "net.ipv4.ip_forward = 1",
  ],
  [
    "IPv4 off, none wanted",
    "forwarding",
    { ...link({ families: new Set([6]) }), ...kernel({ "net.ipv4.conf.all.forwarding": "0" }) },
    [/^ok IPv6/, /^ok/],
  ],
  [
    "IPv4 off on the uplink",
    "forwarding",
    kernel({ "net.ipv4.conf.eth0.forwarding": "0" }),
    [/^fail IPv4 forwarding is off on eth0/, /^ok/, /^ok/],
    "net.ipv4.conf.eth0.forwarding = 1",
  ],
  [
    "IPv4 off on the bridge",
    "forwarding",
    kernel({ "net.ipv4.conf.cloudbr0.forwarding": "0" }),
    [/^ok/, /^ok/, /^fail .*packets of its guests/],
  ],
  [
    "IPv6 off",
    "forwarding",
    kernel({ "net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.cloudbr0.forwarding": "0" }),
    [/^ok/, "fail IPv6 forwarding is off", /^warn .*does not call itself a router/],
  ],
  [
    "IPv6 forced by link",
    "forwarding",
    kernel({ "net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.eth0.force_forwarding": "1" }),
    [/^ok/, /^ok IPv6/, /^ok/],
  ],
  [
    "a name with a dot",
    "forwarding",
    { links: [goodLink({ name: "br.7" })], sysctls: sysctls({ "net.ipv4.conf.br.7.forwarding": "0" }) },
    [/^ok/, /^ok/, /^fail/],
    "net/ipv4/conf/br.7/forwarding = 1",
  ],
  ["not readable", "forwarding", kernel({ "net.ipv4.conf.all.forwarding": null }), [/^skip/, /^ok/, /^ok/]],
];

const ofKernel: Case[] = [
  ["none", "router-advertisements", {}, [/^ok no uplink needs them/, "ok cloudbr0 ignores router advertisements"]],
  [
    "ignored, and needed",
    "router-advertisements",
    {
      ...kernel({ "net.ipv6.conf.eth0.accept_ra": "1" }),
      uplinks: [{ name: "eth0", advertised: true, isDefault: true }],
    },
    [/^fail eth0 has accept_ra 1 and forwards.*will expire/, /^ok/],
    "net.ipv6.conf.eth0.accept_ra = 2",
  ],
  [
    "ignored, maybe needed",
    "router-advertisements",
    { ...kernel({ "net.ipv6.conf.eth0.accept_ra": "1" }), routes: { ...goodFacts().routes, hasDefault6: false } },
    [/^warn .*no IPv6 default route/, /^ok/],
  ],
  ["ignored, not needed", "router-advertisements", kernel({ "net.ipv6.conf.eth0.accept_ra": "1" }), [/^ok/, /^ok/]],
  [
    "heeded although it forwards",
    "router-advertisements",
    kernel({ "net.ipv6.conf.cloudbr0.accept_ra": "2" }),
    [/^ok/, /^warn cloudbr0 has accept_ra 2: a guest/],
    "accept_ra = 0",
  ],
  [
    "heeded",
    "router-advertisements",
    kernel({ "net.ipv6.conf.cloudbr0.accept_ra": "1", "net.ipv6.conf.cloudbr0.forwarding": "0" }),
    [/^ok/, /^warn cloudbr0 has accept_ra 1 and does not forward/],
  ],
  ["loose", "rp-filter", {}, ["ok no uplink is strict", "ok cloudbr0 is not strict"]],
  [
    "strict by all",
    "rp-filter",
    kernel({ "net.ipv4.conf.all.rp_filter": "1" }),
    [/^ok eth0 is strict, and the only uplink/, /^ok cloudbr0 is strict/],
  ],
  [
    "two uplinks",
    "rp-filter",
    {
      ...kernel({ "net.ipv4.conf.eth0.rp_filter": "1" }),
      uplinks: ["eth0", "eth1"].map((name) => ({ name, advertised: false, isDefault: true })),
    },
    [/^warn rp_filter is 1 on eth0, and default routes leave by eth0, eth1/, /^ok/],
    "net.ipv4.conf.eth0.rp_filter = 2",
  ],
  [
    "another table",
    "rp-filter",
    { ...link({ tables: [100] }), ...kernel({ "net.ipv4.conf.cloudbr0.rp_filter": "1" }) },
    [/^ok/, /^warn .* are in table 100/],
  ],
  ["no IPv4", "rp-filter", link({ families: new Set([6]) }), ["ok no entry is IPv4"]],
  ["not readable", "rp-filter", kernel({ "net.ipv4.conf.all.rp_filter": null }), [/^skip/, /^ok/]],
  [
    "room",
    "neighbor-table",
    {},
    [/^ok IPv4: 3 neighbors count, 10 permanent; gc_thresh2 512, gc_thresh3 1024/, /^ok IPv6/],
  ],
  [
    "permanent ones do not count",
    "neighbor-table",
    { neighbors: { permanent: { 4: 9999, 6: 0 }, others: { 4: 3, 6: 0 } } },
    [/^ok/, /^ok/],
  ],
  [
    "but did once",
    "neighbor-table",
    {
      ...kernel({ "kernel.osrelease": "4.19.0" }),
      neighbors: { permanent: { 4: 9999, 6: 0 }, others: { 4: 3, 6: 0 } },
    },
    [/^fail/, /^ok/],
  ],
  [
    "near",
    "neighbor-table",
    { neighbors: { permanent: { 4: 0, 6: 0 }, others: { 4: 600, 6: 1000 } } },
    [/^warn IPv4: 600/, /^fail IPv6: 1000/],
    "net.ipv6.neigh.default.gc_thresh3 = 4096",
  ],
  ["in a namespace", "neighbor-table", kernel({ "net.ipv4.neigh.default.gc_thresh3": null }), [/^skip/, /^ok/]],
  ["no limit", "route-table", {}, [/^ok 10 IPv6 routes/]],
  [
    "a limit of an old kernel",
    "route-table",
    {
      ...kernel({ "kernel.osrelease": "6.1.0-13-amd64", "net.ipv6.route.max_size": "4096" }),
      routes: { ...goodFacts().routes, ipv6: 4000 },
    },
    [/^fail 4000 IPv6 routes/],
    "net.ipv6.route.max_size = 100000",
  ],
  [
    "half of it",
    "route-table",
    {
      ...kernel({ "kernel.osrelease": "6.1.0-13-amd64", "net.ipv6.route.max_size": "4096" }),
      routes: { ...goodFacts().routes, ipv6: 2100 },
    },
    [/^warn/],
  ],
  [
    "a new kernel has none",
    "route-table",
    { ...kernel({ "net.ipv6.route.max_size": "4096" }), routes: { ...goodFacts().routes, ipv6: 4000 } },
    [/^ok/],
  ],
  ["not there", "route-table", kernel({ "net.ipv6.route.max_size": null }), [/^skip/]],
];

const chain = (changes: object) => ({
  family: 6 as const,
  name: "chain ip6 filter FORWARD",
  drops: true,
  mayAccept: false,
  ...changes,
});
const calls = kernel({ "net.bridge.bridge-nf-call-ip6tables": "1", "net.bridge.bridge-nf-call-iptables": "0" });
const { clock } = goodFacts();
const settings = "/etc/systemd/networkd.conf.d/50-netkeep.conf";

const ofHost: Case[] = [
  [
    "not loaded",
    "bridge-netfilter",
    {},
    ["ok IPv4: br_netfilter is not loaded", "ok IPv6: br_netfilter is not loaded"],
  ],
  [
    "no such chain",
    "bridge-netfilter",
    calls,
    [/^ok IPv4: .* is 0/, /^ok IPv6: no forward chain drops by default \(nft\)/],
  ],
  [
    "drops",
    "bridge-netfilter",
    { ...calls, firewall: { known: true, by: "nft", chains: [chain({})] } },
    [/^ok/, /^fail IPv6: .* chain ip6 filter FORWARD drops by default/],
    "net.bridge.bridge-nf-call-ip6tables = 0",
  ],
  [
    "drops, with rules",
    "bridge-netfilter",
    { ...calls, firewall: { known: true, by: "nft", chains: [chain({ mayAccept: true })] } },
    [/^ok/, /^warn .* that was not followed/],
  ],
  [
    "of the other family",
    "bridge-netfilter",
    { ...calls, firewall: { known: true, by: "nft", chains: [chain({ family: 4 })] } },
    [/^ok/, /^ok/],
  ],
  [
    "not read",
    "bridge-netfilter",
    { ...calls, firewall: { known: false, reason: "only root can" } },
    [/^ok/, /^skip .*was not read: only root can/],
  ],
  ["right", "clock", {}, ["ok no file is from the future", "ok the hardware clock is right"]],
  [
    "a file from the future",
    "clock",
    { clock: { ...clock, files: [{ path: "/etc/a", modified: clock.now + 200_000 }] } },
    ["warn modified in the future: /etc/a", /^ok/],
    "touch /etc/a",
  ],
  [
    "settings from the future",
    "clock",
    { clock: { ...clock, files: [{ path: settings, modified: clock.now + 200_000 }] } },
    [/^fail/, /^ok/],
    `touch ${settings}`,
  ],
  [
    "a little ahead",
    "clock",
    { clock: { ...clock, files: [{ path: "/etc/a", modified: clock.now + 20_000 }] } },
    [/^ok/, /^ok/],
  ],
  [
    "wrong at boot",
    "clock",
    { clock: { ...clock, bootedByClockThen: 0 } },
    [/^ok/, "warn the clock was 10 days behind when systemd started, and was set later"],
    "hwclock --systohc --utc",
  ],
  [
    "wrong at the next boot",
    "clock",
    { clock: { ...clock, hardware: clock.now + 7_200_000 } },
    [/^ok/, /^warn the hardware clock is 2 h ahead/],
  ],
  ["no hardware clock", "clock", { clock: { ...clock, hardware: null } }, [/^ok/, /^ok .*no hardware clock in UTC/]],
  ["an image", "clock", offline, [/^ok/, /^skip/]],
  ["named", "protocol-name", {}, ["ok 107 is netkeep"]],
  [
    "no name",
    "protocol-name",
    { protocolNames: [] },
    ["warn ip has no name for protocol 107"],
    "echo '107 netkeep' > /etc/iproute2/rt_protos.d/netkeep.conf",
  ],
  [
    "somebody else's",
    "protocol-name",
    { protocolNames: [{ number: 107, name: "x", path: "/etc/p" }] },
    ["fail /etc/p gives 107 to x"],
    "another RouteProtocol=",
  ],
];

const cases = [...ofNetworkd, ...ofBaseFiles, ...ofLinkFiles, ...ofLinks, ...ofKernel, ...ofHost];

describe("checks", () => {
  test.each<Case>(cases)("%s (%s)", (_about, code, changes, expected, fix = "") => {
    const chosen = checks.filter((check) => check.code === code);
    const found = diagnose(goodFacts(changes), chosen);
    const said = found.map(({ verdict, evidence }) => `${verdict} ${evidence.join("; ")}`);
    expect(said).toEqual(expected.map((text) => (typeof text === "string" ? text : expect.stringMatching(text))));
    expect(found.flatMap((outcome) => outcome.fix).join("\n")).toContain(fix);
    for (const { verdict, fix: lines } of found)
      expect(lines.length > 0).toBe(verdict === "warn" || verdict === "fail");
  });

  test("each has a case in which it is content, and one in which it is not", () => {
    for (const { code } of checks) {
      const verdicts = cases
        .filter(([, check]) => check === code)
        .flatMap(([, , , expected]) =>
          expected.map((text) => (typeof text === "string" ? text : text.source.replace("^", "")).split(/[^a-z]/)[0]),
        );
      expect(verdicts, code).toContain("ok");
      expect(
        verdicts.some((verdict) => verdict === "warn" || verdict === "fail"),
        code,
      ).toBe(true);
    }
  });

  test("a good host has nothing to be said", () => {
    expect(countVerdicts(diagnose(goodFacts()))).toEqual({ ok: 30, warn: 0, fail: 0, skip: 0 });
  });

  test("an image is looked at as far as files tell", () => {
    const found = diagnose(goodFacts({ offline: true, ...link({ exists: false }), units: null, sysctls: new Map() }));
    expect(found.filter(({ verdict }) => verdict === "ok").map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        "foreign-entries",
        "unit-files",
        "base-file",
        "carrier",
        "address-detection",
        "route-count",
        "protocol-name",
      ]),
    );
    expect(countVerdicts(found)).toMatchObject({ warn: 0, fail: 0 });
  });

  test("have codes that are unique and fit for a command line", () => {
    const codes = checks.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$|^(netplan|carrier|mtu|forwarding|clock)$/);
  });
});
