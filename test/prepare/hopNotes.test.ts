import { describe, expect, test } from "vitest";
import type { Observed } from "../../src/observe/observe.ts";
import { hopNotes } from "../../src/prepare/hopNotes.ts";
import { kernelState, neighbor, owner, route } from "../support/build.ts";

const hop = (link: string) => ({ gateway: "10.0.0.9" as never, link, weight: 1, onLink: false });
const over = (...links: string[]) => route("10.9.0.0/16", links[0] ?? "", { nextHops: links.map(hop) });

function notes(version: number | null, links: readonly string[], down: readonly string[] = []): string[] {
  const kernel = kernelState(["br0", "br1"], [], down);
  const observed = { networkd: { version }, kernel } as unknown as Observed;
  const { entries, ...rest } = owner("o", [over(...links), neighbor("10.0.0.8", "02:00:00:00:00:01", "br0")]);
  const rendered = { ...rest, entries: entries.map(({ entry }) => entry) };
  return hopNotes(links[0] ?? "", [rendered as never], observed).map(({ text }) => text);
}

describe("routes over several links", () => {
  test("before 257 networkd waits for carrier, and the version is named", () => {
    expect(notes(252, ["br0", "br1", "br2"], ["br2"])).toEqual([
      expect.stringMatching(/^networkd 252 sets routes over several links only while .* and br2 has none; /),
    ]);
    expect(notes(252, ["br0", "br7"])).toHaveLength(1);
  });

  test("no word where all have it, where there is one link, and from 257 on", () => {
    expect(notes(252, ["br0", "br1"])).toEqual([]);
    expect(notes(252, ["br2", "br2"], ["br2"])).toEqual([]);
    expect(notes(257, ["br0", "br2"], ["br2"])).toEqual([]);
    expect(notes(null, ["br0", "br2"], ["br2"])).toEqual([]);
  });
});
