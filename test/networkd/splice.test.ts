import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderBlock } from "../../src/networkd/block.ts";
import type { OwnerEntries } from "../../src/networkd/render.ts";
import { entriesText, renderLink } from "../../src/networkd/render.ts";
import { blockIn, isInOrder, outermostBlocks, replaceBlocks } from "../../src/networkd/splice.ts";
import { neighbor, route } from "../support/build.ts";

const digest = (text: string) => text.length.toString(16);
const link = "br0";

function owned(owner: string, count: number): OwnerEntries {
  const entries = Array.from({ length: count }, (_, n) => neighbor(`192.0.2.${n + 1}`, "52:02:00:00:00:01", link));
  return { owner, source: "test", persistence: "persistent", entries };
}

function rendered(owners: readonly OwnerEntries[]): string | null {
  const sorted = [...owners].sort((a, b) => (a.owner < b.owner ? -1 : 1));
  const rendering = { link, baseName: "10-br0.network", version: 257, keepCarrier: true, owners: sorted };
  return renderLink(rendering, digest).find(({ path }) => path.endsWith("60-netkeep.conf"))?.text ?? null;
}

function blockOf({ owner, source, entries }: OwnerEntries): string {
  return entries.length === 0 ? "" : renderBlock(owner, source, entries, digest).trimEnd();
}

const owners = fc
  .uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.integer({ min: 0, max: 3 }).map((count) => owned(name, count)))),
  );

describe("a drop-in cut into blocks", () => {
  test("with some owners' blocks replaced is what rendering all owners gives", () => {
    fc.assert(
      fc.property(owners, owners, (before, after) => {
        const text = rendered(before) ?? "";
        expect(text === "" || isInOrder(text, link)).toBe(true);
        for (const state of before) expect(blockIn(text, link, state.owner).trimEnd()).toBe(blockOf(state));
        const changed = new Set(after.map(({ owner }) => owner));
        const kept = before.filter(({ owner }) => !changed.has(owner));
        expect(replaceBlocks(text, link, after, digest)).toBe(rendered([...kept, ...after]));
      }),
    );
  });

  const good = rendered([owned("a", 2), owned("b", 1)]) ?? "";
  test.each([
    ["nothing", ""],
    ["another link", good.replace("link=br0", "link=br1")],
    ["a line between head and blocks", good.replace("\n\n#", "\n\n# mine\n#")],
    ["a section behind the last block", `${good}[Route]\nDestination=10.0.0.0/8\n`],
    ["a line between two blocks", good.replace("# netkeep end\n\n", "# netkeep end\n# mine\n")],
    ["a block without its end", good.replace("# netkeep end\n", "")],
    [
      "an owner twice",
      entriesText(
        link,
        [blockOf(owned("a", 1)), blockOf(owned("a", 2))].map(
          (text) => `${text}
`,
        ),
      ),
    ],
    [
      "owners in another order",
      entriesText(
        link,
        [blockOf(owned("b", 1)), blockOf(owned("a", 2))].map(
          (text) => `${text}
`,
        ),
      ),
    ],
    ["another line end", good.replaceAll("\n", "\r\n")],
    ["a head without the end of its line", good.replace(/owner=a .*\n/, "owner=a\n")],
  ])("%s is not in order", (_, text) => {
    expect(isInOrder(text, link)).toBe(false);
  });

  test("gives the first and the last block that counts", () => {
    fc.assert(
      fc.property(owners, fc.array(fc.nat(7)), fc.array(fc.nat(7)), (states, routers, left) => {
        const route0 = route("198.51.100.0/24", link);
        const mixed = states.map((state, n) => (routers.includes(n) ? { ...state, entries: [route0] } : state));
        const text = rendered(mixed) ?? "";
        const without = new Set(left.map((n) => mixed[n]?.owner ?? ""));
        const others = mixed
          .filter(({ owner, entries }) => !without.has(owner) && entries.length > 0)
          .sort((a, b) => (a.owner < b.owner ? -1 : 1));
        const guests = others.filter(({ entries }) => entries[0]?.kind === "neighbor");
        const among = guests.length > 0 ? guests : others;
        const expected =
          among.length === 0 ? [] : [among.at(0) as OwnerEntries, among.at(-1) as OwnerEntries].map(blockOf);
        const found = outermostBlocks(text, "Neighbor", without).map((block) => block.trimEnd());
        expect(found).toEqual([...new Set(expected)]);
      }),
    );
  });

  test("a hand edit within a block does not matter to the others", () => {
    const edited = good.replace("Address=192.0.2.2", "Address=192.0.2.99");
    expect(isInOrder(edited, link)).toBe(true);
  });
});
