import fc from "fast-check";
import type { Entry } from "../../src/model/entry.ts";
import type { NextHop, Route } from "../../src/model/route.ts";
import type { Rule } from "../../src/model/rule.ts";
import { neighbor, route, rule } from "../support/build.ts";

const hex = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((list) => [...list]);

/** 10.0.0.0/8 or 2001:db8:a000::/35: no address of the host, nothing special. */
export const address4 = hex(3).map((list) => `10.${list.join(".")}`);
export const address6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 5, maxLength: 5 })
  .map((groups) => `2001:db8:a000:${groups.map((group) => group.toString(16)).join(":")}`);
export const address = fc.oneof(address4, address6);
export const linkLocal = fc.integer({ min: 1, max: 0xffff }).map((last) => `fe80::${last.toString(16)}`);

export const mac = hex(6).map((list) =>
  list.map((byte, index) => (index === 0 ? (byte & 0xfe) | 2 : byte).toString(16).padStart(2, "0")).join(":"),
);
export const links = ["cloudbr0", "cloudbr1", "cloud0"] as const;
export const link = fc.constantFrom(...links);

const prefix4 = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.constantFrom(16, 24, 32)).map(([n, length]) => {
  return length === 32 ? `10.${n}.1.1/32` : `10.${n}.0.0/${length}`;
});
const prefix6 = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(64, 96, 128)).map(([n, length]) => {
  return `2001:db8:a000:${n.toString(16)}::${length === 128 ? "1" : ""}/${length}`;
});

const metrics = fc.record(
  {
    mtu: fc.integer({ min: 1280, max: 9000 }),
    initcwnd: fc.integer({ min: 1, max: 100 }),
    initrwnd: fc.integer({ min: 1, max: 1023 }),
    advmss: fc.integer({ min: 500, max: 9000 }),
  },
  { requiredKeys: [] },
);
const table = fc.constantFrom(254, 254, 100, 4_294_967_295);

/** A next hop on the link: link-local, so that it needs no other route. */
const hop = fc
  .tuple(linkLocal, link, fc.integer({ min: 1, max: 256 }))
  .map(([gateway, on, weight]): NextHop => ({ gateway: gateway as never, link: on, weight, onLink: false }));

/** Every route that a document can ask for and that the kernel of the fixtures takes. */
export const anyRoute: fc.Arbitrary<Route> = fc
  .record({
    to: fc.oneof(prefix4, prefix6),
    link,
    how: fc.constantFrom(
      "direct",
      "direct",
      "gateway",
      "hops",
      "blackhole",
      "unreachable",
      "prohibit",
      "throw",
      "local",
    ),
    via: linkLocal,
    hops: fc.uniqueArray(hop, { minLength: 1, maxLength: 4, selector: ({ gateway, link: on }) => `${gateway} ${on}` }),
    metric: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
    scope: fc.constantFrom(undefined, "global", "site", "link", "host"),
    table,
    metrics,
    preference: fc.constantFrom(undefined, "low", "medium", "high"),
  })
  .map(({ to, link: on, how, via, hops, metric, scope, preference, ...rest }) => {
    const preferred = preference === undefined || !to.includes(":") ? {} : { preference: preference as "low" };
    const more = { ...rest, ...preferred, ...(metric === undefined ? {} : { metric }) };
    const scoped = scope === undefined || to.includes(":") ? {} : { scope: scope as Route["scope"] };
    if (how === "direct") return route(to, on, { ...more, ...scoped });
    if (how === "gateway") return route(to, on, { ...more, via, onLink: true });
    if (how === "hops") return route(to, on, { ...more, nextHops: hops });
    return route(to, on, { type: how as Route["type"], ...(metric === undefined ? {} : { metric }) });
  });

export const anyNeighbor = fc.tuple(address, mac, link).map(([text, of, on]) => neighbor(text, of, on));
/** Rules that the kernel can tell from each other: at one priority it takes two for one if one of them selects more. */
export const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    prefix: fc.oneof(prefix4, prefix6),
    link,
    how: fc.constantFrom("from", "to", "mark"),
    v6: fc.boolean(),
    iif: fc.constantFrom(null, "lo", ...links),
    table: fc.constantFrom(100, 101, 4_294_967_295),
    type: fc.constantFrom<Rule["type"][]>("lookup", "lookup", "lookup", "blackhole", "prohibit", "unreachable"),
    mark: fc.constantFrom({ value: 0x10, mask: 0xff }, { value: 7, mask: 0xffffffff }),
  })
  .map(({ prefix, link: on, how, v6, iif, table: of, type, mark }) => {
    const more = { link: on, type, table: type === "lookup" ? of : 254 };
    if (how === "from") return rule({ ...more, from: prefix, priority: 3200 });
    if (how === "to") return rule({ ...more, to: prefix, iif, priority: iif === null ? 3100 : 3101 });
    return rule({ ...more, family: v6 ? 6 : 4, iif, mark, priority: iif === null ? 3000 : 3001 });
  });

export const anyEntries: fc.Arbitrary<Entry[]> = fc.array(
  fc.oneof<fc.Arbitrary<Entry>[]>(anyRoute, anyNeighbor, anyRule),
  { maxLength: 12 },
);
