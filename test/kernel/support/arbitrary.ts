import fc from "fast-check";
import type { Document } from "./apply.ts";

/** What is random about one entry; `documentOf` makes something right of it. */
export interface Seed {
  readonly kind: "route" | "neighbor" | "guest" | "rule";
  readonly v6: boolean;
  readonly link: 0 | 1;
  readonly number: number;
  readonly length: number;
  readonly metric: number | null;
  readonly table: number | null;
  readonly form: (typeof forms)[number];
  readonly mac: number;
  readonly mtu: number | null;
}

const forms = ["link", "via", "onLink", "linkLocal", "multipath", "blackhole", "prohibit"] as const;

const seed: fc.Arbitrary<Seed> = fc.record({
  kind: fc.constantFrom("route", "route", "neighbor", "guest", "rule"),
  v6: fc.boolean(),
  link: fc.constantFrom(0, 1),
  number: fc.nat(60),
  length: fc.nat(3),
  metric: fc.option(fc.integer({ min: 1, max: 3 })),
  table: fc.option(fc.constantFrom(100, 4_000_000_000)),
  form: fc.constantFrom(...forms),
  mac: fc.nat(9),
  mtu: fc.option(fc.integer({ min: 1280, max: 9000 })),
});

/** About forty entries, from so few keys that one document often wants what the one before wanted otherwise. */
export const seeds = fc.array(seed, { maxLength: 60, size: "max" });

/** The first seed of each key, as a document. @returns also how many lines `ip` prints of it */
export function documentOf(list: readonly Seed[]): { document: Document; lines: number } {
  const taken = new Set<string>();
  const routes: Document[] = [];
  const neighbors: Document[] = [];
  const guests: Document[] = [];
  const rules: Document[] = [];
  for (const item of list) {
    const keys = keysOf(item);
    if (keys.some((key) => taken.has(key))) continue;
    for (const key of keys) taken.add(key);
    if (item.kind === "route") routes.push(routeOf(item));
    else if (item.kind === "rule") rules.push(ruleOf(item));
    else if (item.kind === "neighbor")
      neighbors.push({ address: guestAddress(item), mac: macOf(item), dev: `br${item.link}` });
    else guests.push({ name: "g", dev: `br${item.link}`, mac: macOf(item), addresses: [guestAddress(item)] });
  }
  return { document: { routes, neighbors, guests, rules }, lines: taken.size };
}

function keysOf(item: Seed): string[] {
  const address = guestAddress(item);
  const neighbor = `${item.link} ${address}`;
  if (item.kind === "guest") return [address, neighbor];
  if (item.kind === "rule") {
    const { from, iif = "", priority } = ruleOf(item);
    return [`rule ${from} ${iif} ${priority}`];
  }
  return item.kind === "neighbor" ? [neighbor] : [`${destination(item)} ${item.metric} ${item.table}`];
}

/** With and without iif; at one priority a delete without it would find one with it. */
function ruleOf(item: Seed): Document {
  const { form, length, link, metric, table } = item;
  const drops = form === "blackhole" || form === "prohibit";
  return {
    from: destination({ ...item, length: 0, number: item.number % 12 }),
    ...(length % 2 === 0 ? {} : { iif: `br${link}` }),
    priority: (length % 2 === 0 ? 3000 : 3100) + (metric ?? 0),
    ...(drops ? { type: form } : { table: table ?? 7 }),
    dev: `br${link}`,
  };
}

function routeOf(item: Seed): Document {
  const { metric, table, mtu } = item;
  return {
    to: destination(item),
    ...formOf(item),
    ...(metric === null ? {} : { metric }),
    ...(table === null ? {} : { table }),
    ...(mtu === null || item.form === "blackhole" || item.form === "prohibit" ? {} : { mtu }),
  };
}

function formOf({ form, v6, link, mac }: Seed): Document {
  const dev = `br${link}`;
  const near = (n: number) => (v6 ? `2001:db8:${n}::${mac + 2}` : `192.0.${n + 2}.${mac + 2}`);
  switch (form) {
    case "link":
      return { dev };
    case "via":
      return { dev, via: near(link) };
    case "onLink":
      return { dev, via: v6 ? `2001:db8:ffff::${mac + 2}` : `203.0.113.${mac + 2}`, "on-link": true };
    case "linkLocal":
      return { dev, via: `fe80::${mac + 2}` };
    case "multipath":
      return { dev, "next-hops": [0, 1].map((n) => ({ via: near(n), dev: `br${n}`, weight: mac + 1 })) };
    default:
      return { dev, type: form };
  }
}

/** Longer than the guests' addresses' prefixes, and disjoint from them and from the next hops. */
function destination({ v6, number, length }: Seed): string {
  return v6 ? `3fff:${(number * 16).toString(16)}::/${32 - length}` : `10.${number * 4}.0.0/${16 - (length % 3)}`;
}

function guestAddress({ v6, number }: Seed): string {
  return v6 ? `2001:db8:9::${number + 1}` : `198.51.100.${number + 1}`;
}

function macOf({ mac }: Seed): string {
  return `52:00:00:00:00:0${mac}`;
}
