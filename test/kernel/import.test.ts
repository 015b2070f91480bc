import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { audit, noNetworkd } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { eventsOf } from "./support/monitor.ts";

const mac = "52:02:45:76:d2:35";

/** As CloudStack's modifymacip.sh sets a guest, then what people type. */
const byHand = `
for address in 2.57.57.30/32 2001:678:3a4:100::80/128 fe80::5002:45ff:fe76:d235/128; do
  ip neigh replace "\${address%/*}" lladdr ${mac} dev br0 nud permanent
  ip route replace "$address" dev br0
done
ip neigh add 2.57.57.40 lladdr 52:02:45:76:d2:40 dev br1 nud permanent
ip route add 2.57.57.40/32 dev br1 proto static
ip neigh add 192.0.2.77 lladdr 52:00:00:00:00:77 dev br0 nud permanent
ip route add 203.0.113.0/24 via 192.0.2.9
ip -6 route add 3fff:100::/64 via 2001:db8:1::10 proto static
ip -6 route add 3fff:200::/56 via fe80::2 dev br1 metric 200 table 100 mtu 1400
ip route add 10.9.0.0/16 proto static nexthop via 192.0.2.9 dev br0 weight 3 nexthop via 192.0.3.9 dev br1
ip route add 10.8.0.0/16 dev br1 scope global src 192.0.3.1 mtu 1400 advmss 1300 initcwnd 20
ip route add 10.7.0.0/16 via 203.0.114.1 dev br0 onlink
ip -6 route add 3fff:300::/48 nexthop via fe80::9 dev br0 nexthop via fe80::8 dev br1
`;
/** Of others, or without words. */
const others = `
ip route add 198.51.100.3/32 dev br0 proto bgp
ip -6 route add 3fff:400::/48 dev peer1 proto ra
ip route add 198.51.100.4/32 dev br0 proto 201
ip neigh add 198.51.100.5 lladdr ${mac} dev br0 nud permanent protocol zebra
ip route add 198.51.100.6/32 dev br0 mtu lock 1400
ip route add 198.51.100.7/32 encap ip id 5 dst 1.2.3.4 dev br0
ip route add blackhole 198.51.100.8/32
ip rule add from 192.0.2.0/24 lookup 77 priority 3200
`;
const withoutMark = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/ (proto (107|static)|onlink)\b/g, "")).sort();

test.concurrent(
  "the document sets the same on a fresh host, whoever installed it here",
  inNamespace(async (ns) => {
    await ns.sh(byHand);
    const there = await ipText(ns);
    await ns.sh(others);
    const printed = await ns.netkeep(["import", "--all"]);
    expect(printed.status).toBe(0);
    expect(printed.stdout).toContain("link-local: eui64");
    expect(printed.stderr).toMatch(
      /policy rule from 192\.0\.2\.0\/24 lookup 77 priority 3200: no route tells its link/,
    );
    expect(printed.stderr).toMatch(/198\.51\.100\.7 encap ip id 5 .* dst 1\.2\.3\.4/);
    expect(printed.stderr).toMatch(/"mtu lock 1400"/);
    await inNamespace(async (fresh) => {
      const result = await fresh.netkeep(["apply", "-"], { input: printed.stdout });
      expect(result, result.stderr).toMatchObject({ status: noNetworkd });
      expect(withoutMark(await ipText(fresh))).toEqual(withoutMark(there));
      expect(await audit(fresh)).toEqual([]);
    })();
  }),
);

test.concurrent(
  "--adopt replaces in place: no entry goes, not for a moment, and the audit is content",
  inNamespace(async (ns) => {
    await ns.sh(byHand + others);
    const before = await ipText(ns);
    const events = await eventsOf(ns, async () => {
      const result = await ns.netkeep(["import", "--all", "--adopt"]);
      expect(result, result.stderr).toMatchObject({ status: noNetworkd });
    });
    expect(events.length).toBeGreaterThan(5);
    expect(events.filter((event) => event.startsWith("Deleted"))).toEqual([]);
    const after = await ipText(ns);
    expect(withoutMark(after)).toEqual(withoutMark(before));
    expect(after.filter((line) => line.includes("proto 107")).length).toBe(11);
    expect(await audit(ns)).toEqual([]);
    const shown = await ns.netkeep(["show"]);
    expect(shown.stdout).toMatch(/^cloudstack:br0:52:02:45:76:d2:35 {2}runtime, 6 entries/m);
    expect(shown.stdout).toMatch(/^imported {2}persistent, /m);
    const again = await ns.netkeep(["import", "--all", "--adopt"]);
    expect(again).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("nothing to take over") });
  }),
);

test.concurrent(
  "the agent's delete after --adopt takes the guest, and nothing else",
  inNamespace(async (ns) => {
    await ns.sh(byHand);
    await ns.netkeep(["import", "br0", "--adopt"]);
    await ns.netkeep(["hook", "--strict", "cloudstack", "-o", "delete", "-b", "br0", "-m", mac]);
    const left = (await ipText(ns)).join("\n");
    expect(left).not.toMatch(/2\.57\.57\.30|100::80|fe80::5002/);
    expect(left).toMatch(/192\.0\.2\.77/);
    expect(left).toMatch(/2\.57\.57\.40/);
    expect(await audit(ns)).toEqual([]);
  }),
);

test.concurrent(
  "10,000 addresses are imported in seconds",
  inNamespace(async (ns) => {
    const lines = Array.from({ length: 10_000 }, (_, index) => {
      const [address, last] = [`10.${index >> 8}.${index & 255}.1`, (index & 0xffff).toString(16).padStart(4, "0")];
      const of = `52:00:00:00:${last.slice(0, 2)}:${last.slice(2)}`;
      return `neigh replace ${address} lladdr ${of} dev br0 nud permanent\nroute replace ${address}/32 dev br0\n`;
    });
    await ns.run("ip", ["-batch", "-"], { input: lines.join("") });
    const printed = await ns.netkeep(["import", "br0", "-j"]);
    const { guests } = JSON.parse(printed.stdout) as { guests: unknown[] };
    expect(guests).toHaveLength(10_000);
  }),
);
