import { describe, expect, test } from "vitest";
import { type Entry, entryKey, entryTitle } from "../../src/model/entry.ts";
import type { OwnRecord } from "../../src/model/ownership.ts";
import type { KernelState } from "../../src/model/state.ts";
import { keyedDiff } from "../../src/plan/diff.ts";
import { planFiles } from "../../src/plan/files.ts";
import { canBeLive, planKernel } from "../../src/plan/kernel.ts";
import { indexKernel } from "../../src/plan/kernelDiff.ts";
import { routeLimit } from "../../src/plan/limits.ts";
import { concurrentSteps } from "../../src/plan/steps.ts";
import { kernelNeighbor, kernelRoute, kernelState, neighbor, route } from "../support/build.ts";

const byKey = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entryKey(entry), entry]));
const plan = (wanted: readonly Entry[], kernel: KernelState, recorded: readonly Entry[] = [], adopt = false) => {
  const record: OwnRecord = { protocol: 107, recorded: byKey(recorded), scope: null };
  const { changes, notes, waiting } = planKernel(byKey(wanted), kernel, record, adopt);
  return {
    changes: changes.map(({ action, entry }) => `${action} ${entryTitle(entry)}`),
    notes: notes.map(({ level, text }) => `${level}: ${text}`),
    waiting: waiting.map(entryTitle),
  };
};
const nothing = { changes: [], notes: [], waiting: [] };
const peer = neighbor("10.0.0.1", "02:00:00:00:00:01", "br0");
const moved = neighbor("10.0.0.1", "02:00:00:00:00:02", "br0");
const direct = route("10.0.0.1", "br0");

describe("planKernel", () => {
  test("what is there already, by us or by networkd, needs nothing", () => {
    const kernel = kernelState(["br0"], [kernelRoute(direct), kernelNeighbor(peer, null)]);
    expect(plan([direct, peer], kernel)).toEqual(nothing);
  });

  test("the order is safe: neighbors, routes on the link, routes by a next hop; then the same backwards", () => {
    const via = route("10.1.0.0/16", "br0", { via: "10.0.0.1" });
    const hops = [{ gateway: via.gateway, link: "br0", weight: 1, onLink: false }];
    const multi = route("10.2.0.0/16", "br0", { nextHops: hops });
    const old = [
      kernelNeighbor(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0")),
      kernelRoute(route("10.0.0.9", "br0")),
      kernelRoute(route("10.9.0.0/16", "br0", { via: "10.0.0.9" })),
    ];
    expect(plan([multi, via, direct, peer], kernelState(["br0"], old)).changes).toEqual([
      "add neighbor 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent",
      "add route 10.0.0.1/32 dev br0 proto 107 scope link",
      "add route 10.2.0.0/16 proto 107 nexthop via 10.0.0.1 dev br0 weight 1",
      "add route 10.1.0.0/16 via 10.0.0.1 dev br0 proto 107",
      "remove route 10.9.0.0/16 via 10.0.0.9 dev br0 proto 107",
      "remove route 10.0.0.9/32 dev br0 proto 107 scope link",
      "remove neighbor 10.0.0.9 lladdr 02:00:00:00:00:09 dev br0 nud permanent",
    ]);
  });

  test("two ip at once only where both have much to do, and what needs their work comes after it", () => {
    const addresses = Array.from({ length: 1000 }, (_, n) => `10.3.${n >> 8}.${n & 255}`);
    const neighbors = addresses.map((address) => neighbor(address, "02:00:00:00:00:01", "br0"));
    const routes = addresses.map((address) => route(address, "br0"));
    const via = route("10.1.0.0/16", "br0", { via: "10.3.0.0" });
    const old = kernelNeighbor(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0"));
    const kernel = kernelState(["br0"], [old]);
    const record: OwnRecord = { protocol: 107, recorded: byKey([old]), scope: null };
    const steps = (wanted: readonly Entry[]) =>
      concurrentSteps(planKernel(byKey(wanted), kernel, record, false).changes).map((step) =>
        step.map((batch) => batch.map(({ entry }) => entry)),
      );
    expect(steps([via, ...routes, ...neighbors])).toEqual([[routes, neighbors], [[via, old]]]);
    expect(steps([...routes.slice(1), ...neighbors])).toEqual([[[...neighbors, ...routes.slice(1), old]]]);
    expect(steps(routes)).toEqual([[[...routes, old]]]);
    expect(steps([])).toEqual([[[old]]]);
  });

  test("foreign entries are not ours to remove", () => {
    const foreign = [
      kernelRoute(route("10.9.0.0/16", "br0", { protocol: 4 })),
      kernelNeighbor(peer, null),
      kernelNeighbor(moved, 3),
    ];
    expect(plan([], kernelState(["br0"], foreign))).toEqual(nothing);
  });

  test.each([
    ["ours with another MAC: replaced", kernelNeighbor(moved), [], []],
    ["without a mark, but recorded: replaced", kernelNeighbor(moved, null), [peer], []],
  ])("%s", (_, found, recorded, notes) => {
    const { changes, notes: said } = plan([peer], kernelState(["br0"], [found]), recorded);
    expect(changes).toEqual(["replace neighbor 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent"]);
    expect(said).toEqual(notes);
  });

  test("foreign with another content: refused, or replaced when told to adopt", () => {
    const kernel = kernelState(["br0"], [kernelNeighbor(moved, null)]);
    const text =
      "the foreign neighbor 10.0.0.1 lladdr 02:00:00:00:00:02 dev br0 nud permanent stands where 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent is wanted; --adopt replaces it";
    expect(plan([peer], kernel)).toEqual({ changes: [], notes: [`refusal: ${text}`], waiting: [] });
    expect(plan([peer], kernel, [], true)).toMatchObject({
      changes: [expect.stringMatching(/^replace neighbor/)],
      notes: [expect.stringMatching(/^warning: replaces the foreign neighbor/)],
    });
  });

  test("foreign with the same content: taken over, and said", () => {
    const kernel = kernelState(["br0"], [kernelRoute(route("10.0.0.1", "br0", { protocol: 4 }))]);
    expect(plan([direct], kernel)).toEqual({
      changes: ["replace route 10.0.0.1/32 dev br0 proto 107 scope link"],
      notes: ["info: takes over the route 10.0.0.1/32 dev br0 proto 4 scope link, which somebody else installed"],
      waiting: [],
    });
  });

  test("a link that is missing or down: what the kernel would refuse waits", () => {
    const blackhole = route("10.9.0.0/16", "br9", { type: "blackhole" });
    const kernel = kernelState(["br0"], [], ["br1"]);
    const wanted = [
      route("10.1.0.0/16", "br1"),
      neighbor("10.1.0.1", "02:00:00:00:00:01", "br1"),
      route("10.2.0.0/16", "br9"),
      neighbor("10.2.0.1", "02:00:00:00:00:01", "br9"),
      blackhole,
    ];
    expect(wanted.map((entry) => canBeLive(entry, kernel))).toEqual([false, true, false, false, true]);
    expect(plan(wanted, kernel).waiting).toEqual([
      "route 10.1.0.0/16 dev br1 proto 107 scope link",
      "route 10.2.0.0/16 dev br9 proto 107 scope link",
      "neighbor 10.2.0.1 lladdr 02:00:00:00:00:01 dev br9 nud permanent",
    ]);
  });

  test("IPv6 has one key on several links: ours counts first", () => {
    const [ours, theirs] = [
      kernelRoute(route("fe80::/64", "br0")),
      kernelRoute(route("fe80::/64", "br1", { protocol: 2 })),
    ];
    for (const entries of [
      [ours, theirs],
      [theirs, ours],
    ]) {
      expect([...indexKernel(kernelState(["br0", "br1"], entries), 107).values()]).toEqual([ours]);
    }
  });
});

test("keyedDiff: each key in one of four groups", () => {
  const wanted = new Map([
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
  const found = new Map([
    ["b", 2],
    ["c", 4],
    ["d", 5],
  ]);
  expect(keyedDiff(wanted, found, (one, other) => one === other)).toEqual({
    add: [1],
    keep: [2],
    replace: [{ wanted: 3, found: 4 }],
    extra: [5],
  });
});

describe("planFiles", () => {
  const base = "/etc/systemd/network/60-netkeep-br0.network";
  const dropIn = `${base}.d/60-netkeep.conf`;
  test("only what differs; drop-ins before the base file, writes before removals", () => {
    const rendered = [
      { path: base, text: "B" },
      { path: dropIn, text: "D" },
      { path: "/etc/same", text: "S" },
    ];
    const onDisk = new Map([
      ["/etc/same", "S"],
      [dropIn, "old"],
      ["/etc/left", "L"],
      ["/etc/x.d/left", "L"],
    ]);
    expect(planFiles(rendered, onDisk)).toEqual([
      { action: "write", path: dropIn, text: "D", before: "old" },
      { action: "write", path: base, text: "B", before: null },
      { action: "remove", path: "/etc/x.d/left", before: "L" },
      { action: "remove", path: "/etc/left", before: "L" },
    ]);
  });
});

test.each<[number | null, [number | null, number | null], number]>([
  [null, [null, null], 20_000],
  [252, [2_147_483_647, 2_147_483_647], 20_000],
  [257, [2_147_483_647, 2_147_483_647], 8192],
  [257, [null, null], 8192],
  [257, [2_147_483_647, 10_000], 14_096],
  [262, [2_147_483_647, 100_000], 20_000],
  [257, [100, 100], 8192],
])("networkd %s with max_size %j loads %i routes", (version, sizes, limit) => {
  expect(routeLimit(version, sizes)).toBe(limit);
});
