import type { Entry } from "../model/entry.ts";
import { readEntries } from "./block.ts";

/** An entry and the lines of the drop-in that ask for it, counted from 1; `last` is the last line with an assignment. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly first: number;
  readonly last: number;
}

/** Where each entry of a generated file stands. Sections that are no entry on `link` are left out. */
export function placeEntries(text: string, link: string): PlacedEntry[] {
  const placed: PlacedEntry[] = [];
  const lines = text.split("\n");
  const heads = lines.flatMap((line, index) => (/^\s*\[/.test(line) ? [index] : []));
  for (const [position, first] of heads.entries()) {
    const section = lines.slice(first, heads[position + 1] ?? lines.length);
    const length = section.findLastIndex((line) => !/^\s*([#;]|$)/.test(line)) + 1;
    for (const entry of readEntries(`${section.slice(0, length).join("\n")}\n`, link)) {
      placed.push({ entry, first: first + 1, last: first + length });
    }
  }
  return placed;
}
