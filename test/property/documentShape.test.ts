import fc from "fast-check";
import { expect, test } from "vitest";
import { shapeOfValue } from "../../src/desired/plainDocument.ts";
import { isPlainGuest } from "../../src/desired/plainGuest.ts";
import { documentSchema } from "../../src/desired/schema.ts";
import { validateShape } from "../../src/desired/validate.ts";
import { address, mac } from "./arbitraries.ts";

/** Guests that are checked at a glance are not shown to the schema: it must have nothing against them. */
test("what is a plain guest at a glance is one to the schema", () => {
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
