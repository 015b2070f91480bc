import { describe, expect, test } from "vitest";
import { audit, isDrift } from "../../src/audit/audit.ts";
import type { AuditInput, FileComparison, LinkView, NetworkdView } from "../../src/audit/input.ts";
import type { Bridge } from "../../src/model/bridge.ts";
import type { BridgeChange } from "../../src/model/change.ts";
import { type Entry, entryKey } from "../../src/model/entry.ts";
import { findingCodes } from "../../src/model/finding.ts";
import type { MacAddress } from "../../src/model/mac.ts";
import { kernelNeighbor, kernelRoute, kernelState, neighbor, route } from "../support/build.ts";

const guest = [route("10.0.0.1", "br0"), neighbor("10.0.0.1", "02:00:00:00:00:01", "br0")] as const;
const [direct, peer] = guest;
const path = "/etc/systemd/network/10-br0.network.d/60-netkeep.conf";
const byKey = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entryKey(entry), entry]));
const live = [kernelRoute(direct), kernelNeighbor(peer)];

function file(more: Partial<FileComparison> = {}): FileComparison {
  const both = { expectedText: "text", actualText: "text", expected: byKey(guest), actual: byKey(guest) };
  const well = { ownerOf: () => "vm", editedByHand: false, obstacle: null, outdated: false, orphanOf: null };
  return { path, link: "br0", ...both, ...well, ...more };
}

function view(more: Partial<NetworkdView> = {}): Map<string, NetworkdView> {
  const entries = new Map([[entryKey(direct), "static"]]);
  const baseFile = "/etc/systemd/network/10-br0.network";
  const loaded = { state: "configured", baseFile, dropIns: [path], entries, held: new Map([[entryKey(direct), 107]]) };
  return new Map([["br0", { ...loaded, ...more }]]);
}

function linkView(more: Partial<LinkView> = {}): Map<string, LinkView> {
  return new Map([
    ["br0", { upcoming: null, overrides: [], absent: [], configuredByOthers: new Set<string>(), ...more }],
  ]);
}

/** A host where all four layers agree. */
function input(more: Partial<AuditInput> = {}): AuditInput {
  return {
    offline: false,
    entries: byKey(guest),
    ownersOf: () => ["vm"],
    conflicts: [],
    broken: [],
    staleOwners: [],
    notes: [],
    trial: null,
    closedDirectories: [],
    kernel: kernelState(["br0"], live),
    record: { protocol: 107, recorded: byKey(guest), scope: null },
    files: [file()],
    networkd: { running: true, reason: "", mask: null },
    statuses: view(),
    links: linkView(),
    bridges: { changes: [], kept: new Map(), uplinks: new Map() },
    bridgeOwnersOf: () => [],
    atRisk: [],
    live: new Map(),
    reloadPending: false,
    ...more,
  };
}

const changed = neighbor("10.0.0.1", "02:00:00:00:00:02", "br0");
const other = route("10.9.0.0/16", "br0");

const bridge: Bridge = {
  ...{ kind: "bridge", link: "br0", mac: "02:00:00:00:00:b0" as MacAddress, addresses: [], forwarding: true },
  ...{ arpIgnore: null, arpAnnounce: null, rpFilter: null },
};

/** A bridge that netkeep makes, with what is planned for it. */
function bridgePlan(change: BridgeChange | null, more: Partial<AuditInput["bridges"]> = {}): Partial<AuditInput> {
  return { bridges: { changes: change === null ? [] : [change], kept: new Map(), uplinks: new Map(), ...more } };
}

const unlike = (what: "mac" | "sysctl"): BridgeChange => ({
  ...{ action: "replace", link: "br0", bridge, takesOver: false, neighbors: [] },
  differences: [{ what, key: what === "mac" ? null : "net/ipv4/conf/br0/rp_filter", expected: "1", actual: "0" }],
});

/** Each disagreement is told once, in the layer where it begins. */
const disagreements: [string, Partial<AuditInput>, string[]][] = [
  ["a route is not in the kernel", { kernel: kernelState(["br0"], [live[1]!]) }, ["kernel-missing"]],
  ["the link is down", { kernel: kernelState([], [live[1]!], ["br0"]) }, ["kernel-missing"]],
  [
    "another MAC in the kernel",
    { kernel: kernelState(["br0"], [live[0]!, kernelNeighbor(changed)]) },
    ["kernel-differs"],
  ],
  ["ours, and nobody wants it", { kernel: kernelState(["br0"], [...live, kernelRoute(other)]) }, ["kernel-extra"]],
  ["the link does not exist", { kernel: kernelState(["br1"]), statuses: new Map() }, ["link-missing"]],
  [
    "a bridge of ours does not exist",
    {
      ...bridgePlan({ action: "add", link: "br0", bridge }),
      ...{ kernel: kernelState(["br1"]), statuses: new Map() },
    },
    ["bridge-missing"],
  ],
  ["a bridge of ours has another MAC", bridgePlan(unlike("mac")), ["bridge-differs"]],
  ["a sysctl of a bridge of ours differs", bridgePlan(unlike("sysctl")), ["sysctl-differs"]],
  ["nobody wants a bridge of ours", bridgePlan({ action: "remove", link: "br7" }), ["bridge-extra"]],
  ["and it cannot go", bridgePlan(null, { kept: new Map([["br7", "because it has ports"]]) }), ["bridge-extra"]],
  ["a bridge of ours has an uplink", bridgePlan(null, { uplinks: new Map([["br0", ["eth0"]]]) }), ["bridge-uplink"]],
  [
    "an entry is not in the drop-in",
    { files: [file({ actualText: "x", actual: byKey([direct]) })] },
    ["dropin-missing"],
  ],
  ["the drop-in does not exist", { files: [file({ actualText: null, actual: new Map() })] }, ["dropin-missing"]],
  [
    "another MAC in the drop-in",
    { files: [file({ actualText: "x", actual: byKey([direct, changed]) })] },
    ["dropin-differs"],
  ],
  [
    "an entry too much in the drop-in",
    { files: [file({ actualText: "x", actual: byKey([...guest, other]) })] },
    ["dropin-extra"],
  ],
  [
    "a drop-in is left over",
    { files: [file(), file({ path: `${path}2`, expectedText: null, expected: new Map(), orphanOf: null })] },
    ["dropin-extra"],
  ],
  ["the same entries in another text", { files: [file({ actualText: "x", editedByHand: true })] }, ["dropin-edited"]],
  [
    "networkd cannot read the drop-in",
    { files: [file({ actualText: null, obstacle: { kind: "unreadable", reason: "mode 0600", ours: true } })] },
    ["dropin-unreadable"],
  ],
  [
    "the link was lost because of it",
    {
      files: [file({ actualText: null, obstacle: { kind: "unreadable", reason: "mode 0600", ours: true } })],
      statuses: view({ state: "unmanaged", baseFile: null, held: new Map() }),
      links: linkView({ upcoming: "no file: mode 0600" }),
    },
    ["dropin-unreadable"],
  ],
  [
    "the drop-in is masked",
    {
      files: [file({ obstacle: { kind: "masked", reason: "/etc comes first", ours: false } })],
      statuses: view({ dropIns: [] }),
    },
    ["dropin-masked"],
  ],
  [
    "another file of the name comes first",
    { files: [file({ obstacle: { kind: "shadowed", reason: "/etc comes first", ours: false } })] },
    ["dropin-shadowed"],
  ],
  [
    "the base file has another name now",
    {
      files: [
        file({ expectedText: null, expected: new Map(), orphanOf: "09-br0.network", path: path.replace("10", "09") }),
        file({ actualText: null, actual: new Map() }),
      ],
    },
    ["dropin-orphaned"],
  ],
  [
    "the drop-in is empty",
    { files: [file({ actualText: "", actual: new Map(), editedByHand: false })] },
    ["dropin-missing"],
  ],
  [
    "a later drop-in undoes a setting",
    { links: linkView({ overrides: [{ ours: "A=yes", theirs: "A=no", place: "/etc/x.conf:2" }] }) },
    ["dropin-overridden"],
  ],
  [
    "a directory that networkd may not enter, which is why no base file is known",
    {
      closedDirectories: [{ path: "/etc/systemd/network", reason: "mode 0700" }],
      notes: [
        { level: "refusal", link: "br0", text: "networkd cannot use /etc/systemd/network: mode 0700; mend it first" },
      ],
    },
    ["directory-closed"],
  ],
  ["something is being tried", { trial: { sources: ["x.yaml"], secondsLeft: 20 } }, ["trial-pending"]],
  ["another base file will come first", { links: linkView({ upcoming: "/etc/05.network" }) }, ["base-file-changed"]],
  ["a drop-in is newer than what networkd has", { files: [file({ outdated: true })] }, ["networkd-outdated"]],
  [
    "252 applies another base file",
    { statuses: view({ dropIns: null, baseFile: "/etc/systemd/network/05-x.network" }) },
    ["networkd-not-loaded"],
  ],
  [
    "networkd remembers a route of ours that is in no file",
    { statuses: view({ held: new Map([[entryKey(other), 107]]) }) },
    ["networkd-extra"],
  ],
  [
    "networkd remembers a neighbor that is in no file",
    { statuses: view({ held: new Map([[entryKey(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0")), null]]) }) },
    ["networkd-extra"],
  ],
  ["networkd does not manage the link", { statuses: view({ state: "unmanaged", baseFile: null }) }, ["link-unmanaged"]],
  [
    "the guest of an owner has gone",
    { staleOwners: [{ owner: "libvirt:vm", evidence: "no /run/libvirt/qemu/vm.xml" }] },
    ["owner-stale"],
  ],
  ["a foreign entry that a reload deletes", { atRisk: [{ entry: other, restorable: false }] }, ["foreign-at-risk"]],
  [
    "networkd does not run",
    { networkd: { running: false, reason: "systemd-networkd is not running", mask: null }, statuses: new Map() },
    ["networkd-not-running"],
  ],
  ["the link has failed", { statuses: view({ state: "failed" }) }, ["link-failed"]],
  ["the link is not set up yet", { statuses: view({ state: "configuring" }) }, ["link-configuring"]],
  ["257 has not loaded the drop-in", { statuses: view({ dropIns: [] }) }, ["networkd-not-loaded"]],
  [
    "252 has not loaded the drop-in",
    { statuses: view({ dropIns: null, entries: new Map() }) },
    ["networkd-not-loaded"],
  ],
  ["files have changed without a reload", { reloadPending: true, statuses: view({ dropIns: [] }) }, ["reload-pending"]],
  [
    "two owners contradict each other",
    {
      conflicts: [
        {
          key: entryKey(peer),
          winner: { owner: "a", entry: peer },
          loser: { owner: "b", entry: changed, path: "guests.0" },
        },
      ],
    },
    ["conflict"],
  ],
  [
    "the base file cannot be told",
    {
      notes: [
        { level: "refusal", link: "br0", text: "masked" },
        { level: "info", link: "br0", text: "x" },
      ],
    },
    ["unresolved"],
  ],
  [
    "a document is broken",
    { broken: [{ owner: "b", source: "b.yaml", problems: ["b.yaml:1:1: wrong"] }] },
    ["document-broken"],
  ],
];

describe("audit", () => {
  test("all four layers agree: nothing", () => {
    expect(audit(input())).toEqual([]);
    expect(audit(input({ statuses: view({ dropIns: null }) }))).toEqual([]);
  });

  test.each(disagreements)("%s", (_, more, codes) => {
    expect(audit(input(more)).map(({ code }) => code)).toEqual(codes);
  });

  test("every code is reached by one of these", () => {
    expect([...new Set(disagreements.flatMap(([, , codes]) => codes))].sort()).toEqual([...findingCodes].sort());
  });

  test("what is foreign and in nobody's way is none of its business", () => {
    const foreign = [
      kernelRoute(route("10.9.0.0/16", "br0", { protocol: 4 })),
      kernelNeighbor(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0"), null),
    ];
    expect(audit(input({ kernel: kernelState(["br0"], [...live, ...foreign]) }))).toEqual([]);
  });

  test("252 is not asked of an entry that has no link, nor of one that is not live", () => {
    const blackhole = route("10.9.0.0/16", "br0", { type: "blackhole" });
    const entries = byKey([blackhole]);
    const kernel = kernelState(["br0"], [kernelRoute(blackhole)]);
    const statuses = view({ dropIns: null, entries: new Map(), held: new Map() });
    expect(audit(input({ entries, kernel, statuses, files: [file({ expected: entries, actual: entries })] }))).toEqual(
      [],
    );
  });

  test("with --root only documents and files are compared", () => {
    const offline = {
      offline: true,
      kernel: kernelState([]),
      networkd: { running: false, reason: "x", mask: null },
      statuses: new Map(),
    };
    expect(audit(input(offline))).toEqual([]);
    expect(audit(input({ ...offline, files: [file({ actualText: null })] })).map(({ code }) => code)).toEqual([
      "dropin-missing",
    ]);
  });

  test("a finding says whose, where, what is expected, what is there, and what to do", () => {
    expect(audit(input({ kernel: kernelState(["br0"], [live[0]!, kernelNeighbor(changed)]) }))).toEqual([
      {
        code: "kernel-differs",
        severity: "error",
        layer: "kernel",
        owner: "vm",
        link: "br0",
        expected: "neighbor 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent",
        actual: "neighbor 10.0.0.1 lladdr 02:00:00:00:00:02 dev br0 nud permanent",
        message: "the kernel has another neighbor under this key",
        fix: "netkeep audit --repair",
      },
    ]);
  });

  test("a document that this user may not read is not called broken", () => {
    const problems = ["cannot read /etc/netkeep/desired.d/b.yaml: permission denied"];
    expect(audit(input({ broken: [{ owner: "b", source: "/etc/netkeep/desired.d/b.yaml", problems }] }))).toEqual([
      expect.objectContaining({
        code: "document-broken",
        message: expect.stringMatching(/^the document of b cannot be read; /),
        fix: "run it as root, or let others read the document",
      }),
    ]);
  });

  test("what networkd alone still has is named as people name it, though only its key is known", () => {
    const neighborKey = entryKey(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0"));
    const keys = [neighborKey, "route 254 10.9.0.0/16 0", "route 100 2001:db8::/64 1024", "rule 4 100 from all"];
    const held = new Map(keys.map((key) => [key, key === neighborKey ? null : 107] as const));
    expect(audit(input({ statuses: view({ held }) })).map(({ actual }) => actual)).toEqual([
      "neighbor 10.0.0.9 dev br0",
      "route 10.9.0.0/16",
      "route 2001:db8::/64 table 100 metric 1024",
      "rule 4 100 from all",
    ]);
  });

  test("a networkd that is masked is unmasked where it is masked, before it can be enabled", () => {
    const fix = (mask: "persistent" | "runtime" | null) =>
      audit(input({ networkd: { running: false, reason: "x", mask }, statuses: new Map() }))[0]?.fix;
    const start = "systemctl enable --now systemd-networkd; the drop-ins are loaded when it starts";
    const units = "systemd-networkd.service systemd-networkd.socket";
    expect(fix(null)).toBe(start);
    expect(fix("persistent")).toBe(`systemctl unmask ${units}; ${start}`);
    expect(fix("runtime")).toBe(`systemctl unmask --runtime ${units}; ${start}`);
  });

  test("an info is no drift", () => {
    expect(isDrift(audit(input({ kernel: kernelState(["br1"]), statuses: new Map() })))).toBe(false);
    expect(isDrift(audit(input({ reloadPending: true })))).toBe(true);
    expect(isDrift([])).toBe(false);
  });
});
