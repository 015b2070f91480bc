import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, apply, audit, type Document, noNetworkd, withdrawn } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { shadow } from "./support/shadow.ts";

const guests = (count: number, dev = "br0") =>
  Array.from({ length: count }, (_, index) => ({
    name: `g${index}`,
    dev,
    mac: `52:00:00:00:01:${index.toString(16).padStart(2, "0")}`,
    addresses: [`198.51.100.${index + 1}`],
  }));

async function dropIn(ns: Namespace, link: string): Promise<string> {
  return ns.read(`/etc/systemd/network/60-netkeep-${link}.network.d/60-netkeep.conf`);
}

/** A route, what the kernel says of it, and its destination as it would stand in the drop-in. */
const refused: readonly (readonly [string, Document, RegExp])[] = [
  ["a gateway that is not on the link", { to: "10.1.0.0/16", via: "203.0.113.9", dev: "br0" }, /invalid gateway/],
  [
    "an IPv6 gateway that is nowhere",
    { to: "3fff:1::/48", via: "3fff:2::9", dev: "br0" },
    /No route to host|invalid gateway/,
  ],
  [
    "a source that the host has not",
    { to: "10.1.0.0/16", dev: "br0", src: "203.0.113.1" },
    /Invalid prefsrc address|Invalid source address/,
  ],
  [
    "a hop of several that is not on its link",
    {
      to: "10.1.0.0/16",
      "next-hops": [
        { via: "192.0.2.9", dev: "br0" },
        { via: "203.0.113.9", dev: "br1" },
      ],
    },
    /invalid gateway/,
  ],
];

test.concurrent.each(refused)(
  "%s: the others go on, the entry is named and in no drop-in",
  async (_, route, reason) => {
    await inNamespace(async (ns) => {
      const routes = [{ to: "10.0.0.0/16", dev: "br0" }, route, { to: "10.2.0.0/16", dev: "br0" }];
      const result = await apply(ns, "a", { routes, guests: guests(3) });
      expect(result).toMatchObject({ status: 2, outcome: { kernel: 8, missing: [] } });
      expect(result.outcome?.refused).toHaveLength(1);
      expect(result.outcome?.refused[0]?.entry).toContain(String(route["to"]));
      expect(result.outcome?.refused[0]?.reason).toMatch(reason);
      expect(await ipText(ns)).toHaveLength(8);
      const text = await dropIn(ns, "br0");
      expect(text.match(/^Destination=/gm)).toHaveLength(5);
      expect(text).not.toContain(`Destination=${route["to"]}\n`);
      await withdrawn(ns, "a");
      expect(await ipText(ns)).toEqual([]);
    })();
  },
);

test.concurrent(
  "a next hop that is only reached by a route of the same document is no refusal",
  inNamespace(async (ns) => {
    const routes = [
      { to: "10.1.0.0/16", via: "203.0.113.9", dev: "br0" },
      { to: "3fff:1::/48", via: "3fff:2::9", dev: "br0" },
      { to: "203.0.113.9", dev: "br0" },
      { to: "3fff:2::9", dev: "br0" },
    ];
    await applied(ns, "a", { routes });
    expect(await ipText(ns)).toHaveLength(4);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([]);
  }),
);

test.concurrent(
  "a neighbor that stops the batch is the only one that is missing",
  inNamespace(async (ns) => {
    await ns.sh("sysctl -qw net.ipv6.conf.br1.disable_ipv6=1");
    const neighbors = Array.from({ length: 200 }, (_, index) => ({
      address: index % 2 === 0 ? `2001:db8:7::${index + 1}` : `198.51.100.${index}`,
      mac: "52:00:00:00:00:01",
      dev: "br0",
    }));
    const culprit = { address: "2001:db8:7::ffff", mac: "52:00:00:00:00:01", dev: "br1" };
    const document = {
      neighbors: [...neighbors.slice(0, 100), culprit, ...neighbors.slice(100)],
      guests: guests(20, "br1"),
    };
    const result = await apply(ns, "a", document);
    expect(result).toMatchObject({ status: 2, outcome: { kernel: 240, missing: [] } });
    expect(result.outcome?.refused).toMatchObject([{ entry: expect.stringContaining("2001:db8:7::ffff") }]);
    expect(await ipText(ns)).toHaveLength(240);
    expect(await dropIn(ns, "br1")).not.toContain("2001:db8:7::ffff");
    expect((await dropIn(ns, "br0")).match(/^Address=/gm)).toHaveLength(200);
    await ns.sh("sysctl -qw net.ipv6.conf.br1.disable_ipv6=0");
    await applied(ns, "a", document);
    expect(await ipText(ns)).toHaveLength(241);
    expect(await dropIn(ns, "br1")).toContain("2001:db8:7::ffff");
  }),
);

test.concurrent(
  "where two batches run at once, what one refuses and what stops the other are told apart",
  inNamespace(async (ns) => {
    await ns.sh("sysctl -qw net.ipv6.conf.br1.disable_ipv6=1");
    const many = Array.from({ length: 1500 }, (_, index) => ({
      name: `g${index}`,
      dev: "br0",
      mac: "52:00:00:00:00:01",
      addresses: [`10.8.${index >> 8}.${index & 255}`],
    }));
    const stopping = { address: "2001:db8:7::ffff", mac: "52:00:00:00:00:01", dev: "br1" };
    const wrong = { to: "10.9.0.0/16", dev: "br0", src: "203.0.113.1" };
    const behind = { to: "10.10.0.0/16", via: "10.8.0.7", dev: "br0" };
    const document = { guests: many, neighbors: [stopping], routes: [wrong, behind] };
    const result = await apply(ns, "a", document);
    expect(result).toMatchObject({ status: 2, outcome: { kernel: 3001, missing: [] } });
    expect(result.outcome?.refused.map(({ entry }) => entry).sort()).toEqual([
      expect.stringContaining("10.9.0.0/16"),
      expect.stringContaining("2001:db8:7::ffff"),
    ]);
    expect(await ipText(ns)).toHaveLength(3001);
    expect((await dropIn(ns, "br0")).match(/^\[/gm)).toHaveLength(3001);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([]);
  }),
);

test.concurrent(
  "several neighbors that stop the batch are each named",
  inNamespace(async (ns) => {
    await ns.sh("sysctl -qw net.ipv6.conf.br1.disable_ipv6=1");
    const wrong = [1, 2, 3, 4].map((n) => ({ address: `2001:db8:7::${n}`, mac: "52:00:00:00:00:01", dev: "br1" }));
    const result = await apply(ns, "a", { neighbors: wrong, guests: guests(20) });
    expect(result).toMatchObject({ status: 2, outcome: { kernel: 40, missing: [] } });
    expect(result.outcome?.refused).toHaveLength(4);
    expect(await ipText(ns)).toHaveLength(40);
  }),
);

test.concurrent(
  "a neighbor that vanishes before it is deleted stops nothing",
  inNamespace(async (ns) => {
    await applied(ns, "a", { guests: guests(30) });
    const env = await shadow(ns, {
      ip: 'case "$*" in *-batch*) for n in 1 7 8 30; do $real neigh del 198.51.100.$n dev br0 2>/dev/null; done;; esac',
    });
    const result = await apply(ns, "a", { guests: guests(40).slice(20) }, [], { env });
    expect(result, result.stderr).toMatchObject({ status: noNetworkd, outcome: { refused: [], missing: [] } });
    expect(await ipText(ns)).toHaveLength(40);
    expect(await audit(ns)).toEqual([]);
  }),
);

test.concurrent(
  "a link that vanishes before the batch is reported for its entries, and the others are there",
  inNamespace(async (ns) => {
    const env = await shadow(ns, { ip: 'case "$*" in *-batch*) $real link del br1 2>/dev/null;; esac' });
    const document = { guests: guests(5), neighbors: [{ address: "192.0.3.7", mac: "52:00:00:00:00:01", dev: "br1" }] };
    const result = await apply(ns, "a", document, [], { env });
    expect(result.status).toBe(2);
    expect(result.outcome?.refused).toMatchObject([{ entry: expect.stringContaining("192.0.3.7") }]);
    expect(await ipText(ns)).toHaveLength(10);
  }),
);
