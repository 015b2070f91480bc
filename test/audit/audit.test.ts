import { describe, expect, test } from "vitest";
import { audit, isDrift } from "../../src/audit/audit.ts";
import type { AuditInput, FileComparison, NetworkdView } from "../../src/audit/input.ts";
import { type Entry, entryKey } from "../../src/model/entry.ts";
import { findingCodes } from "../../src/model/finding.ts";
import { kernelNeighbor, kernelRoute, kernelState, neighbor, route } from "../support/build.ts";

const guest = [route("10.0.0.1", "br0"), neighbor("10.0.0.1", "02:00:00:00:00:01", "br0")] as const;
const [direct, peer] = guest;
const path = "/etc/systemd/network/10-br0.network.d/60-netkeep.conf";
const byKey = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entryKey(entry), entry]));
const live = [kernelRoute(direct), kernelNeighbor(peer)];

function file(more: Partial<FileComparison> = {}): FileComparison {
  const both = { expectedText: "text", actualText: "text", expected: byKey(guest), actual: byKey(guest) };
  return { path, link: "br0", ...both, editedByHand: false, unreadable: null, ...more };
}

function view(more: Partial<NetworkdView> = {}): Map<string, NetworkdView> {
  const entries = new Map([[entryKey(direct), "static"]]);
  const loaded = { state: "configured", baseFile: "/etc/systemd/network/10-br0.network", dropIns: [path], entries };
  return new Map([["br0", { ...loaded, ...more }]]);
}

/** A host where all four layers agree. */
function input(more: Partial<AuditInput> = {}): AuditInput {
  return {
    offline: false,
    entries: byKey(guest),
    ownersOf: () => ["vm"],
    conflicts: [],
    broken: [],
    notes: [],
    kernel: kernelState(["br0"], live),
    record: { protocol: 107, recorded: byKey(guest), scope: null },
    files: [file()],
    networkd: { running: true, reason: "" },
    statuses: view(),
    reloadPending: false,
    ...more,
  };
}

const changed = neighbor("10.0.0.1", "02:00:00:00:00:02", "br0");
const other = route("10.9.0.0/16", "br0");

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
    { files: [file(), file({ path: `${path}2`, expectedText: null, expected: new Map() })] },
    ["dropin-extra"],
  ],
  ["the same entries in another text", { files: [file({ actualText: "x", editedByHand: true })] }, ["dropin-edited"]],
  [
    "networkd cannot read the drop-in",
    { files: [file({ actualText: null, unreadable: "mode 0600" })] },
    ["dropin-unreadable"],
  ],
  [
    "networkd does not run",
    { networkd: { running: false, reason: "systemd-networkd is not running" }, statuses: new Map() },
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
  ["a document is broken", { broken: [{ owner: "b", problems: ["b.yaml:1:1: wrong"] }] }, ["document-broken"]],
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
    const statuses = view({ dropIns: null, entries: new Map() });
    expect(audit(input({ entries, kernel, statuses, files: [file({ expected: entries, actual: entries })] }))).toEqual(
      [],
    );
  });

  test("with --root only documents and files are compared", () => {
    const offline = {
      offline: true,
      kernel: kernelState([]),
      networkd: { running: false, reason: "x" },
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

  test("an info is no drift", () => {
    expect(isDrift(audit(input({ kernel: kernelState(["br1"]), statuses: new Map() })))).toBe(false);
    expect(isDrift(audit(input({ reloadPending: true })))).toBe(true);
    expect(isDrift([])).toBe(false);
  });
});
