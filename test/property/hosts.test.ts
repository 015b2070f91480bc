import fc from "fast-check";
import { expect, test } from "vitest";
import { documentOfHost } from "../../src/desired/hosts.ts";
import { parseText } from "../../src/desired/parse.ts";

const leaf = fc.integer({ min: 0, max: 9 });
const list = fc.array(fc.record({ a: leaf, b: fc.array(leaf, { maxLength: 2 }) }), { maxLength: 3 });
const mapping = fc.dictionary(
  fc.constantFrom("br0", "br1", "br2"),
  fc.record({ x: leaf, y: leaf }, { requiredKeys: [] }),
);
const sections = { guests: list, routes: list, links: mapping };
const section = fc.record(sections, { requiredKeys: [] });
const fleets = fc.record({
  version: fc.constant(1),
  guests: list,
  links: mapping,
  hosts: fc.record({ hv1: fc.option(section), hv2: section }),
});

test("what stands in one host's document stands in the text at the place that is told of it", () => {
  fc.assert(
    fc.property(fleets, (fleet) => {
      const parsed = parseText(JSON.stringify(fleet));
      const host = documentOfHost(parsed, "hv1");
      const original = host.original ?? ((path) => path);
      for (const path of leavesOf(host.value))
        expect(at(fleet, original(path)), String(path)).toEqual(at(host.value, path));
      const own = fleet.hosts.hv1;
      const [common, mine] = [
        leavesOf({ ...fleet, hosts: {} }),
        leavesOf({ guests: [], routes: [], ...own, links: {} }),
      ];
      const places = leavesOf(host.value).map((path) => original(path).join("."));
      for (const path of mine) expect(places).toContain(["hosts", "hv1", ...path].join("."));
      for (const path of common.filter(([key]) => key !== "links")) expect(places).toContain(path.join("."));
      expect(new Set(places).size).toBe(places.length);
    }),
  );
});

function leavesOf(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => leavesOf((value as Record<PropertyKey, unknown>)[key], [...path, key]));
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}
