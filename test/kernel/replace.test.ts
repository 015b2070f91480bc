import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { applied, type Document, withdrawn } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { eventsOf } from "./support/monitor.ts";

/** How one destination can be reached, for both families. */
const forms: Readonly<Record<string, (v6: boolean) => Document>> = {
  onLink0: () => ({ dev: "br0" }),
  onLink1: () => ({ dev: "br1" }),
  via0: (v6) => ({ dev: "br0", via: v6 ? "2001:db8::9" : "192.0.2.9" }),
  via1: (v6) => ({ dev: "br1", via: v6 ? "2001:db8:1::9" : "192.0.3.9" }),
  linkLocal: () => ({ dev: "br1", via: "fe80::9" }),
  smallMtu: () => ({ dev: "br0", mtu: 1400 }),
  blackhole: () => ({ dev: "br0", type: "blackhole" }),
  unreachable: () => ({ dev: "br1", type: "unreachable" }),
  multipath: (v6) => multipath(v6, 1),
  weighted: (v6) => multipath(v6, 5),
};

function multipath(v6: boolean, weight: number): Document {
  const gateways = v6 ? ["2001:db8::9", "2001:db8:1::9"] : ["192.0.2.9", "192.0.3.9"];
  return {
    dev: "br0",
    "next-hops": gateways.map((via, index) => ({ via, dev: `br${index}`, weight: weight + index })),
  };
}

/** A destination for each ordered pair of forms and each family: what it is before and after. */
const moves = Object.keys(forms).flatMap((from, f) =>
  Object.keys(forms).flatMap((to, t) =>
    from === to
      ? []
      : [
          { to: `10.${f}.${t}.0/24`, before: form(from, false), after: form(to, false) },
          { to: `3fff:${f}:${t}::/48`, before: form(from, true), after: form(to, true) },
        ],
  ),
);

function form(name: string, v6: boolean): Document {
  return forms[name]?.(v6) ?? {};
}

const before = { routes: moves.map((move) => ({ to: move.to, ...move.before })) };
const after = { routes: moves.map((move) => ({ to: move.to, ...move.after })) };

test.concurrent(
  "every change of a route's form is one event in place, without a moment without the route",
  inNamespace(async (ns) => {
    await applied(ns, "a", after);
    const expected = await ipText(ns);
    await withdrawn(ns, "a");
    expect(await ipText(ns)).toEqual([]);
    await applied(ns, "a", before);
    const events = await eventsOf(ns, () => applied(ns, "a", after));
    expect(events.filter((event) => event.startsWith("Deleted"))).toEqual([]);
    expect([...events].sort()).toEqual(expected);
    expect(await ipText(ns)).toEqual(expected);
  }),
);

const kept = { name: "kept", dev: "br0", mac: "52:00:00:00:00:01", addresses: ["198.51.100.1", "2001:db8:9::1"] };
const guest = { name: "g", dev: "br0", mac: "52:00:00:00:00:02", addresses: ["198.51.100.2", "2001:db8:9::2"] };

test.concurrent(
  "another MAC is one event for each address, and nothing else moves",
  inNamespace(async (ns) => {
    await applied(ns, "a", { guests: [kept, guest] });
    const events = await eventsOf(ns, () =>
      applied(ns, "a", { guests: [kept, { ...guest, mac: "52:00:00:00:00:03" }] }),
    );
    expect(events.sort()).toEqual([
      "198.51.100.2 dev br0 lladdr 52:00:00:00:00:03 PERMANENT proto 107",
      "2001:db8:9::2 dev br0 lladdr 52:00:00:00:00:03 PERMANENT proto 107",
    ]);
  }),
);

test.concurrent(
  "a guest that moves to another link has both neighbors for a moment, never none",
  inNamespace(async (ns) => {
    await applied(ns, "a", { guests: [kept, guest] });
    const events = await eventsOf(ns, () => applied(ns, "a", { guests: [kept, { ...guest, dev: "br1" }] }));
    expect(events.slice(0, 4).sort()).toEqual([
      "198.51.100.2 dev br1 lladdr 52:00:00:00:00:02 PERMANENT proto 107",
      "198.51.100.2 dev br1 proto 107 scope link",
      "2001:db8:9::2 dev br1 lladdr 52:00:00:00:00:02 PERMANENT proto 107",
      "2001:db8:9::2 dev br1 proto 107 metric 1024",
    ]);
    // The kernel announces a neighbor's end with the state it takes then, not always as `Deleted`.
    expect(events.slice(4).every((event) => /^(Deleted )?\S*[.:]2 dev br0 /.test(event))).toBe(true);
    expect(events.slice(4).some((event) => event.startsWith("Deleted 198.51.100.2 dev br0"))).toBe(true);
    expect(await ns.sh("ip neigh show nud permanent dev br0")).not.toMatch(/[.:]2 /);
  }),
);

test.concurrent(
  "what comes is there before what goes",
  inNamespace(async (ns) => {
    const many = (from: number) => ({
      guests: Array.from({ length: 30 }, (_, index) => ({
        name: `g${from + index}`,
        dev: "br0",
        mac: `52:00:00:00:01:${(from + index).toString(16).padStart(2, "0")}`,
        addresses: [`198.51.100.${from + index}`, `2001:db8:9::${from + index}`],
      })),
      routes: Array.from({ length: 10 }, (_, index) => ({
        to: `10.${from + index}.0.0/16`,
        via: `198.51.100.${from + index}`,
        dev: "br0",
      })),
    });
    await applied(ns, "a", many(10));
    const events = await eventsOf(ns, () => applied(ns, "a", many(30)));
    const added = events.map((event) => /^(\S*[.:](4\d|5\d)|10\.3\d\.0\.0\/16) .*proto 107/.test(event));
    const gone = events.map((event) => event.startsWith("Deleted"));
    expect(gone.filter(Boolean).length).toBeGreaterThanOrEqual(20 * 4 + 10);
    expect(added.lastIndexOf(true)).toBeLessThan(gone.indexOf(true));
    expect(events.filter((event) => /^(Deleted )?(198\.51\.100\.|2001:db8:9::)3\d /.test(event))).toEqual([]);
  }),
);
