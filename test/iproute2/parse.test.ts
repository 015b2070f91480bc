import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseLinks } from "../../src/kernel/parseLinks.ts";
import { parseNeighbors } from "../../src/kernel/parseNeighbors.ts";
import { parseRoutes } from "../../src/kernel/parseRoutes.ts";
import { routeText } from "../../src/model/route.ts";

const captured = (name: string) => readFileSync(new URL(`captured/${name}.json`, import.meta.url), "utf8");

/** The text of a parsed route is the command that made it (captured/capture.sh), but for the words that ip adds. */
describe("routes of a real kernel", () => {
  const texts = (family: 4 | 6) => parseRoutes(captured(`route${family}`), family).map(routeText);

  test.each([
    "2.57.57.30/32 dev cloudbr0 proto 107 scope link",
    "203.0.113.9/32 dev cloudbr2 proto 107 scope link",
    "198.51.100.0/24 dev cloudbr0 table 100 proto 107 scope link",
    "blackhole 203.0.113.0/24 proto 107",
    "unreachable 203.0.113.128/25 proto 4 metric 50",
    "throw 10.77.0.0/16 table 100 proto 107",
    "10.1.0.0/16 proto 107 nexthop via 192.0.2.2 dev cloudbr1 weight 2 nexthop via 192.0.2.3 dev cloudbr1 weight 1",
    "10.2.0.0/16 via inet6 fe80::2 dev cloudbr1 proto 107",
    "10.3.0.0/16 via 192.0.2.9 dev cloudbr1 onlink proto 4 src 192.0.2.1 advmss 1360 initcwnd 20 mtu 1400",
    "10.4.0.0/16 dev cloudbr1 proto 3 scope global",
    "local 10.5.0.0/16 dev cloudbr0 table 255 proto 107 scope host",
    "10.6.0.0/16 dev cloudbr0 proto 107 scope site metric 50",
    "0.0.0.0/0 via 192.0.2.254 dev cloudbr1 proto 16 metric 100",
    "10.7.0.0/16 via 192.0.2.7 dev cloudbr1 proto 186",
    "10.8.0.0/16 dev cloudbr1 table 4294967295 proto 107 scope link mtu 1300",
    "10.9.0.0/16 proto 107 nexthop via inet6 fe80::9 dev cloudbr1 weight 3 nexthop dev cloudbr0 weight 1 nexthop via 192.0.2.88 dev cloudbr1 onlink weight 1",
    "192.0.2.0/24 dev cloudbr1 proto 2 scope link src 192.0.2.1",
  ])("%s", (text) => {
    expect(texts(4)).toContain(text);
  });

  test.each([
    "2001:678:3a4:100::80/128 dev cloudbr0 proto 107 metric 1024",
    "prohibit 2001:db8:dead::/48 proto 107 metric 1024",
    "blackhole 2001:db8:beef::/48 proto 107 metric 1024",
    "2001:db8:300::/48 proto 107 metric 200 nexthop via fe80::2 dev cloudbr1 weight 1 nexthop via fe80::3 dev cloudbr0 weight 5",
    "2001:db8:400::/48 via fe80::2 dev cloudbr1 onlink proto 107 metric 1024 mtu 1400",
    "::/0 via fe80::ff dev cloudbr1 proto 9 metric 512",
    "fe80::/64 dev cloudbr0 proto 2 metric 256",
  ])("%s", (text) => {
    expect(texts(6)).toContain(text);
  });

  test("the kernel's own routes in table local are left out, and what is neither unicast nor a type of ours", () => {
    expect(texts(4)).toHaveLength(17);
    expect(texts(6).filter((text) => /ff00::|table 255/.test(text))).toEqual([]);
  });

  test("a nexthop object shows, a lost carrier does not", () => {
    const routes = parseRoutes(captured("route4"), 4);
    expect(routes.filter((route) => route.objects).map((route) => route.destination)).toEqual(["10.7.0.0/16"]);
    expect(captured("route4")).toMatch(/"flags": ?\["linkdown"\]/);
    expect(routes.find((route) => route.link === "cloudbr2")).toMatchObject({ onLink: false });
  });

  test("nothing at all is printed as nothing at all", () => {
    expect([parseRoutes("", 4), parseRoutes("[]\n", 6), parseNeighbors("\n")]).toEqual([[], [], []]);
  });

  test("other shapes are an error, not an empty list", () => {
    expect(() => parseRoutes('[{"dev":"br0"}]', 4)).toThrow();
    expect(() => parseRoutes('{"dst":"default"}', 4)).toThrow();
    expect(() => parseNeighbors("[{}]")).toThrow();
  });
});

test("permanent neighbors of a real kernel, in canonical spelling, with or without a mark", () => {
  const found = parseNeighbors(captured("neigh"));
  expect(found.map(({ address, link, mac, protocol }) => [address, link, mac, protocol]).sort()).toEqual([
    ["192.0.2.77", "cloudbr1", "02:00:00:00:00:77", null],
    ["2.57.57.30", "cloudbr0", "52:02:45:76:d2:35", 107],
    ["2001:678:3a4:100::80", "cloudbr0", "52:02:45:76:d2:35", 107],
    ["::ffff:102:304", "cloudbr1", "02:00:00:00:00:79", null],
  ]);
});

describe("links of a real kernel", () => {
  const links = parseLinks(captured("address"), new Map([["lo", ""]]));

  test("up is the administrative state, carrier or not", () => {
    const up = [...links.values()].filter((link) => link.up).map((link) => link.name);
    expect(up).toEqual([
      "lo",
      "cloudbr0",
      "cloudbr0-g",
      "cloudbr0-p",
      "cloudbr1",
      "cloudbr1-g",
      "cloudbr1-p",
      "cloudbr2",
    ]);
    expect(links.get("cloudbr3")?.up).toBe(false);
  });

  test("addresses and their subnets", () => {
    expect(links.get("cloudbr1")?.addresses).toEqual([
      { address: "192.0.2.1", subnet: "192.0.2.0/24", dynamic: false },
      { address: "2001:db8:1::1", subnet: "2001:db8:1::/64", dynamic: false },
      { address: "fe80::c00:ff:fe00:17c5", subnet: "fe80::/64", dynamic: false },
    ]);
  });

  test("the group, the bridge of a port, and whether a bridge runs STP", () => {
    expect(links.get("cloudbr0")).toMatchObject({ group: 0, master: null, stp: false });
    expect(links.get("cloudbr0-p")).toMatchObject({ group: 0, master: "cloudbr0", stp: null });
    const text = captured("address")
      .replace(/"group": ?"default"/, '"group":"107"')
      .replace(/"stp_state": ?0/g, '"stp_state":1');
    const changed = parseLinks(text);
    expect([...changed.values()].filter(({ group }) => group === 107)).toHaveLength(1);
    expect(changed.get("cloudbr0")?.stp).toBe(true);
    expect(parseLinks(text.replace('"group":"107"', '"group":"guests"')).get("lo")?.group).toBeNull();
  });

  test("facts for [Match]", () => {
    expect(links.get("cloudbr3")?.facts).toMatchObject({
      kind: "bridge",
      driver: "bridge",
      type: "bridge",
      mac: "0e:00:00:00:19:c7",
      permanentMac: null,
      alternativeNames: ["storage-bridge"],
    });
    expect(links.get("cloudbr0-p")?.facts).toMatchObject({ kind: "veth", driver: "veth", type: "ether" });
    expect(links.get("lo")?.facts).toMatchObject({ kind: null, type: "loopback" });
    expect(parseLinks(captured("address")).get("lo")?.facts.type).toBeUndefined();
  });
});

describe("what ip does not print is refused, however much of it is right", () => {
  const link = { ifindex: 1, ifname: "lo", flags: ["UP"], mtu: 65536, link_type: "loopback" };
  const whole = {
    ...link,
    linkinfo: { info_kind: "dummy" },
    addr_info: [{ local: "127.0.0.1", prefixlen: 8, dynamic: true }],
  };
  const wrong: object[] = [
    ...Object.keys(link).map((field) => ({ [field]: null })),
    ...["altnames", "address", "permaddr", "group", "master"].map((field) => ({ [field]: 7 })),
    ...[{ info_kind: 7 }, { info_data: { stp_state: "0" } }, 7, []].map((linkinfo) => ({ linkinfo })),
    ...[{ local: 7 }, { prefixlen: "8" }, { dynamic: "yes" }, 7].map((item) => ({ addr_info: [item] })),
    { addr_info: {} },
    { ifindex: Number.NaN },
  ];
  test.each(wrong)("%j", (fields) => {
    const text = (item: object) => JSON.stringify([whole, item]);
    expect(parseLinks(text({ ...whole, ifname: "x" })).size).toBe(2);
    expect(() => parseLinks(text({ ...whole, ...fields }))).toThrow();
  });
});
