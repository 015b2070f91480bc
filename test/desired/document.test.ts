import { describe, expect, test } from "vitest";
import { heads, read, titles } from "../support/documents.ts";

const mac = "52:02:45:76:d2:35";

describe("what a document becomes", () => {
  test("a guest: a route and a neighbor for each address, link-local on request", () => {
    const guest = (rest: string) =>
      `version: 1\nguests:\n  - { name: g, dev: br0, mac: 0E-00-A9-FE-FE-3B, addresses: [2.57.57.30], ${rest} }`;
    const plain = [
      "route 2.57.57.30/32 dev br0 proto 107 scope link",
      "neighbor 2.57.57.30 lladdr 0e:00:a9:fe:fe:3b dev br0 nud permanent",
    ];
    expect(titles(guest("link-local: off"))).toEqual(plain);
    expect(titles(guest("link-local: eui64"))).toEqual([
      ...plain,
      "route fe80::c00:a9ff:fefe:fe3b/128 dev br0 proto 107 metric 1024",
      "neighbor fe80::c00:a9ff:fefe:fe3b lladdr 0e:00:a9:fe:fe:3b dev br0 nud permanent",
    ]);
  });

  test("a router: its prefixes by its upstream, whose link is found or said", () => {
    const router = (upstream: string) =>
      `version: 1\nrouters: [{ name: r, ${upstream}, prefixes: ["2001:db8:100::/64"], extra-prefixes: [10.8.0.0/16] }]`;
    expect(titles(router('upstream: "2001:db8:1::10"'))).toEqual([
      "route 2001:db8:100::/64 via 2001:db8:1::10 dev cloudbr1 proto 107 metric 1024",
      "route 10.8.0.0/16 via inet6 2001:db8:1::10 dev cloudbr1 proto 107",
    ]);
    expect(titles(router('upstream: "fe80::10", dev: br7'))[0]).toBe(
      "route 2001:db8:100::/64 via fe80::10 dev br7 onlink proto 107 metric 1024",
    );
    expect(heads(router('upstream: "2001:db8:2::10"'))).toEqual([
      'd.yaml:2:32: routers.0.upstream: no link of this host has the subnet of 2001:db8:2::10: say it with "dev"',
    ]);
  });

  test.each([
    ["to: default, via: 192.0.2.254, dev: br1, table: 100", "0.0.0.0/0 via 192.0.2.254 dev br1 table 100 proto 107"],
    [
      'to: default, via: "fe80::1", dev: br1, table: 100',
      "::/0 via fe80::1 dev br1 onlink table 100 proto 107 metric 1024",
    ],
    [
      "to: default, next-hops: [{ via: 10.0.0.1, dev: br1 }], table: 9",
      "0.0.0.0/0 table 9 proto 107 nexthop via 10.0.0.1 dev br1 weight 1",
    ],
    ["to: 10.1.0.0/16, dev: br1, scope: global", "10.1.0.0/16 dev br1 proto 107 scope global"],
    ["to: 10.1.0.0/16, dev: br1, type: local", "local 10.1.0.0/16 dev br1 table 255 proto 107 scope host"],
    ['to: 10.1.0.0/16, dev: br1, via: "fe80::2", on-link: false', "10.1.0.0/16 via inet6 fe80::2 dev br1 proto 107"],
    [
      "to: 10.1.0.0/16, dev: br1, type: unreachable, metric: 4294967295",
      "unreachable 10.1.0.0/16 proto 107 metric 4294967295",
    ],
    ["to: 10.1.0.0/16, dev: br1, table: uplink2", "10.1.0.0/16 dev br1 table 202 proto 107 scope link"],
    ["to: 10.1.0.0/16, dev: br1, table: main", "10.1.0.0/16 dev br1 proto 107 scope link"],
    ["to: 2001:DB9::/32, dev: br1, preference: high", "2001:db9::/32 dev br1 proto 107 metric 1024 pref high"],
    ["to: 2001:DB9::/32, dev: br1, initrwnd: 9", "2001:db9::/32 dev br1 proto 107 metric 1024 initrwnd 9"],
    ["to: 2001:DB9::/32, dev: br1, mtu: 1280", "2001:db9::/32 dev br1 proto 107 metric 1024 mtu 1280"],
  ])("route { %s }", (keys, text) => {
    expect(titles(`version: 1\nroutes: [{ ${keys} }]`)).toEqual([`route ${text}`]);
  });

  test("the same entry twice is one; a route and a guest may name one address", () => {
    const text = `version: 1\nguests: [{ name: g, dev: br0, mac: "${mac}", addresses: [2.57.57.30, 2.57.57.30] }]\nroutes: [{ to: 2.57.57.30/32, dev: br0 }]`;
    expect(titles(text)).toHaveLength(2);
  });

  test("settings of links, and where entries come from", () => {
    const { state } = read(
      `version: 1\nlinks: { br0: { carrier: follow, kind: bridge } }\nneighbors: [{ address: 10.0.0.1, mac: "${mac}", dev: br0 }]`,
    );
    expect(Object.fromEntries(state?.links ?? [])).toEqual({ br0: { carrier: "follow", kind: "bridge" } });
    expect(state?.entries.map(({ path }) => path)).toEqual(["neighbors.0"]);
  });

  test("JSON is the same document, minified or with another order of keys", () => {
    const json = `{"guests":[{"mac":"${mac}","addresses":["2.57.57.30"],"dev":"br0","name":"g"}],"version":1}`;
    expect(titles(json)).toEqual(
      titles(`version: 1\nguests:\n- name: g\n  dev: br0\n  mac: ${mac}\n  addresses:\n  - 2.57.57.30\n`),
    );
  });
});

/** Every rule that looks at more than one value. */
describe("rules of a route", () => {
  test.each([
    ["to: 10.1.0.0/16", "routes.0.dev: is missing: the link whose drop-in carries the route"],
    ["to: default, dev: br0", 'routes.0.to: "default" without "via" has no family: write 0.0.0.0/0 or ::/0'],
    [
      "to: 10.1.0.0/16, dev: br0, via: 10.0.0.1, next-hops: [{ via: 10.0.0.1, dev: br0 }]",
      'routes.0.next-hops: stands beside "via" or "on-link": a route has one next hop or several',
    ],
    [
      "to: 10.1.0.0/16, dev: br0, type: blackhole, via: 10.0.0.1",
      "routes.0.type: a route of type blackhole has no next hop",
    ],
    [
      "to: 2001:db8::/32, dev: br0, via: 10.0.0.1",
      "routes.0.via: 10.0.0.1 is an IPv4 next hop for an IPv6 destination",
    ],
    [
      'to: 2001:db8::/32, next-hops: [{ via: "fe80::1", dev: br0 }, { via: 10.0.0.1, dev: br0 }]',
      "routes.0.next-hops.1.via: 10.0.0.1 is an IPv4 next hop for an IPv6 destination",
    ],
    ["to: 10.1.0.0/16, dev: br0, via: 224.0.0.1", "routes.0.via: 224.0.0.1 is not the address of a router"],
    ['to: 10.1.0.0/16, dev: br0, via: "ff02::1"', "routes.0.via: ff02::1 is not the address of a router"],
    ["to: 10.1.0.0/16, dev: br0, via: 0.0.0.0", "routes.0.via: 0.0.0.0 is not the address of a router"],
    [
      "to: 10.1.1.1, dev: br0, via: 10.1.1.1",
      'routes.0.via: 10.1.1.1 is the destination itself: leave "via" out for an address on the link',
    ],
    [
      "to: 10.1.0.0/16, dev: br0, on-link: true",
      'routes.0.on-link: says how the next hop is reached, and there is no "via"',
    ],
    ["to: 2001:db8::/32, dev: br0, metric: 0", "routes.0.metric: 0 is not a metric for IPv6: the kernel makes it 1024"],
    ["to: 2001:db8::/32, dev: br0, scope: link", "routes.0.scope: exists for IPv4 routes only"],
    ['to: 10.1.0.0/16, dev: br0, src: "2001:db8::1"', "routes.0.src: 2001:db8::1 is not of the destination's family"],
    ["to: 2001:db8::/32, dev: br0, mtu: 1279", "routes.0.mtu: must be at least 1280 for IPv6"],
  ])("{ %s }", (keys, problem) => {
    const found = heads(`version: 1\nroutes: [{ ${keys} }]`);
    expect(found.map((text) => text.replace(/^d\.yaml:2:\d+: /, ""))).toEqual([problem]);
  });

  test("one key with different content, within one document", () => {
    const text = `version: 1
neighbors:
  - { address: 10.0.0.1, mac: "${mac}", dev: br0 }
  - { address: 10.0.0.1, mac: "52:02:45:76:d2:36", dev: br0 }
routes:
  - { to: 10.9.0.0/16, type: blackhole, dev: br0 }
  - { to: 10.9.0.0/16, type: blackhole, dev: br1 }`;
    expect(read(text).problems).toEqual([
      `d.yaml:4:5: neighbors.1: the neighbor 10.0.0.1 on br0 is asked for twice: here "10.0.0.1 lladdr 52:02:45:76:d2:36 dev br0 nud permanent", in neighbors.0 "10.0.0.1 lladdr ${mac} dev br0 nud permanent"
      - { address: 10.0.0.1, mac: "52:02:45:76:d2:36", dev: br0 }
        ^
    leave one out`,
      `d.yaml:7:5: routes.1: the route to 10.9.0.0/16 (table 254, metric 0) is asked for twice: here "blackhole 10.9.0.0/16 proto 107 (in the drop-in of br1)", in routes.0 "blackhole 10.9.0.0/16 proto 107 (in the drop-in of br0)"
      - { to: 10.9.0.0/16, type: blackhole, dev: br1 }
        ^
    give one of them another metric, or leave one out`,
    ]);
  });
});

describe("guard rails", () => {
  const one = (entry: string) => heads(`version: 1\n${entry}`).map((text) => text.replace(/^d\.yaml:\d+:\d+: /, ""));
  test.each([
    [
      "routes: [{ to: 0.0.0.0/0, via: 10.0.0.1, dev: br0 }]",
      "routes.0: 0.0.0.0/0 is a default route; AllowDefaultRoute=yes in netkeep.conf(5) permits it",
    ],
    ["routes: [{ to: 224.0.0.0/4, dev: br0 }]", "routes.0: 224.0.0.0/4 is a multicast, loopback or unspecified prefix"],
    ["routes: [{ to: 127.0.0.0/8, dev: br0 }]", "routes.0: 127.0.0.0/8 is a multicast, loopback or unspecified prefix"],
    ['routes: [{ to: "ff00::/8", dev: br0 }]', "routes.0: ff00::/8 is a multicast, loopback or unspecified prefix"],
    ['routes: [{ to: "::1", dev: br0 }]', "routes.0: ::1/128 is a multicast, loopback or unspecified prefix"],
    [
      "routes: [{ to: 198.51.0.0/16, dev: br0 }]",
      "routes.0: 198.51.0.0/16 covers 198.51.100.2, an address of this host or its gateway",
    ],
    [
      "routes: [{ to: 198.51.100.1, dev: br0 }]",
      "routes.0: 198.51.100.1/32 covers 198.51.100.1, an address of this host or its gateway",
    ],
    [
      'routes: [{ to: "2001:db8::/32", dev: br0 }]',
      "routes.0: 2001:db8::/32 covers 2001:db8:ffff::2, an address of this host or its gateway",
    ],
    [
      `neighbors: [{ address: 239.1.1.1, mac: "${mac}", dev: br0 }]`,
      "neighbors.0: 239.1.1.1 is not the address of a guest",
    ],
    [
      `neighbors: [{ address: 198.51.100.1, mac: "${mac}", dev: br0 }]`,
      "neighbors.0: 198.51.100.1 is an address of this host or its gateway",
    ],
    ["routes: [{ to: 10.1.0.0/16, dev: eth0 }]", "routes.0: link eth0 is not in AllowLinks= of netkeep.conf(5)"],
    [
      "routes: [{ to: 10.1.0.0/16, dev: br0, next-hops: [{ via: 10.0.0.1, dev: eth0 }] }]",
      "routes.0: link eth0 is not in AllowLinks= of netkeep.conf(5)",
    ],
  ])("%s", (entry, problem) => {
    expect(one(entry)).toEqual([problem]);
  });

  test.each([
    "routes: [{ to: 198.51.100.3, dev: br0 }]",
    "routes: [{ to: 198.51.0.0/16, dev: br0, table: 100 }]",
    "routes: [{ to: 0.0.0.0/0, via: 10.0.0.1, dev: br0, table: 100 }]",
    'routes: [{ to: "fe80::1", dev: br0 }]',
  ])("%s is fine", (entry) => {
    expect(one(entry)).toEqual([]);
  });

  test("AllowDefaultRoute=yes", () => {
    const text = "version: 1\nroutes: [{ to: default, via: 10.0.0.1, dev: br0 }]";
    expect(heads(text)).toHaveLength(1);
    expect(heads(text, { allowDefaultRoute: true })).toEqual([]);
  });
});
