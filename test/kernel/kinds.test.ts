import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { applied, audit, type Document, withdrawn } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const mac = "52:00:00:00:00:01";
const hops4 = [
  { via: "192.0.2.9", dev: "br0" },
  { via: "192.0.3.9", dev: "br1", weight: 3 },
];
const hops6 = [
  { via: "2001:db8::9", dev: "br0", weight: 256 },
  { via: "fe80::9", dev: "br1" },
];
const hopWords4 = "nexthop via 192.0.2.9 dev br0 weight 1 nexthop via 192.0.3.9 dev br1 weight 3";
const hopWords6 = "nexthop via 2001:db8::9 dev br0 weight 256 nexthop via fe80::9 dev br1 weight 1";

/** An element of `routes`, and what `ip route` prints of it. */
const routes: readonly (readonly [Document, string])[] = [
  [{ to: "198.51.100.1", dev: "br0" }, "198.51.100.1 dev br0 proto 107 scope link"],
  [{ to: "198.51.100.2/31", dev: "br0" }, "198.51.100.2/31 dev br0 proto 107 scope link"],
  [{ to: "10.0.0.0/8", dev: "br0", metric: 4294967295 }, "10.0.0.0/8 dev br0 proto 107 scope link metric 4294967295"],
  [{ to: "10.0.0.0/8", dev: "br1", metric: 0 }, "10.0.0.0/8 dev br1 proto 107 scope link"],
  [{ to: "10.1.0.0/16", via: "192.0.2.9", dev: "br0" }, "10.1.0.0/16 via 192.0.2.9 dev br0 proto 107"],
  [
    { to: "10.2.0.0/16", via: "203.0.113.9", dev: "br0", "on-link": true },
    "10.2.0.0/16 via 203.0.113.9 dev br0 proto 107 onlink",
  ],
  [{ to: "10.3.0.0/16", via: "2001:db8::9", dev: "br0" }, "10.3.0.0/16 via inet6 2001:db8::9 dev br0 proto 107"],
  [{ to: "10.4.0.0/16", via: "fe80::9", dev: "br1" }, "10.4.0.0/16 via inet6 fe80::9 dev br1 proto 107 onlink"],
  [{ to: "10.5.0.0/16", dev: "br0", table: 100 }, "10.5.0.0/16 dev br0 table 100 proto 107 scope link"],
  [
    { to: "default", via: "192.0.2.9", dev: "br0", table: 4294967295 },
    "default via 192.0.2.9 dev br0 table 4294967295 proto 107",
  ],
  [{ to: "10.6.0.0/16", dev: "br0", type: "blackhole" }, "blackhole 10.6.0.0/16 proto 107"],
  [{ to: "10.7.0.0/16", dev: "br0", type: "unreachable" }, "unreachable 10.7.0.0/16 proto 107"],
  [{ to: "10.8.0.0/16", dev: "br0", type: "prohibit" }, "prohibit 10.8.0.0/16 proto 107"],
  [{ to: "10.9.0.0/16", dev: "br0", type: "throw", table: 100 }, "throw 10.9.0.0/16 table 100 proto 107"],
  [{ to: "10.10.0.1", dev: "br0", type: "local" }, "local 10.10.0.1 dev br0 table local proto 107 scope host"],
  [{ to: "10.11.0.0/16", dev: "br0", src: "192.0.2.1" }, "10.11.0.0/16 dev br0 proto 107 scope link src 192.0.2.1"],
  [{ to: "10.12.0.0/16", dev: "br0", scope: "global" }, "10.12.0.0/16 dev br0 proto 107"],
  [
    { to: "10.13.0.0/16", dev: "br0", mtu: 1400, initcwnd: 20, initrwnd: 30, advmss: 1360 },
    "10.13.0.0/16 dev br0 proto 107 scope link mtu 1400 advmss 1360 initcwnd 20 initrwnd 30",
  ],
  [{ to: "10.14.0.0/16", "next-hops": hops4 }, `10.14.0.0/16 proto 107 ${hopWords4}`],
  [
    { to: "10.14.0.0/16", "next-hops": hops4, metric: 7, table: 100 },
    `10.14.0.0/16 table 100 proto 107 metric 7 ${hopWords4}`,
  ],
  [{ to: "2001:db8:9::1", dev: "br0" }, "2001:db8:9::1 dev br0 proto 107 metric 1024"],
  [{ to: "2001:db8:9::1", dev: "br1", metric: 1 }, "2001:db8:9::1 dev br1 proto 107 metric 1"],
  [{ to: "fe80::1234", dev: "br0" }, "fe80::1234 dev br0 proto 107 metric 1024"],
  [
    { to: "2001:db8:a::/48", via: "2001:db8::9", dev: "br0" },
    "2001:db8:a::/48 via 2001:db8::9 dev br0 proto 107 metric 1024",
  ],
  [
    { to: "2001:db8:b::/48", via: "fe80::9", dev: "br0" },
    "2001:db8:b::/48 via fe80::9 dev br0 proto 107 metric 1024 onlink",
  ],
  [
    { to: "2001:db8:c::/48", via: "3fff::9", dev: "br0", "on-link": true },
    "2001:db8:c::/48 via 3fff::9 dev br0 proto 107 metric 1024 onlink",
  ],
  [{ to: "2001:db8:d::/48", dev: "br0", table: 100 }, "2001:db8:d::/48 dev br0 table 100 proto 107 metric 1024"],
  [{ to: "2001:db8:e::/48", dev: "br0", type: "blackhole" }, "blackhole 2001:db8:e::/48 dev lo proto 107 metric 1024"],
  [
    { to: "2001:db8:f::/48", dev: "br0", type: "unreachable" },
    "unreachable 2001:db8:f::/48 dev lo proto 107 metric 1024",
  ],
  [{ to: "2001:db8:10::/48", dev: "br0", type: "prohibit" }, "prohibit 2001:db8:10::/48 dev lo proto 107 metric 1024"],
  [
    { to: "2001:db8:11::/48", dev: "br0", type: "throw", table: 100 },
    "throw 2001:db8:11::/48 dev lo table 100 proto 107 metric 1024",
  ],
  [
    { to: "2001:db8:12::1", dev: "br0", type: "local" },
    "local 2001:db8:12::1 dev br0 table local proto 107 metric 1024",
  ],
  [
    { to: "2001:db8:13::/48", dev: "br0", src: "2001:db8:0::1" },
    "2001:db8:13::/48 dev br0 proto 107 src 2001:db8::1 metric 1024",
  ],
  [
    { to: "2001:db8:14::/48", dev: "br0", mtu: 1400, initcwnd: 20, advmss: 1340 },
    "2001:db8:14::/48 dev br0 proto 107 metric 1024 mtu 1400 advmss 1340 initcwnd 20",
  ],
  [
    { to: "2001:db8:16::/48", dev: "br0", preference: "low" },
    "2001:db8:16::/48 dev br0 proto 107 metric 1024 pref low",
  ],
  [
    { to: "2001:db8:17::/48", via: "2001:db8::9", dev: "br0", preference: "high", table: "local", initrwnd: 9 },
    "2001:db8:17::/48 via 2001:db8::9 dev br0 table local proto 107 metric 1024 initrwnd 9 pref high",
  ],
  [{ to: "2001:db8:18::/48", dev: "br0", preference: "medium" }, "2001:db8:18::/48 dev br0 proto 107 metric 1024"],
  [{ to: "2001:db8:15::/48", "next-hops": hops6 }, `2001:db8:15::/48 proto 107 metric 1024 ${hopWords6}`],
];

/** An element of `neighbors` or `guests`, and what `ip` prints of it. */
const neighbors: readonly (readonly [Document, string])[] = [
  [{ address: "192.0.2.7", mac, dev: "br0" }, `192.0.2.7 dev br0 lladdr ${mac} PERMANENT proto 107`],
  [
    { address: "192.0.2.7", mac: "5200.0000.0002", dev: "br1" },
    "192.0.2.7 dev br1 lladdr 52:00:00:00:00:02 PERMANENT proto 107",
  ],
  [{ address: "2001:DB8:0::7", mac, dev: "br0" }, `2001:db8::7 dev br0 lladdr ${mac} PERMANENT proto 107`],
  [{ address: "fe80::7", mac, dev: "br0" }, `fe80::7 dev br0 lladdr ${mac} PERMANENT proto 107`],
  [{ address: "::ffff:192.0.2.7", mac, dev: "br0" }, `::ffff:192.0.2.7 dev br0 lladdr ${mac} PERMANENT proto 107`],
];
const guest = { name: "g", dev: "br0", mac, addresses: ["198.51.100.77", "2001:db8:77::1"], "link-local": "eui64" };
const guestLines = [
  "198.51.100.77 dev br0 proto 107 scope link",
  "2001:db8:77::1 dev br0 proto 107 metric 1024",
  "fe80::5000:ff:fe00:1 dev br0 proto 107 metric 1024",
  `198.51.100.77 dev br0 lladdr ${mac} PERMANENT proto 107`,
  `2001:db8:77::1 dev br0 lladdr ${mac} PERMANENT proto 107`,
  `fe80::5000:ff:fe00:1 dev br0 lladdr ${mac} PERMANENT proto 107`,
];
const router = {
  name: "r",
  upstream: "2001:db8::53",
  prefixes: ["2001:db8:100::/64"],
  "extra-prefixes": ["3fff:1::/48"],
};
const routerLines = [
  "2001:db8:100::/64 via 2001:db8::53 dev br0 proto 107 metric 1024",
  "3fff:1::/48 via 2001:db8::53 dev br0 proto 107 metric 1024",
];
const all = {
  routes: routes.map(([route]) => route),
  neighbors: neighbors.map(([neighbor]) => neighbor),
  guests: [guest],
  routers: [router],
};
const allLines = [...[...routes, ...neighbors].map(([, line]) => line), ...guestLines, ...routerLines].sort();

test.concurrent(
  "every kind of entry is in the kernel as written, stays as it is, and goes",
  inNamespace(async (ns) => {
    const before = await ipText(ns);
    await applied(ns, "a", all);
    expect(await ipText(ns)).toEqual(allLines);
    expect(await audit(ns)).toEqual([]);
    expect((await applied(ns, "a", all)).outcome).toMatchObject({ kernel: 0, files: [] });
    expect(await ipText(ns)).toEqual(allLines);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual(before);
    expect(await ns.sh("ls -A /etc/systemd/network /var/lib/netkeep/owners")).not.toMatch(/netkeep-|json/);
  }),
);

test.concurrent(
  "each goes alone, and the others stay",
  inNamespace(async (ns) => {
    await applied(ns, "a", all);
    for (let start = 0; start < 4; start++) {
      const stays = <T>(list: readonly T[]) => list.filter((_, index) => index % 4 === start);
      await applied(ns, "a", {
        routes: stays(routes).map(([route]) => route),
        neighbors: stays(neighbors).map(([neighbor]) => neighbor),
      });
      expect(await ipText(ns)).toEqual([...stays(routes), ...stays(neighbors)].map(([, line]) => line).sort());
    }
  }),
);

test.concurrent(
  "an entry of two owners goes with the second",
  inNamespace(async (ns) => {
    await applied(ns, "a", { guests: [guest] });
    await applied(ns, "b", { guests: [guest] });
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([...guestLines].sort());
    await withdrawn(ns, "b");
    expect(await ipText(ns)).toEqual([]);
  }),
);
