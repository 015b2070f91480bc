import { describe, expect, test } from "vitest";
import { type Entry, entryKey, entryTitle } from "../../src/model/entry.ts";
import { isOursToRemove, isOursToReplace } from "../../src/model/ownership.ts";
import { linksOf, type Route, routeText, routeTextOfAnyone } from "../../src/model/route.ts";
import { kernelNeighbor, kernelRoute, neighbor, route } from "../support/build.ts";

const hops = [
  { gateway: route("10.0.0.0/8", "a", { via: "192.0.2.2" }).gateway, link: "br1", weight: 2, onLink: false },
  { gateway: null, link: "br0", weight: 1, onLink: true },
];

describe("routeText is what ip-route(8) reads", () => {
  test.each<[Route, string]>([
    [route("2.57.57.30", "br0"), "2.57.57.30/32 dev br0 proto 107 scope link"],
    [route("2001:db8::80", "br0"), "2001:db8::80/128 dev br0 proto 107 metric 1024"],
    [route("10.0.0.0/8", "br0", { via: "192.0.2.1" }), "10.0.0.0/8 via 192.0.2.1 dev br0 proto 107"],
    [route("10.0.0.0/8", "br0", { via: "fe80::2" }), "10.0.0.0/8 via inet6 fe80::2 dev br0 proto 107"],
    [
      route("::/0", "br0", { via: "fe80::2", onLink: true, table: 100, metric: 5 }),
      "::/0 via fe80::2 dev br0 onlink table 100 proto 107 metric 5",
    ],
    [route("10.0.0.0/8", "br0", { type: "blackhole" }), "blackhole 10.0.0.0/8 proto 107"],
    [route("10.0.0.0/8", "br0", { type: "local" }), "local 10.0.0.0/8 dev br0 table 255 proto 107 scope host"],
    [route("10.0.0.0/8", "br0", { scope: "global" }), "10.0.0.0/8 dev br0 proto 107 scope global"],
    [
      route("10.0.0.0/8", "br0", { nextHops: hops }),
      "10.0.0.0/8 proto 107 nexthop via 192.0.2.2 dev br1 weight 2 nexthop dev br0 onlink weight 1",
    ],
    [
      route("10.0.0.0/8", "br0", { metrics: { mtu: 1400, advmss: 1360, initcwnd: 20 }, source: "192.0.2.1" as never }),
      "10.0.0.0/8 dev br0 proto 107 scope link src 192.0.2.1 advmss 1360 initcwnd 20 mtu 1400",
    ],
  ])("%#", (made, text) => {
    expect(routeText(made)).toBe(text);
  });

  test("without the protocol two installers say the same", () => {
    const [ours, theirs] = [route("10.0.0.0/8", "br0"), route("10.0.0.0/8", "br0", { protocol: 4 })];
    expect(routeText(ours)).not.toBe(routeText(theirs));
    expect(routeTextOfAnyone(ours)).toBe(routeTextOfAnyone(theirs));
  });
});

test("keys: attributes do not count, the type of object does", () => {
  expect(entryKey(route("10.0.0.0/8", "a"))).toBe(
    entryKey(route("10.0.0.0/8", "b", { via: "192.0.2.1", protocol: 4 })),
  );
  expect(entryKey(route("10.0.0.0/8", "a"))).not.toBe(entryKey(route("10.0.0.0/8", "a", { metric: 1 })));
  expect(entryKey(route("10.0.0.0/8", "a"))).not.toBe(entryKey(route("10.0.0.0/8", "a", { table: 100 })));
  const [one, two] = ["52:02:45:76:d2:35", "52:02:45:76:d2:36"].map((mac) => neighbor("2.57.57.30", mac, "br0"));
  expect(entryKey(one!)).toBe(entryKey(two!));
  expect(entryKey(one!)).not.toBe(entryKey(neighbor("2.57.57.30", "52:02:45:76:d2:35", "br1")));
  expect(entryTitle(one!)).toBe("neighbor 2.57.57.30 lladdr 52:02:45:76:d2:35 dev br0 nud permanent");
});

test("the links that packets leave by", () => {
  expect(linksOf(route("10.0.0.0/8", "br0"))).toEqual(["br0"]);
  expect(linksOf(route("10.0.0.0/8", "br0", { nextHops: hops }))).toEqual(["br1", "br0"]);
});

describe("ownership without a memory", () => {
  const wanted = route("10.0.0.0/8", "br0");
  const peer = neighbor("2.57.57.30", "52:02:45:76:d2:35", "br0");
  const record = {
    protocol: 107,
    scope: null,
    recorded: new Map<string, Entry>([
      [entryKey(peer), peer],
      [entryKey(wanted), wanted],
    ]),
  };
  const other = neighbor("2.57.57.30", "52:02:45:76:d2:99", "br0");
  test.each([
    ["our mark", kernelRoute(route("10.9.0.0/16", "br0")), true, true],
    ["another protocol, not recorded", kernelRoute(route("10.9.0.0/16", "br0", { protocol: 4 })), false, false],
    ["another protocol on our key", kernelRoute(route("10.0.0.0/8", "br0", { protocol: 4 })), true, false],
    ["no mark, just as our drop-in says", kernelNeighbor(peer, null), true, true],
    ["no mark, our key, another MAC", kernelNeighbor(other, null), true, false],
    ["our mark, another MAC", kernelNeighbor(other), true, true],
    ["no mark, another key", kernelNeighbor(neighbor("2.57.57.31", "52:02:45:76:d2:35", "br0"), null), false, false],
  ])("%s: replace %s, remove %s", (_, entry, replace, remove) => {
    expect([isOursToReplace(entry, record), isOursToRemove(entry, record)]).toEqual([replace, remove]);
  });
});
