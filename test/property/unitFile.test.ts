import fc from "fast-check";
import ini from "ini";
import { describe, expect, test } from "vitest";
import { readSections, writeSection } from "../../src/networkd/unitFile.ts";

/** The short ways through a section of plain lines say what `ini` says of it. */
const options = { bracketedArray: false, whitespace: false } as const;
const name = fc.constantFrom("Route", "Neighbor", "Network", "Match");
const key = fc.oneof(
  fc.constantFrom("Destination", "Gateway", "A", "B", "constructor", "toString"),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9]*$/),
);
const word = fc.stringMatching(/^[A-Za-z0-9.:/@+_-]+$/);
const plain = fc.oneof(
  word,
  fc.tuple(word, word).map((words) => words.join(" ")),
  fc.constantFrom("true", "false", "null", "0", "-", "::"),
);
/** What `ini` quotes, escapes, trims or cuts off. */
const awkward = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(..."ab;#=[]\"'\\ \t"), maxLength: 8 }),
);

test("a section is written as ini writes it, or refused", () => {
  const value = fc.oneof({ weight: 9, arbitrary: plain }, awkward);
  const body = fc.dictionary(key, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), {
    maxKeys: 5,
    minKeys: 1,
    noNullPrototype: true,
  });
  let written = 0;
  fc.assert(
    fc.property(name, body, (section, lines) => {
      const byIni = ini.stringify(lines, { ...options, section });
      let text: string;
      try {
        text = writeSection({ name: section, body: lines });
      } catch (error) {
        const values = Object.values(lines).flat();
        expect(values.every((value) => /^[\w.:/@+-]+(?: [\w.:/@+-]+)*$/.test(value))).toBe(false);
        expect(String(error)).toMatch(/cannot stand in a unit file/);
        return;
      }
      written++;
      expect(text).toBe(byIni);
    }),
    { numRuns: 3000 },
  );
  expect(written).toBeGreaterThan(500);
});

describe("sections are read as ini reads them", () => {
  /** One section at a time, everything through `ini`. */
  const byIni = (text: string) =>
    text
      .split(/^(?=\s*\[)/m)
      .filter((chunk) => /^\s*\[/.test(chunk))
      .flatMap((chunk) => {
        const [found] = Object.entries(ini.parse(chunk, options));
        if (found === undefined || typeof found[1] !== "object") return [];
        const asText = (value: unknown) => (typeof value === "object" && value !== null ? "" : String(value));
        const lines = Object.entries(found[1]).map(([of, value]) => [
          of,
          Array.isArray(value) ? value.map(asText) : asText(value),
        ]);
        return [{ name: found[0], body: Object.fromEntries(lines) }];
      });

  const line = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(key, plain).map((pair) => pair.join("=")) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "",
        "# netkeep end",
        "; x",
        "__proto__=1",
        "Key",
        "Key=",
        " Key = 1 ",
        "[]",
        "[Route.x]",
        "[Route] ",
        "a=b\r",
        "[a.b]",
      ),
    },
    { weight: 1, arbitrary: fc.tuple(key, awkward).map((pair) => pair.join("=")) },
    { weight: 1, arbitrary: awkward },
  );
  const section = fc
    .tuple(name, fc.array(line, { maxLength: 6 }))
    .map(([of, lines]) => [`[${of}]`, ...lines].join("\n"));

  test("whatever stands in them", () => {
    fc.assert(
      fc.property(
        fc.array(section, { maxLength: 4 }),
        fc.constantFrom("\n", "\n\n", "\n# x\n"),
        (sections, between) => {
          const text = `${sections.join(between)}\n`;
          expect(readSections(text)).toEqual(byIni(text));
        },
      ),
      { numRuns: 5000 },
    );
  });
});
