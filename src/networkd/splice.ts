import { blockStarts, closing, type Digest, renderBlock } from "./block.ts";
import { entriesHead, entriesText, type OwnerEntries } from "./render.ts";

/**
 * Cuts a drop-in that netkeep wrote into its blocks without parsing them, so that one owner's can be replaced at a cost
 * that hardly depends on the others.
 *
 * @returns owner → block, in order; null if the text is not just a head and blocks, each owner once
 */
export function cutBlocks(text: string, link: string): ReadonlyMap<string, string> | null {
  const head = entriesHead(link);
  const starts = blockStarts(text);
  if (!text.startsWith(head) || starts[0]?.at !== head.length) return null;
  const blocks = new Map<string, string>();
  for (const [index, { owner, at }] of starts.entries()) {
    const next = starts[index + 1]?.at;
    const block = text.slice(at, next === undefined ? text.length : next - 1);
    if (!block.endsWith(`\n${closing}\n`) || blocks.has(owner)) return null;
    blocks.set(owner, block);
  }
  return entriesText(link, [...blocks.values()]) === text ? blocks : null;
}

/**
 * The drop-in with other blocks for some owners: byte for byte what rendering all of them would give.
 *
 * @param owners owner → what it has now; no entries: it has no block
 * @returns null if no block is left
 */
export function replaceBlocks(
  blocks: ReadonlyMap<string, string>,
  link: string,
  owners: readonly OwnerEntries[],
  digest: Digest,
): string | null {
  const merged = new Map(blocks);
  for (const { owner, source, entries } of owners) {
    if (entries.length === 0) merged.delete(owner);
    else merged.set(owner, renderBlock(owner, source, entries, digest));
  }
  const sorted = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, block]) => block);
  return sorted.length === 0 ? null : entriesText(link, sorted);
}
