/** Entries of large hosts are not made where they are alike (src/model/alike.ts): what is found of them must be the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDocument, shapeDocument } from "../../src/desired/document.ts";
import { entriesByKey, linksOfDesired, merge } from "../../src/desired/merge.ts";
import { defaultSettings } from "../../src/desired/settings.ts";
import type { Validated } from "../../src/desired/validate.ts";
import { groupNeighbors, groupRoutes } from "../../src/kernel/groupEntries.ts";
import { parseNeighbors } from "../../src/kernel/parseNeighbors.ts";
import { parseRoutes } from "../../src/kernel/parseRoutes.ts";
import { accepted, parseAddress } from "../../src/model/address.ts";
import { entriesOfOthers, neighborsOf, plainGuestsOf, routesOf, withGroups } from "../../src/model/alike.ts";
import { entryKey, sameEntry } from "../../src/model/entry.ts";
import type { KernelEntries } from "../../src/model/state.ts";
import { renderBlock } from "../../src/networkd/block.ts";
import { ownersByLink, renderLink } from "../../src/networkd/render.ts";
import { keyedDiff } from "../../src/plan/diff.ts";
import { indexKernel, kernelDiff } from "../../src/plan/kernelDiff.ts";
import { besidesPlain } from "../../src/plan/plainDiff.ts";
import { documentContext } from "../../src/prepare/prepare.ts";
import { address, address4, address6, mac } from "./arbitraries.ts";

const protocol = 107;
const empty = { links: new Map(), routes: [], neighbors: [], rules: [] };
const context = documentContext(defaultSettings, empty, false, new Map());
const digest = (text: string) => text.length.toString(16);
const sorted = (list: Iterable<unknown>) => [...list].map((item) => JSON.stringify(item)).sort();

const canonical6 = address6.map((text) => String(accepted(parseAddress(text))));

/** Tens of guests, for fewer make no group. */
const guests = fc
  .record({
    devs: fc.constantFrom(["cloudbr0"], ["cloudbr0", "cloudbr1"]),
    addresses: fc.constantFrom(
      fc.tuple(address4),
      fc.tuple(address4, canonical6),
      fc.oneof(fc.tuple(address4), fc.tuple(canonical6)),
    ),
  })
  .chain(({ devs, addresses }) =>
    fc.array(fc.record({ dev: fc.constantFrom(...devs), mac, addresses }), { minLength: 35, maxLength: 70 }),
  )
  .map((list) => list.map((guest, index) => ({ name: `i-2-${index}-VM`, ...guest })));
type Guest = { readonly name: string; readonly dev: string; readonly mac: string; readonly addresses: string[] };

describe("the lists of ip", () => {
  const flags = fc.constantFrom([], ["linkdown"], ["onlink"]);
  const routeOf = (dst: string) =>
    fc.record(
      {
        dst: fc.constant(dst),
        dev: fc.constantFrom("cloudbr0", "cloudbr0", "cloudbr1"),
        protocol: fc.constantFrom("107", "107", "107", "2"),
        scope: fc.constantFrom("253", "253", "0"),
        metric: fc.constant(1024),
        flags,
      },
      { requiredKeys: ["dst", "dev", "protocol"], noNullPrototype: true },
    );
  const plainRoute = address4.map((dst) => ({ dst, dev: "cloudbr0", protocol: "107", scope: "253", flags: [] }));
  const oddRoute = fc.oneof(
    fc.oneof(address, fc.constantFrom("default", "10.0.0.0/8", "fd00::/8", "::ffff:10.0.0.1", 'A\\"}')).chain(routeOf),
    fc.constantFrom<object[]>(
      { type: "6", dst: "10.9.0.0/16", protocol: "107", flags: [] },
      { type: "2", dst: "10.0.0.9", dev: "lo", table: "255", protocol: "2", flags: [] },
      {
        dst: "10.8.0.0/16",
        protocol: "107",
        flags: [],
        nexthops: [
          { gateway: "10.0.0.1", dev: "cloudbr0", weight: 1, flags: [] },
          { gateway: "10.0.0.2", dev: "cloudbr0", weight: 1, flags: [] },
        ],
      },
      { dst: "10.7.0.1", dev: "cloudbr0", metrics: [{ mtu: 1400 }], flags: [] },
    ),
  );
  const routes = fc
    .tuple(fc.array(plainRoute, { minLength: 30, maxLength: 60 }), fc.array(oddRoute, { maxLength: 20 }))
    .chain((lists) => fc.shuffledSubarray<object>(lists.flat(), { minLength: 30 }));

  test("routes as groups are those that are parsed", () => {
    let grouped = 0;
    fc.assert(
      fc.property(routes, fc.constantFrom<(4 | 6)[]>(4, 4, 6), (list, family) => {
        const json = `${JSON.stringify(list)}\n`;
        const { groups, others } = groupRoutes(json, family);
        grouped += groups.length;
        expect(sorted([...groups.flatMap(routesOf), ...others])).toEqual(sorted(parseRoutes(json, family)));
      }),
      { numRuns: 500 },
    );
    expect(grouped).toBeGreaterThan(200);
  });

  const neighbors = fc.array(
    fc.record(
      {
        dst: fc.oneof({ weight: 20, arbitrary: address }, fc.constantFrom("10.0.0.1", "::ffff:10.0.0.1")),
        dev: fc.constantFrom("cloudbr0", "cloudbr0", "cloudbr0", "cloudbr1"),
        lladdr: fc.oneof({ weight: 20, arbitrary: mac }, fc.constantFrom("0a:1", "AA:BB:CC:DD:EE:FF")),
        state: fc.constantFrom(["PERMANENT"], ["PERMANENT"], ["PERMANENT"], ["STALE"], ["NOARP", "PERMANENT"]),
        protocol: fc.constantFrom("107", "107", "107", "4"),
      },
      { requiredKeys: ["dst", "dev", "state"], noNullPrototype: true },
    ),
    { minLength: 80, maxLength: 200 },
  );

  test("so are neighbors", () => {
    let grouped = 0;
    fc.assert(
      fc.property(neighbors, (list) => {
        const json = JSON.stringify(list);
        const { groups, others } = groupNeighbors(json);
        grouped += groups.length;
        expect(sorted([...groups.flatMap(neighborsOf), ...others])).toEqual(sorted(parseNeighbors(json)));
      }),
      { numRuns: 500 },
    );
    expect(grouped).toBeGreaterThan(200);
  });

  test("what is no list is an error, and what is cut off is none", () => {
    const list = JSON.stringify(Array.from({ length: 40 }, (_, n) => ({ dst: `10.0.0.${n}`, dev: "br0", flags: [] })));
    for (let end = 0; end < list.length; end += 7) {
      const text = list.slice(0, end);
      const outcome = (read: () => unknown) => {
        try {
          return sorted(read() as unknown[]);
        } catch {
          return "an error";
        }
      };
      const found = outcome(() => {
        const { groups, others } = groupRoutes(text, 4);
        return [...groups.flatMap(routesOf), ...others];
      });
      expect(found).toEqual(outcome(() => parseRoutes(text, 4)));
    }
    expect(() => groupRoutes(`${list.slice(0, -1)},]`, 4)).toThrow("JSON");
  });
});

describe("a document of plain guests", () => {
  test("asks for what it asks for entry by entry", () => {
    let quick = 0;
    const odd = fc.constantFrom("127.0.0.1", "224.0.0.1", "10.1.1.1", "2001:DB8:a000:0::5");
    const settings = fc.constantFrom(
      {},
      ...[{ cloudbr0: { mode: "live" } }, { cloudbr1: { carrier: "follow" }, eth0: { mode: "networkd" } }],
    );
    const some = fc.tuple(guests, fc.array(odd, { maxLength: 1 }), fc.constantFrom([], ["10.1.1.1"]), settings);
    fc.assert(
      fc.property(some, ([list, more, hostAddresses, links]) => {
        const [first, ...rest] = list;
        const all = [{ ...first, addresses: [...(first?.addresses ?? []), ...more] }, ...rest];
        const under = { ...context, hostAddresses: hostAddresses as never };
        const found = read(all as Guest[], under, undefined, links);
        const slow = read(all as Guest[], under, withoutPlain, links);
        expect(found.problems).toEqual(slow.problems);
        if (found.state === null || slow.state === null) return;
        expect(plainGuestsOf(slow.state)).toBeUndefined();
        if (plainGuestsOf(found.state) !== undefined) quick++;
        const [desired, otherwise] = [merge([found.state]), merge([slow.state])];
        expect(linksOfDesired(desired)).toEqual(linksOfDesired(otherwise));
        const [entries, wanted] = [entriesByKey(desired), entriesByKey(otherwise)];
        expect(entries.size).toBe(wanted.size);
        for (const key of wanted.keys()) {
          expect(entries.has(key)).toBe(true);
          for (const near of [`${key}0`, key.slice(0, -1), key.replace(/\S+ /, "")]) {
            expect(entries.has(near)).toBe(wanted.has(near));
          }
        }
        expect(found.state).toEqual(slow.state);
        expect([...entries]).toEqual([...wanted]);
      }),
      { numRuns: 200 },
    );
    expect(quick).toBeGreaterThan(50);
  });

  test("becomes the same text", () => {
    fc.assert(
      fc.property(guests, (list) => {
        const { state } = read(list as Guest[], context);
        if (state === null || plainGuestsOf(state) === undefined) return;
        for (const [link, owners] of ownersByLink(merge([state]))) {
          const where = { link, baseName: "10-x.network", version: 257, keepCarrier: true };
          const file = renderLink({ ...where, owners }, digest).at(-1);
          const [{ owner, source, entries }] = owners as [(typeof owners)[number]];
          expect(file?.text.endsWith(renderBlock(owner, source, entries, digest))).toBe(true);
          expect(file?.entries).toEqual(entries);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("is compared with the kernel as entry by entry", () => {
    let quick = 0;
    const change = fc.record({
      what: fc.constantFrom("nothing", "nothing", "missing", "mac", "twice", "more", "other link", "protocol"),
      which: fc.nat(),
      v6: fc.boolean(),
    });
    fc.assert(
      fc.property(guests, fc.array(change, { maxLength: 2 }), (list, changes) => {
        const { state } = read(list as Guest[], context);
        if (state === null) return;
        const desired = entriesByKey(merge([state]));
        const kernel = kernelWith(list as Guest[], changes);
        const slow = keyedDiff(new Map(desired), indexKernel({ ...kernel }, protocol), sameEntry);
        const found = kernelDiff(desired, kernel, protocol);
        if (besidesPlain(desired, kernel) !== null) quick++;
        expect(sorted(found.extra)).toEqual(sorted(slow.extra));
        expect({ ...found, extra: [] }).toEqual({ ...slow, extra: [] });
        for (const of of [protocol, 4]) {
          const [others, wanted] = [entriesOfOthers(kernel, of), entriesOfOthers({ ...kernel }, of)];
          expect(sorted([...others.routes, ...others.neighbors])).toEqual(
            sorted([...wanted.routes, ...wanted.neighbors]),
          );
        }
      }),
      { numRuns: 500 },
    );
    expect(quick).toBeGreaterThan(100);
  });
});

function withoutPlain({ plain: _, ...shape }: Validated): Validated {
  return shape;
}

function read(
  list: readonly Guest[],
  under: typeof context,
  shapeAs = (shape: Validated): Validated => shape,
  links: object = {},
) {
  const text = JSON.stringify({ version: 1, guests: list, links });
  const { parsed, shape } = shapeDocument(text);
  const document = { owner: "a", source: "a.json", text, persistence: "persistent" as const, changed: 1 };
  return readDocument(document, under, { parsed, shape: shape && shapeAs(shape) });
}

interface Change {
  readonly what: string;
  readonly which: number;
  readonly v6: boolean;
}

/** The kernel as `ip` lists it, with all that the guests want and some faults. */
function kernelWith(list: readonly Guest[], changes: readonly Change[]): KernelEntries {
  const wanted = new Map(
    list.flatMap(({ dev, mac: lladdr, addresses }) => addresses.map((dst) => [dst, { dev, lladdr }] as const)),
  );
  const routes: Record<4 | 6, object[]> = {
    4: [{ dst: "default", gateway: "192.0.2.1", dev: "eth0", flags: [] }],
    6: [],
  };
  const neighbors: Record<string, unknown>[] = [];
  for (const [dst, { dev, lladdr }] of wanted) {
    if (dst.includes(":")) routes[6].push({ dst, dev, protocol: "107", metric: 1024, flags: [], pref: "medium" });
    else routes[4].push({ dst, dev, protocol: "107", scope: "253", flags: [] });
    neighbors.push({ dst, dev, lladdr, state: ["PERMANENT"], protocol: "107" });
  }
  for (const { what, which, v6 } of changes) {
    const ofFamily = routes[v6 && routes[6].length > 0 ? 6 : 4];
    const route = ofFamily[which % ofFamily.length] as Record<string, unknown>;
    const neighbor = neighbors[which % neighbors.length] as Record<string, unknown>;
    if (what === "missing") ofFamily.splice(ofFamily.indexOf(route), 1);
    if (what === "mac") neighbor["lladdr"] = "0a:00:00:00:00:01";
    if (what === "twice") ofFamily.push({ ...route, dev: "cloudbr1" });
    if (what === "more") ofFamily.push({ ...route, dst: v6 ? "2001:db8:ffff::1" : "10.255.255.254" });
    if (what === "other link") neighbor["dev"] = "cloudbr1";
    if (what === "protocol") Object.assign(v6 ? route : neighbor, { protocol: "4" });
  }
  const [of4, of6] = [groupRoutes(JSON.stringify(routes[4]), 4), groupRoutes(JSON.stringify(routes[6]), 6)];
  const ofLinks = groupNeighbors(JSON.stringify(neighbors));
  const kernel = {
    routes: [...parseRoutes(JSON.stringify(routes[4]), 4), ...parseRoutes(JSON.stringify(routes[6]), 6)],
    neighbors: parseNeighbors(JSON.stringify(neighbors)),
    rules: [],
  };
  expect(new Set(kernel.neighbors.map(entryKey)).size).toBeGreaterThan(0);
  return withGroups(kernel, {
    routes: [...of4.groups, ...of6.groups],
    neighbors: ofLinks.groups,
    others: { routes: [...of4.others, ...of6.others], neighbors: ofLinks.others },
  });
}
