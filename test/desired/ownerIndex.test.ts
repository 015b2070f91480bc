import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indexedOwner, indexOwners, outermostOwners, ownersWanting, withOwners } from "../../src/desired/ownerIndex.ts";
import { entryKey } from "../../src/model/entry.ts";
import type { OwnerState } from "../../src/model/owner.ts";
import { neighbor } from "../support/build.ts";

const name = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  fc.constantFrom('a"],["b', "a\nb", "neighbor br0 192.0.2.1"),
);
const state = fc
  .record({
    owner: name,
    addresses: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
    settings: fc.boolean(),
  })
  .map(({ owner, addresses, settings }): OwnerState => {
    const entries = addresses.map((n) => {
      const entry = neighbor(`192.0.2.${n}`, "52:02:00:00:00:01", `br${n % 2}`);
      return { entry, key: entryKey(entry), path: "" };
    });
    const links = new Map(settings ? [["br0", { carrier: "keep" as const }]] : []);
    return { owner, source: "test", persistence: "runtime", changed: 1, entries, links };
  });
const states = fc.uniqueArray(state, { selector: ({ owner }) => owner, maxLength: 8 });

/** What the index stands for, found by looking at everything. */
function expected(all: readonly OwnerState[], key: string): string[] {
  return all
    .filter(({ entries }) => entries.some(({ entry }) => entryKey(entry) === key))
    .map(({ owner }) => owner)
    .sort();
}

function agrees(index: string, all: readonly OwnerState[]): void {
  for (const { owner, entries, links } of all) {
    const keys = entries.map(({ entry }) => entryKey(entry));
    const on = [...new Set(entries.map(({ entry }) => entry.link))];
    const line = { owner, plain: links.size === 0, links: on, keys };
    expect(indexedOwner(index, owner)).toEqual(keys.length === 0 ? null : line);
  }
  for (let n = 1; n <= 12; n++) {
    const key = entryKey(neighbor(`192.0.2.${n}`, "52:02:00:00:00:01", `br${n % 2}`));
    expect(
      ownersWanting(index, new Set([key]))
        .map(({ owner }) => owner)
        .sort(),
    ).toEqual(expected(all, key));
  }
}

describe("an index of owners", () => {
  test("finds owners and whoever wants a key, also after changes", () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const index = indexOwners(before, new Set(before.map(({ owner }) => owner)));
        agrees(index, before);
        const changed = new Set(after.map(({ owner }) => owner));
        agrees(withOwners(index, after), [...before.filter(({ owner }) => !changed.has(owner)), ...after]);
      }),
    );
  });

  test("names the first and the last owner on a link", () => {
    const without = fc.uniqueArray(name, { maxLength: 3 });
    fc.assert(
      fc.property(states, without, (all, left) => {
        const except = new Set([...left, ...all.slice(0, 1).map(({ owner }) => owner)]);
        const index = indexOwners(all, new Set());
        const on = all.filter(
          ({ owner, entries }) => !except.has(owner) && entries.some(({ entry }) => entry.link === "br0"),
        );
        const ends = new Set([...on.slice(0, 1), ...on.slice(-1)].map(({ owner }) => owner));
        expect(outermostOwners(index, "br0", except)).toEqual([...ends]);
      }),
    );
  });

  test("an owner of the admin is not plain", () => {
    const [admin] = fc.sample(
      state.filter(({ entries, links }) => entries.length > 0 && links.size === 0),
      1,
    );
    if (admin === undefined) throw new Error("no sample");
    expect(indexedOwner(indexOwners([admin], new Set()), admin.owner)?.plain).toBe(false);
  });
});
