import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, audit, repair, withdrawn } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const mac = "52:00:00:00:00:01";
const guest = { name: "g", dev: "br0", mac, addresses: ["198.51.100.1", "2001:db8:9::1"] };
const document = { guests: [guest] };
const kept = { guests: [{ name: "k", dev: "br0", mac: "52:00:00:00:00:02", addresses: ["198.51.100.2"] }] };

/** Sets the guest's neighbors as networkd does: without a mark. `neigh replace` would leave the old one. */
async function setUnmarked(ns: Namespace, lladdr: string): Promise<void> {
  for (const address of guest.addresses) {
    await ns.sh(`ip neigh del ${address} dev br0; ip neigh add ${address} lladdr ${lladdr} dev br0 nud permanent`);
  }
}

test.concurrent(
  "neighbors that networkd set from our drop-in go with their owner",
  inNamespace(async (ns) => {
    await applied(ns, "k", kept);
    const before = await ipText(ns);
    await applied(ns, "a", document);
    await setUnmarked(ns, mac);
    expect((await ipText(ns)).filter((line) => /PERMANENT$/.test(line))).toHaveLength(2);
    expect(await audit(ns)).toEqual([]);
    expect((await applied(ns, "a", document)).outcome).toMatchObject({ kernel: 0 });
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual(before);
  }),
);

test.concurrent(
  "a neighbor that a foreign hand changed is repaired while it is wanted",
  inNamespace(async (ns) => {
    await applied(ns, "a", document);
    await setUnmarked(ns, "52:00:00:00:00:99");
    expect((await audit(ns)).map(({ code }) => code)).toEqual(["kernel-differs", "kernel-differs"]);
    expect(await repair(ns)).toEqual([]);
    expect((await ipText(ns)).filter((line) => line.includes(`lladdr ${mac} PERMANENT proto 107`))).toHaveLength(2);
  }),
);

test.concurrent(
  "a neighbor that a foreign hand changed is not deleted with the owner: it is not what we set",
  inNamespace(async (ns) => {
    await applied(ns, "a", document);
    await setUnmarked(ns, "52:00:00:00:00:99");
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([
      "198.51.100.1 dev br0 lladdr 52:00:00:00:00:99 PERMANENT",
      "2001:db8:9::1 dev br0 lladdr 52:00:00:00:00:99 PERMANENT",
    ]);
  }),
);

test.concurrent(
  "a route whose mark somebody's replace took away is marked again, and is not deleted without it",
  inNamespace(async (ns) => {
    await applied(ns, "a", document);
    await ns.sh("ip route replace 198.51.100.1/32 dev br0; ip route replace 2001:db8:9::1/128 dev br0");
    expect((await ipText(ns)).filter((line) => /proto/.test(line) && !/PERMANENT/.test(line))).toEqual([]);
    expect(await repair(ns)).toEqual([]);
    expect((await ipText(ns)).filter((line) => /proto 107/.test(line))).toHaveLength(4);
    await ns.sh("ip route replace 198.51.100.1/32 dev br0");
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual(["198.51.100.1 dev br0 scope link"]);
  }),
);

test.concurrent(
  "entries with our mark and without an owner are found and removed",
  inNamespace(async (ns) => {
    await applied(ns, "k", kept);
    const before = await ipText(ns);
    await ns.sh(`
      ip route add 203.0.113.1/32 dev br0 proto 107
      ip route add 203.0.113.0/24 dev br1 table 77 metric 9 proto 107
      ip route add 10.0.0.0/8 proto 107 nexthop via 192.0.2.9 dev br0 nexthop via 192.0.3.9 dev br1
      ip route add prohibit 10.1.0.0/16 proto 107
      ip route add 3fff::/64 dev br0 proto 107
      ip route add blackhole 3fff:1::/64 proto 107
      ip -6 route add 3fff:2::/64 proto 107 nexthop via 2001:db8::9 dev br0 nexthop via 2001:db8:1::9 dev br1
      ip neigh add 203.0.113.1 lladdr ${mac} dev br0 nud permanent protocol 107
      ip neigh add fe80::77 lladdr ${mac} dev br1 nud permanent protocol 107
      ip route add 203.0.113.2/32 dev br0 proto 108
      ip neigh add 203.0.113.2 lladdr ${mac} dev br0 nud permanent protocol 108
    `);
    expect((await audit(ns)).map(({ code }) => code)).toEqual(Array(9).fill("kernel-extra"));
    expect(await repair(ns)).toEqual([]);
    const others = [
      "203.0.113.2 dev br0 proto 108 scope link",
      `203.0.113.2 dev br0 lladdr ${mac} PERMANENT proto 108`,
    ];
    expect(await ipText(ns)).toEqual([...before, ...others].sort());
  }),
);
