import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseText } from "../../src/desired/parse.ts";
import { ownerFileName, parseStored, storedText } from "../../src/desired/stored.ts";
import { toDocument } from "../../src/desired/toDocument.ts";
import { parseAddress, parsePrefix } from "../../src/model/address.ts";
import { type Entry, entryKey, entryText } from "../../src/model/entry.ts";
import { parseMac } from "../../src/model/mac.ts";
import { blockHeads, readBlocks, readEntries, renderBlock } from "../../src/networkd/block.ts";
import { sectionToNeighbor, writeNeighbor } from "../../src/networkd/neighborSection.ts";
import { routeToSection, sectionToRoute, writeRoute } from "../../src/networkd/routeSection.ts";
import { ruleToSection, sectionToRules } from "../../src/networkd/ruleSection.ts";
import { readSections, writeSection } from "../../src/networkd/unitFile.ts";
import { read } from "../support/documents.ts";
import { address4, address6, anyEntries, anyNeighbor, anyRoute, anyRule, mac } from "./arbitraries.ts";

const digest = (text: string) => text.length.toString(16);
const byKey = (entries: readonly Entry[]) => [...new Map(entries.map((entry) => [entryKey(entry), entry])).values()];
const texts = (entries: readonly Entry[]) => entries.map((entry) => `${entryText(entry)} (${entry.link})`).sort();

describe("drop-ins", () => {
  test("a route and its section", () => {
    fc.assert(
      fc.property(anyRoute, (route) => {
        const text = writeRoute(route);
        expect(text).toBe(writeSection(routeToSection(route)));
        const [section] = readSections(text);
        expect(sectionToRoute(section!, route.link)).toEqual(route);
      }),
      { numRuns: 1000 },
    );
  });

  test("a neighbor and its section", () => {
    fc.assert(
      fc.property(anyNeighbor, (neighbor) => {
        const [section] = readSections(writeNeighbor(neighbor));
        expect(sectionToNeighbor(section!, neighbor.link)).toEqual(neighbor);
      }),
    );
  });

  test("a rule and its section", () => {
    fc.assert(
      fc.property(anyRule, fc.boolean(), fc.constantFrom(null, "cloudbr1"), (rule, invert, oif) => {
        const whole = { ...rule, invert, oif };
        const [section] = readSections(writeSection(ruleToSection(whole)));
        expect(sectionToRules(section!, rule.link)).toEqual([whole]);
      }),
    );
  });

  test("a block and its entries, whoever the owner and whatever the source", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom("\ud800", "a\n# netkeep end\n", "]"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name, anyEntries), { maxLength: 4 }), (owners) => {
        const text = owners
          .map(([owner, source, entries]) => renderBlock(owner, source, byKey(entries), digest))
          .join("\n");
        const blocks = readBlocks(text);
        expect(blocks.map((block) => block.owner)).toEqual(
          owners.map(([owner]) => owner.replace(/\p{Surrogate}/gu, "\ufffd")),
        );
        for (const [index, block] of blocks.entries()) {
          expect(block.digest).toBe(digest(block.body));
          const link = "cloudbr0";
          const wanted = byKey(owners[index]![2]).map((entry) => ({ ...entry, link }));
          const found = readEntries(block.body, link);
          expect(found.map(entryKey).sort()).toEqual(wanted.map(entryKey).sort());
        }
        for (const some of [text, text.slice(7), text.replaceAll("digest=", "digest=x"), text.slice(0, -30)]) {
          expect(blockHeads(some)).toEqual(readBlocks(some).map(({ owner, source }) => ({ owner, source })));
        }
        expect(readEntries(text, "cloudbr0")).toHaveLength(
          owners.reduce((sum, [, , entries]) => sum + byKey(entries).length, 0),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("equal sets of entries give equal bytes", () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const unique = byKey(entries);
        expect(renderBlock("o", "s", [...unique].reverse(), digest)).toBe(renderBlock("o", "s", unique, digest));
      }),
    );
  });

  test("a section is written as it is read by networkd, or not at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        let text: string;
        try {
          text = writeSection({ name: "Route", body: { Destination: value } });
        } catch {
          return;
        }
        expect(text).toBe(`[Route]\nDestination=${value}\n`);
        expect(value).toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("documents", () => {
  test("entries as a document, and back", () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const unique = byKey(entries);
        const { state, problems } = read(JSON.stringify(toDocument(unique)));
        expect(problems).toEqual([]);
        const back = (state?.entries ?? []).map(({ entry }) => entry);
        expect(texts(back)).toEqual(texts(unique));
      }),
      { numRuns: 500 },
    );
  });

  test("a stored document", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.string(),
        fc.nat(),
        fc.jsonValue(),
        (owner, source, changed, document) => {
          const stored = { owner, source, changed, document: JSON.parse(JSON.stringify(document)) };
          expect(parseStored(storedText(stored))).toEqual(stored);
        },
      ),
    );
  });

  test("parseText never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.json()), (text) => {
        const parsed = parseText(text);
        for (const problem of parsed.problems) expect(problem.place?.line).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});

test("an owner's file never leaves its directory, is never hidden, and is its own", () => {
  const id = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("..", ".", "../../etc/passwd", "/", "a/b", "a-b", "\0", "."),
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 20 }), (ids) => {
      const wellFormed = [...new Set(ids.map((text) => text.replace(/\p{Surrogate}/gu, "\ufffd")))];
      const names = wellFormed.map(ownerFileName);
      for (const [index, name] of names.entries()) {
        expect(name).toMatch(/^[A-Za-z0-9:_.\\-]*\.json$/);
        expect(name).not.toContain("/");
        if (wellFormed[index] !== "") expect(name.startsWith(".")).toBe(false);
      }
      expect(new Set(names).size).toBe(names.length);
    }),
    { numRuns: 1000 },
  );
});

describe("one address, one text", () => {
  /** Another spelling of the same: groups written out, upper case, a dotted end, a part of zeros left out. */
  const spellings = (canonical: string): string[] => {
    const groups = canonical.split(":").map((group) => group.padStart(4, "0"));
    const last = groups
      .slice(6)
      .join("")
      .match(/../g)!
      .map((byte) => Number.parseInt(byte, 16));
    const dotted = [...groups.slice(0, 6), last.join(".")].join(":");
    const zeros = /(?:^|:)(?:0+:)*0+(?=:|$)/g;
    const short = [...canonical.matchAll(zeros)].map(({ index, 0: run }) => {
      const [before, after] = [canonical.slice(0, index), canonical.slice(index + run.length)];
      return `${before}::${after.replace(/^:/, "")}`;
    });
    return [groups.join(":"), groups.join(":").toUpperCase(), dotted, canonical, ...short];
  };

  test("IPv6", () => {
    fc.assert(
      fc.property(address6, (full) => {
        const found = spellings(full).map((text) => parseAddress(text));
        expect(new Set(found.map((parsed) => JSON.stringify(parsed))).size).toBe(1);
        expect(found[0]).toHaveProperty("value");
      }),
      { numRuns: 500 },
    );
  });

  test("canonical text is its own canonical text, also as a prefix", () => {
    fc.assert(
      fc.property(fc.oneof(address4, address6), (text) => {
        const parsed = parseAddress(text);
        const value = "value" in parsed ? parsed.value : "";
        expect(parseAddress(value)).toEqual({ value });
        const prefix = parsePrefix(text);
        expect(parsePrefix("value" in prefix ? prefix.value : "")).toEqual(prefix);
      }),
    );
  });

  test("MAC addresses", () => {
    fc.assert(
      fc.property(mac, (text) => {
        const bare = text.replaceAll(":", "");
        const all = [text, text.toUpperCase(), text.replaceAll(":", "-"), bare, bare.replace(/(....)(....)/, "$1.$2.")];
        for (const spelling of all) expect(parseMac(spelling)).toEqual({ value: text });
      }),
    );
  });
});
