import type { Address } from "../model/address.ts";
import { neighborKey } from "../model/neighbor.ts";
import type { OwnerState } from "../model/owner.ts";

/**
 * Who wants which keys, of all owners of a host: what a run must know of the owners that it does not read. It is kept as
 * text, a line for each owner, because looking into it and replacing a line must not cost more with more owners than a
 * search in memory does.
 */
export type OwnerIndex = string;

/** One owner's line. */
export interface IndexedOwner {
  readonly owner: string;
  /** Links that it has entries on. */
  readonly links: readonly string[];
  /** A stored document without link settings. Others change what is written for all, or are not netkeep's to replace. */
  readonly plain: boolean;
  readonly keys: readonly string[];
}

/** @param plain owners whose documents netkeep keeps */
export function indexOwners(states: readonly OwnerState[], plain: ReadonlySet<string>): OwnerIndex {
  const wanting = states.filter((state) => state.entries.length > 0);
  return wanting.map((state) => lineOf(state, plain.has(state.owner))).join("");
}

/** null for an owner that is not there. */
export function indexedOwner(index: OwnerIndex, owner: string): IndexedOwner | null {
  const at = startOf(index, owner);
  return at < 0 ? null : parseLine(index.slice(at, index.indexOf("\n", at)));
}

/** The owners that want one of these keys. */
export function ownersWanting(index: OwnerIndex, keys: Iterable<string>): IndexedOwner[] {
  const found = new Map<number, IndexedOwner>();
  for (const key of keys) {
    const word = JSON.stringify(key);
    for (let at = index.indexOf(word); at >= 0; at = index.indexOf(word, at + 1)) {
      const start = index.lastIndexOf("\n", at) + 1;
      if (!found.has(start)) found.set(start, parseLine(index.slice(start, index.indexOf("\n", at))));
    }
  }
  return [...found.values()].filter((indexed) => indexed.keys.some((key) => has(keys, key)));
}

/**
 * The first and the last of the owners on a link that are not left out: of those with a neighbor there, if any has one,
 * because neighbors are what a change of the link's MAC takes from all.
 */
export function outermostOwners(index: OwnerIndex, link: string, without: ReadonlySet<string>): string[] {
  const neighbors = neighborKey({ link, address: "" as Address });
  const hasNeighbor = ({ keys }: IndexedOwner) => keys.some((key) => key.startsWith(neighbors));
  const others = ({ owner, links }: IndexedOwner) => links.includes(link) && !without.has(owner);
  const found = outermost(index, JSON.stringify(neighbors).slice(0, -1), (line) => others(line) && hasNeighbor(line));
  return found.length > 0 ? found : outermost(index, JSON.stringify(link), others);
}

/** The owners of the first and of the last line that has the word and is one of those looked for. */
function outermost(index: OwnerIndex, word: string, isOne: (line: IndexedOwner) => boolean): string[] {
  const ownersAt = (at: number) => {
    const line = parseLine(index.slice(index.lastIndexOf("\n", at) + 1, index.indexOf("\n", at)));
    return isOne(line) ? [line.owner] : [];
  };
  let [first, last]: [string[], string[]] = [[], []];
  for (let at = index.indexOf(word); at >= 0 && first.length === 0; at = index.indexOf(word, at + 1)) {
    first = ownersAt(at);
  }
  for (
    let at = index.lastIndexOf(word);
    at >= 0 && last.length === 0;
    at = at > 0 ? index.lastIndexOf(word, at - 1) : -1
  ) {
    last = ownersAt(at);
  }
  return [...new Set([...first, ...last])];
}

/** The index after some owners have changed; a state without entries has no line. */
export function withOwners(index: OwnerIndex, states: readonly OwnerState[]): OwnerIndex {
  let text = index;
  for (const state of states) {
    const at = startOf(text, state.owner);
    if (at >= 0) text = text.slice(0, at) + text.slice(text.indexOf("\n", at) + 1);
    if (state.entries.length > 0) text += lineOf(state, state.links.size === 0);
  }
  return text;
}

function lineOf({ owner, entries, links }: OwnerState, plain: boolean): string {
  const on = [...new Set(entries.map(({ entry }) => entry.link))];
  const keys = entries.map(({ key }) => key);
  return `${JSON.stringify([owner, plain && links.size === 0, on, keys])}\n`;
}

function parseLine(line: string): IndexedOwner {
  const [owner, plain, links, keys] = JSON.parse(line) as [string, boolean, string[], string[]];
  return { owner, plain, links, keys };
}

/** JSON has no line break and no bare quote, so that a line cannot begin like this within another. */
function startOf(index: OwnerIndex, owner: string): number {
  const word = `[${JSON.stringify(owner)},`;
  if (index.startsWith(word)) return 0;
  const at = index.indexOf(`\n${word}`);
  return at < 0 ? -1 : at + 1;
}

function has(keys: Iterable<string>, wanted: string): boolean {
  for (const key of keys) if (key === wanted) return true;
  return false;
}
