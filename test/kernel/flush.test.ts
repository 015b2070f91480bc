import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, audit, repair } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const mac = "52:00:00:00:00:01";
const document = {
  guests: [
    { name: "g", dev: "br0", mac, addresses: ["198.51.100.1", "2001:db8:9::1"] },
    { name: "h", dev: "br1", mac, addresses: ["198.51.100.2", "2001:db8:9::2"] },
  ],
  routes: [
    { to: "10.0.0.0/8", via: "198.51.100.1", dev: "br0" },
    { to: "3fff::/48", via: "2001:db8:9::1", dev: "br0" },
    { to: "3fff:1::/48", via: "fe80::9", dev: "br0", table: 77 },
    { to: "10.1.0.0/16", dev: "br0", type: "blackhole" },
    { to: "3fff:2::/48", dev: "br0", type: "blackhole" },
  ],
  neighbors: [{ address: "fe80::9", mac, dev: "br0" }],
};
const whole = 14;

/** What is done to br0, and how many entries an audit then finds missing. */
const cases: readonly (readonly [string, { does: string; lost: number }])[] = [
  ["another MAC flushes the neighbors", { does: "ip link set br0 address 02:00:00:00:00:aa", lost: 3 }],
  ["the same MAC flushes the neighbors too", { does: "ip link set br0 address 02:00:00:00:00:00", lost: 3 }],
  ["down and up takes all but blackholes", { does: "ip link set br0 down; ip link set br0 up", lost: 8 }],
  [
    "IPv6 off and on takes what is IPv6",
    { does: "sysctl -qw net.ipv6.conf.br0.disable_ipv6=1 net.ipv6.conf.br0.disable_ipv6=0", lost: 5 },
  ],
  ["a small MTU takes what is IPv6", { does: "ip link set br0 mtu 1200; ip link set br0 mtu 1500", lost: 5 }],
  [
    "a flush takes all",
    { does: "ip route flush proto 107; ip -6 route flush proto 107; ip neigh flush all nud permanent", lost: 13 },
  ],
];

test.concurrent.each(cases)("%s: the audit names each, the repair restores them", async (_, { does, lost }) => {
  await inNamespace(async (ns) => {
    await applied(ns, "a", document);
    const before = await ipText(ns);
    expect(before).toHaveLength(whole);
    await ns.sh(does);
    const after = await ipText(ns);
    const findings = await audit(ns);
    expect(findings.map(({ code }) => code)).toEqual(Array(lost).fill("kernel-missing"));
    expect(new Set(findings.map(({ expected }) => expected)).size).toBe(lost);
    expect(before.length - after.length).toBe(lost);
    expect(await repair(ns)).toEqual([]);
    expect(await ipText(ns)).toEqual(before);
  })();
});

test.concurrent(
  "a link that is down keeps its entries waiting, and gets them when it is up",
  inNamespace(async (ns) => {
    await ns.sh("ip link set br0 down");
    await applied(ns, "a", document);
    expect(await routesOf(ns, "br0")).toEqual([]);
    expect(await routesOf(ns, "br1")).toHaveLength(2);
    await ns.sh("ip link set br0 up");
    expect(await repair(ns)).toEqual([]);
    expect(await ipText(ns)).toHaveLength(whole);
  }),
);

test.concurrent(
  "a link that appears later gets its entries then",
  inNamespace(async (ns) => {
    await ns.sh("ip link del br1");
    await applied(ns, "a", { ...document, links: { br1: { kind: "bridge" } } });
    expect(await ipText(ns)).toHaveLength(whole - 4);
    await ns.sh("ip link add br1 type bridge; ip link set br1 up");
    expect((await audit(ns)).map(({ code }) => code)).toEqual(Array(4).fill("kernel-missing"));
    expect(await repair(ns)).toEqual([]);
    expect(await ipText(ns)).toHaveLength(whole);
  }),
);

async function routesOf(ns: Namespace, link: string): Promise<string[]> {
  return (await ipText(ns)).filter((line) => line.includes(`dev ${link}`) && !line.includes("PERMANENT"));
}
