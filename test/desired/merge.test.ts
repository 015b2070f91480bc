import { describe, expect, test } from "vitest";
import { conflictText, linksOfDesired, merge } from "../../src/desired/merge.ts";
import { entryText } from "../../src/model/entry.ts";
import type { OwnerState } from "../../src/model/owner.ts";
import { neighbor, owner, route } from "../support/build.ts";

const [one, two] = [neighbor("10.0.0.1", "02:00:00:00:00:01", "br0"), neighbor("10.0.0.1", "02:00:00:00:00:02", "br0")];
const shared = route("10.9.0.0/16", "br0");

/** Who keeps what, and who lost to whom. */
function outcome(owners: readonly OwnerState[]) {
  const { owners: kept, conflicts } = merge(owners);
  return {
    kept: Object.fromEntries(kept.map((state) => [state.owner, state.entries.map(({ entry }) => entryText(entry))])),
    lost: conflicts.map(({ winner, loser }) => `${loser.owner} to ${winner.owner}`),
  };
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((item, index) => permutations(list.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe("merge", () => {
  test("identical entries stay with each owner", () => {
    expect(outcome([owner("a", [shared]), owner("b", [shared, one])])).toEqual({
      kept: { a: [entryText(shared)], b: [entryText(shared), entryText(one)] },
      lost: [],
    });
  });

  test.each([
    ["the newest wins", owner("a", [one], { changed: 2 }), owner("b", [two], { changed: 1 }), "b to a"],
    ["of equal age the later name", owner("a", [one]), owner("b", [two]), "a to b"],
  ])("%s, whatever the order of reading, and its other entries stay", (_, first, second, lost) => {
    const third = owner("c", [shared], { changed: 3 });
    const all = permutations([first, second, third]).map(outcome);
    expect(new Set(all.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(all[0]?.lost).toEqual([lost]);
  });

  test("a blackhole in another drop-in is another wish, though the kernel has no link for it", () => {
    const at = (link: string) => route("10.9.0.0/16", link, { type: "blackhole" });
    expect(outcome([owner("a", [at("br0")]), owner("b", [at("br1")])]).lost).toEqual(["a to b"]);
    expect(outcome([owner("a", [at("br0")]), owner("b", [at("br0")])]).lost).toEqual([]);
  });

  test("settings of a link: those of the newest count, key by key", () => {
    const settings = (name: string, changed: number, link: Record<string, string>) =>
      owner(name, [], { changed, links: new Map([["br0", link]]) });
    const { links } = merge([
      settings("a", 1, { carrier: "keep", kind: "bridge" }),
      settings("b", 2, { carrier: "follow" }),
    ]);
    expect(links.get("br0")).toEqual({ carrier: "follow", kind: "bridge" });
  });

  test("the links of all, and a conflict in words", () => {
    const desired = merge([
      owner("a", [one, route("10.8.0.0/16", "br7")]),
      owner("b", [two], { links: new Map([["br3", {}]]) }),
    ]);
    expect(linksOfDesired(desired)).toEqual(["br0", "br3", "br7"]);
    expect(desired.conflicts.map(conflictText)).toEqual([
      "a and b want different entries under one key:\n" +
        "    a (routes.0): 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent\n" +
        "    b: 10.0.0.1 lladdr 02:00:00:00:00:02 dev br0 nud permanent",
    ]);
  });
});
