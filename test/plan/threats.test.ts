import { describe, expect, test } from "vitest";
import { entryKey } from "../../src/model/entry.ts";
import type { Route } from "../../src/model/route.ts";
import { type ReloadFacts, reloadThreats, threatText } from "../../src/plan/threats.ts";
import { kernelNeighbor, kernelRoute, kernelState, neighbor, route } from "../support/build.ts";

/** Foreign entries on br0, whose files change, and on br1, whose files do not. */
const kinds = {
  "route, proto static": kernelRoute(route("10.1.0.0/16", "br0", { protocol: 4 })),
  "route, proto bgp": kernelRoute(route("10.2.0.0/16", "br0", { protocol: 186 })),
  "IPv6 route, proto bgp": kernelRoute(route("2001:db8:2::/48", "br0", { protocol: 186 })),
  "route, proto kernel": kernelRoute(route("10.3.0.0/16", "br0", { protocol: 2 })),
  "route in table 100": kernelRoute(route("10.4.0.0/16", "br0", { protocol: 186, table: 100 })),
  "route by a nexthop object": kernelRoute(route("10.5.0.0/16", "br0", { protocol: 186, via: "10.0.0.1" }), {
    objects: true,
  }),
  "blackhole, proto static": kernelRoute(route("10.6.0.0/16", "", { protocol: 4, type: "blackhole" })),
  "blackhole, proto bgp": kernelRoute(route("10.7.0.0/16", "", { protocol: 186, type: "blackhole" })),
  "permanent neighbor": kernelNeighbor(neighbor("10.0.0.9", "02:00:00:00:00:09", "br0"), null),
  "route on another link": kernelRoute(route("10.8.0.0/16", "br1", { protocol: 186 })),
  "neighbor on another link": kernelNeighbor(neighbor("10.0.0.8", "02:00:00:00:00:09", "br1"), null),
} as const;
type Kind = keyof typeof kinds;

const record = { protocol: 107, recorded: new Map(), scope: null };
const kernel = kernelState(["br0", "br1"], Object.values(kinds));
const facts = (more: Partial<ReloadFacts>): ReloadFacts => ({
  version: 252,
  leaves: { routes: false, rules: false, nextHops: false },
  links: new Set(["br0"]),
  flapping: new Set(),
  unguarded: new Set(),
  desired: new Set(),
  ownedByNetworkd: () => false,
  ...more,
});

/** Kind → "lost" or "restored"; what is kept is left out. */
function fates(more: Partial<ReloadFacts>): Partial<Record<Kind, string>> {
  const names = new Map(Object.entries(kinds).map(([name, entry]) => [entryKey(entry), name]));
  const threats = reloadThreats(kernel, record, facts(more));
  return Object.fromEntries(
    threats.map(({ entry, restorable }) => [names.get(entryKey(entry)), restorable ? "restored" : "lost"]),
  );
}

/** The column "reload" of what was measured, with KeepConfiguration= as our drop-in sets it. */
describe("what a reload deletes of others", () => {
  const noMark = { leaves: { routes: true, rules: true, nextHops: true } };
  const lostByDefault = {
    "route, proto bgp": "lost",
    "IPv6 route, proto bgp": "lost",
    "route in table 100": "lost",
    "route by a nexthop object": "lost",
    "blackhole, proto static": "lost",
    "blackhole, proto bgp": "lost",
    "permanent neighbor": "restored",
  };
  const unguarded = { ...lostByDefault, "route, proto static": "lost" };
  test.each<[string, Partial<ReloadFacts>, Partial<Record<Kind, string>>]>([
    ["252, KeepConfiguration=static", {}, lostByDefault],
    [
      "252, static and ManageForeign*=no",
      noMark,
      { "route by a nexthop object": "lost", "permanent neighbor": "restored" },
    ],
    ["257, KeepConfiguration=yes", { version: 257 }, {}],
    ["262, yes and ManageForeign*=no", { version: 262, ...noMark }, {}],
    ["a version that is not known is taken for the worst", { version: null }, lostByDefault],
    ["257, where something undoes KeepConfiguration=", { version: 257, unguarded: new Set(["br0"]) }, unguarded],
    [
      "257, the same and ManageForeign*=no",
      { version: 257, ...noMark, unguarded: new Set(["br0"]) },
      { "route by a nexthop object": "lost", "permanent neighbor": "restored" },
    ],
    ["257, undone on a link that is not set up anew", { version: 257, unguarded: new Set(["br1"]) }, {}],
    ["no file changes", { links: new Set() }, {}],
    [
      "252, no, and the link's IPv4 address flaps: IPv4 routes go with it and can be set again",
      { ...noMark, flapping: new Set(["br0"]) },
      {
        "route, proto static": "restored",
        "route, proto bgp": "restored",
        "route in table 100": "restored",
        "route by a nexthop object": "lost",
        "permanent neighbor": "restored",
      },
    ],
  ])("%s", (_, more, expected) => {
    expect(fates(more)).toEqual(expected);
  });

  test("not what is ours, what will be ours, or what networkd keeps by itself", () => {
    const neighborKey = entryKey(kinds["permanent neighbor"]);
    expect(fates({ desired: new Set([neighborKey]) })).not.toHaveProperty("permanent neighbor");
    expect(fates({ ownedByNetworkd: (key) => key === neighborKey })).not.toHaveProperty("permanent neighbor");
    const marked: Route = route("10.2.0.0/16", "br0");
    expect(reloadThreats(kernelState(["br0"], [kernelRoute(marked)]), record, facts({}))).toEqual([]);
  });

  test("in words", () => {
    const [threat] = reloadThreats(kernelState(["br0"], [kinds["route, proto bgp"]]), record, facts({}));
    expect(threatText(threat!)).toBe("route 10.2.0.0/16 dev br0 proto 186 scope link");
  });
});
