import fc from "fast-check";
import { expect, test } from "vitest";
import { parseNeighbors } from "../../src/kernel/parseNeighbors.ts";
import { parseRoutes } from "../../src/kernel/parseRoutes.ts";
import { address4, mac } from "./arbitraries.ts";

/** A field that no element of `ip -j` has makes the schema check the element, which else is checked at a glance. */
const withOddField = (list: readonly object[]) => JSON.stringify(list.map((item) => ({ ...item, odd: {} })));
const outcome = (parse: () => unknown) => {
  try {
    return parse();
  } catch {
    return "an error";
  }
};
const wrong = fc.constantFrom<unknown>(null, 7, "x", [1], {}, [], true);
const maybeWrong = (right: fc.Arbitrary<unknown>) => fc.oneof({ weight: 30, arbitrary: right }, wrong);
const number = (...values: number[]) => fc.constantFrom(...values.map(String));

test("a route checked at a glance is what the schema makes of it", () => {
  const route = fc.record(
    {
      dst: maybeWrong(fc.oneof(fc.constant("default"), address4)),
      dev: maybeWrong(fc.constantFrom("br0", "br1")),
      gateway: maybeWrong(address4),
      type: maybeWrong(number(1, 2, 3, 6, 9)),
      table: maybeWrong(number(100, 254, 255)),
      protocol: maybeWrong(number(2, 4, 107)),
      scope: maybeWrong(number(0, 253, 254)),
      prefsrc: maybeWrong(address4),
      pref: fc.constant("medium"),
      metric: maybeWrong(fc.nat()),
      metrics: maybeWrong(fc.constant([{ mtu: 1400 }])),
      flags: maybeWrong(fc.subarray(["linkdown", "onlink"])),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  let right = 0;
  fc.assert(
    fc.property(fc.array(route, { maxLength: 3 }), fc.constantFrom(4, 6), (list, family) => {
      const found = outcome(() => parseRoutes(JSON.stringify(list), family as 4 | 6));
      if (Array.isArray(found) && found.length > 0) right++;
      expect(found).toEqual(outcome(() => parseRoutes(withOddField(list), family as 4 | 6)));
    }),
    { numRuns: 3000 },
  );
  expect(right).toBeGreaterThan(100);
});

test("so is a neighbor", () => {
  const neighbor = fc.record(
    {
      dst: maybeWrong(address4),
      dev: maybeWrong(fc.constantFrom("br0", "br1")),
      lladdr: maybeWrong(mac),
      state: maybeWrong(fc.subarray(["PERMANENT", "REACHABLE"])),
      protocol: maybeWrong(number(4, 107)),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  let right = 0;
  fc.assert(
    fc.property(fc.array(neighbor, { maxLength: 3 }), (list) => {
      const found = outcome(() => parseNeighbors(JSON.stringify(list)));
      if (Array.isArray(found) && found.length > 0) right++;
      expect(found).toEqual(outcome(() => parseNeighbors(withOddField(list))));
    }),
    { numRuns: 3000 },
  );
  expect(right).toBeGreaterThan(100);
});
