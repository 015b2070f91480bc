import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { applied, apply, audit, withdrawn } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const mac = "52:00:00:00:00:01";
const document = {
  routes: [
    { to: "198.51.100.1", dev: "br0" },
    { to: "3fff::1", dev: "br0" },
    { to: "10.1.0.0/16", via: "192.0.2.9", dev: "br0" },
  ],
  neighbors: [
    { address: "198.51.100.1", mac, dev: "br0" },
    { address: "fe80::7", mac, dev: "br0" },
  ],
};

/** Routes of all installers and neighbors with and without a mark, none of them under a key of the document. */
const foreign = `
ip route add 198.51.100.2/32 dev br0
ip route add 198.51.100.1/32 dev br0 metric 50 proto static
ip route add 198.51.100.1/32 dev br1 table 100 proto bgp
ip route add 203.0.113.0/24 via 192.0.3.9 dev br1 proto 200
ip route add blackhole 10.1.0.0/24 proto bird
ip route add 3fff::1/128 dev br0 metric 50 proto static
ip route add 3fff::2/128 dev br1 proto zebra
ip route add unreachable 3fff:1::/48 proto boot
ip route add 10.9.0.0/16 proto static nexthop via 192.0.2.9 dev br0 nexthop via 192.0.3.9 dev br1
ip neigh add 198.51.100.2 lladdr ${mac} dev br0 nud permanent
ip neigh add 198.51.100.1 lladdr ${mac} dev br1 nud permanent protocol static
ip neigh add fe80::7 lladdr ${mac} dev br1 nud permanent
ip neigh add 192.0.2.77 lladdr ${mac} dev br0 nud reachable
ip neigh add proxy 198.51.100.9 dev br0
`;

test.concurrent(
  "entries of others stay, whoever set them",
  inNamespace(async (ns) => {
    await ns.sh(foreign);
    const before = await ipText(ns);
    expect(before).toHaveLength(12);
    await applied(ns, "a", document);
    const both = await ipText(ns);
    expect(both).toHaveLength(17);
    expect(both).toEqual(expect.arrayContaining(before));
    expect(await audit(ns)).toEqual([]);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual(before);
    expect(await ns.sh("ip neigh show proxy")).toMatch(/198\.51\.100\.9/);
    expect(await ns.sh("ip neigh show 192.0.2.77")).toMatch(/192\.0\.2\.77/);
  }),
);

test.concurrent(
  "the same entry of somebody else is taken over",
  inNamespace(async (ns) => {
    await ns.sh(`
      ip route add 198.51.100.1/32 dev br0 proto static
      ip route add 3fff::1/128 dev br0
      ip route add 10.1.0.0/16 via 192.0.2.9 dev br0 proto bird
      ip neigh add 198.51.100.1 lladdr ${mac} dev br0 nud permanent
    `);
    const result = await applied(ns, "a", document);
    expect(result.stdout).toMatch(/takes over the route 198\.51\.100\.1\/32/);
    const lines = await ipText(ns);
    expect(lines).toHaveLength(5);
    expect(lines.filter((line) => line.includes("proto 107"))).toHaveLength(4);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([]);
  }),
);

const inTheWay = [
  ["a route on another link", "ip route add 198.51.100.1/32 dev br1 proto static"],
  ["a route by a next hop", "ip route add 198.51.100.1/32 via 192.0.3.9 dev br1"],
  ["a blackhole", "ip route add blackhole 198.51.100.1/32"],
  ["a multipath route", "ip route add 10.1.0.0/16 nexthop via 192.0.2.9 dev br0 nexthop via 192.0.3.9 dev br1"],
  ["an IPv6 route on another link", "ip route add 3fff::1/128 dev br1 metric 1024 proto bgp"],
  ["an IPv6 blackhole", "ip route add blackhole 3fff::1/128 metric 1024"],
  ["a neighbor with another MAC", "ip neigh add 198.51.100.1 lladdr 52:00:00:00:00:99 dev br0 nud permanent"],
  ["an IPv6 neighbor with another MAC", "ip neigh add fe80::7 lladdr 52:00:00:00:00:99 dev br0 nud permanent"],
] as const;

test.concurrent.each(inTheWay)("%s under our key is refused, and replaced with --adopt", async (_, command) => {
  await inNamespace(async (ns) => {
    await ns.sh(command);
    const before = await ipText(ns);
    const refused = await apply(ns, "a", document);
    expect(refused).toMatchObject({ status: 2, outcome: null });
    expect(refused.stderr).toMatch(/nothing was changed/);
    expect(await ipText(ns)).toEqual(before);
    expect(await ns.sh("find /etc/systemd/network /etc/netkeep /var/lib/netkeep -type f")).toBe("");
    await applied(ns, "a", document, ["--adopt"]);
    const lines = await ipText(ns);
    expect(lines).toHaveLength(5);
    expect(lines.every((line) => line.includes("proto 107"))).toBe(true);
  })();
});

test.concurrent(
  "of two IPv6 routes under one key on two links, that of the other stays",
  inNamespace(async (ns) => {
    await applied(ns, "a", document);
    await ns.sh("ip -6 route append 3fff::1/128 dev br1 metric 1024 proto static");
    const foreignLine = "3fff::1 dev br1 proto static metric 1024";
    expect(await ipText(ns)).toContain(foreignLine);
    await applied(ns, "a", document);
    expect(await ipText(ns)).toContain(foreignLine);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([foreignLine]);
  }),
);
