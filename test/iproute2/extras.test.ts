import { describe, expect, test } from "vitest";
import { parseNeighborExtras, parseRouteExtras } from "../../src/kernel/parseExtras.ts";
import { parseRoutes } from "../../src/kernel/parseRoutes.ts";
import { captured } from "../support/grownHost.ts";

const words = (extras: ReadonlyMap<string, { words: string }>) => [...extras].map(([key, extra]) => [key, extra.words]);

describe("what a document has no words for, in the text of a real `ip`", () => {
  test("IPv4 routes", () => {
    expect(words(parseRouteExtras(captured("route4.txt"), 4))).toEqual([
      ["route 254 198.51.100.1/32 0", "tos 0x10"],
      ["route 254 198.51.100.2/32 0", "mtu lock 1400"],
      ["route 254 198.51.100.3/32 0", "hoplimit 9 features ecn rto_min lock 200ms congctl cubic"],
      ["route 254 198.51.100.4/32 0", "nhid 7"],
      ["route 254 198.51.100.5/32 0", "realm 5"],
      ["route 254 198.51.100.6/32 0", "encap ip id 5 dst 1.2.3.4 ttl 0 tos 0"],
      ["route 254 198.51.100.8/32 0", "quickack 1"],
    ]);
  });

  test("IPv6 routes", () => {
    expect(words(parseRouteExtras(captured("route6.txt"), 6))).toEqual([
      ["route 254 3fff::3/128 1024", "from 3fff:9::/48"],
    ]);
  });

  test.each([
    [
      "198.51.100.7 \\\tnexthop via inet6 fe80::9 dev br0 weight 3 onlink linkdown \\\tnexthop dev br1 weight 1 dead",
      "",
    ],
    ["6 3fff:5::/48 dev lo metric 1024 error -22 pref medium", ""],
    ["198.51.100.7 dev br0 table 100 proto 4 scope 253 src 192.0.2.1 metric 5 mtu 1400 advmss 1360 initcwnd 20", ""],
    ["3fff::2 dev br0 metric 1024 expires 599sec pref medium", "expires 599sec"],
    ["198.51.100.7 via 192.0.2.9 dev br0 onlink proto 2 hoplimit 9", ""],
    ["10.0.0.0/8  encap mpls  100/200 via 192.0.2.9 dev br0 proto 186", "encap mpls 100/200"],
    ["Dump was interrupted and may be inconsistent.", ""],
  ])("%s", (line, expected) => {
    const [extra] = parseRouteExtras(`${line}\n`, line.includes("::") && !line.includes("inet6") ? 6 : 4).values();
    expect(extra?.words ?? "").toBe(expected);
  });

  test("neighbors", () => {
    expect([...parseNeighborExtras(captured("neigh.txt"))]).toEqual([
      [
        "neighbor cloudbr0 198.51.100.10",
        {
          words: "extern_learn",
          text: "198.51.100.10 dev cloudbr0 lladdr 52:00:00:00:00:01 extern_learn PERMANENT",
          link: "cloudbr0",
          protocol: 3,
        },
      ],
    ]);
  });
});

test("the JSON names a wrong destination for a route with an encapsulation, so it is not read", () => {
  const destinations = parseRoutes(captured("route4.json"), 4).map(({ destination }) => destination);
  expect(captured("route4.json")).toContain('"dst":"198.51.100.6"');
  expect(destinations).not.toContain("198.51.100.6/32");
  expect(destinations).not.toContain("1.2.3.4/32");
});
