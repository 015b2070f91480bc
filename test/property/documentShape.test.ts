import fc from "fast-check";
import { expect, test } from "vitest";
import { shapeOfValue } from "../../src/desired/plainDocument.ts";
import { isPlainGuest } from "../../src/desired/plainGuest.ts";
import { isPlainSection } from "../../src/desired/plainSections.ts";
import { documentSchema } from "../../src/desired/schema.ts";
import { validateShape } from "../../src/desired/validate.ts";
import { address, mac } from "./arbitraries.ts";

const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  7,
  "",
  "lo",
  "..",
  "a\nb",
  [],
  {},
  ["x"],
  [7],
  "00:00:00:00:00:00",
);
const maybe = (right: fc.Arbitrary<unknown>) => fc.oneof({ weight: 20, arbitrary: right }, odd);

/** Guests that are checked at a glance are not shown to the schema: it must have nothing against them. */
test("what is a plain guest at a glance is one to the schema", () => {
  const guest = fc.record(
    {
      name: maybe(fc.oneof(fc.constant("i-2-10-VM"), fc.string({ unit: "binary" }))),
      dev: maybe(fc.oneof(fc.constant("cloudbr0"), fc.string({ maxLength: 16 }))),
      mac: maybe(mac),
      addresses: maybe(fc.array(fc.oneof({ weight: 9, arbitrary: address }, fc.string()), { maxLength: 3 })),
      "link-local": maybe(fc.constant("eui64")),
    },
    { requiredKeys: ["name", "dev", "mac", "addresses"], noNullPrototype: true },
  );
  let plain = 0;
  fc.assert(
    fc.property(guest, (value) => {
      const accepted = documentSchema.safeParse({ version: 1, guests: [value] }).success;
      if (isPlainGuest(value)) {
        plain++;
        expect(accepted).toBe(true);
        const { input, positions } = validateShape({ version: 1, guests: [value] });
        expect(shapeOfValue({ version: 1, guests: [value] })).toMatchObject({ input, positions, problems: [] });
      } else if (accepted) expect(value).toHaveProperty("link-local");
    }),
    { numRuns: 5000 },
  );
  expect(plain).toBeGreaterThan(200);
});

test("what is a plain section at a glance is one to the schema", () => {
  const link = maybe(fc.oneof(fc.constant("cloudbr0"), fc.string({ maxLength: 16 })));
  const number = maybe(fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.constantFrom(4_294_967_295, 4_294_967_296)));
  const some = (element: fc.Arbitrary<unknown>) => maybe(fc.array(element, { maxLength: 3 }));
  const record = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]) =>
    fc.record<Record<string, unknown>>({ ...fields, constructor: odd }, { requiredKeys, noNullPrototype: true });
  const to = maybe(
    fc.oneof(address, fc.constantFrom("default", "10.7.0.0/16", "2001:db8::/48", "10.7.0.1/16"), fc.string()),
  );
  const settings = record(
    { mode: maybe(fc.constantFrom("live", "networkd", "Live")), carrier: maybe(fc.constantFrom("keep", "follow")) },
    [],
  );
  const names = fc.oneof(fc.constantFrom("cloudbr0", "__proto__", "lo", "-a"), fc.string({ maxLength: 16 }));
  const sections = {
    routes: some(record({ to, via: maybe(address), dev: link, metric: number, table: number }, ["to"])),
    neighbors: some(record({ address: maybe(address), mac: maybe(mac), dev: link }, ["address", "mac", "dev"])),
    links: maybe(fc.array(fc.tuple(names, settings), { maxLength: 3 }).map((pairs) => fromPairs(pairs))),
  };
  const plain = { routes: 0, neighbors: 0, links: 0 };
  for (const name of ["routes", "neighbors", "links"] as const) {
    fc.assert(
      fc.property(sections[name], (section) => {
        const value = { version: 1, [name]: section };
        const isPlain = isPlainSection(name, section);
        if (isPlain) {
          plain[name]++;
          expect(documentSchema.safeParse(value).error).toBeUndefined();
        }
        const { problems } = shapeOfValue(value);
        expect(problems.length === 0).toBe(documentSchema.safeParse(value).success && !hasHiddenKey(section));
        if (isPlain) expect(problems).toEqual([]);
      }),
      { numRuns: 5000 },
    );
    expect(plain[name]).toBeGreaterThan(500);
  }
});

/** As JSON.parse() makes it: `__proto__` is a key as any other. */
function fromPairs(pairs: readonly (readonly [string, unknown])[]): unknown {
  return JSON.parse(`{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`);
}

function hasHiddenKey(section: unknown): boolean {
  return typeof section === "object" && section !== null && Object.hasOwn(section, "__proto__");
}
