import { closing, type Digest, headWord, ownerAt, ownerOf, renderBlock } from "./block.ts";
import { entriesHead, type OwnerEntries } from "./render.ts";

/** Before every block but the first stands the end of another. */
const blockEnd = `\n${closing}\n`;
const blockBegin = `\n${headWord}`;
const heads = new RegExp(`(?:${blockEnd})?${blockBegin}[^ \\n]*.?`, "g");

/**
 * Whether a drop-in is just a head and blocks in the order of their owners, as netkeep writes it. Then one owner's block can
 * be found and replaced without parsing the others, at a cost that hardly depends on them.
 */
export function isInOrder(text: string, link: string): boolean {
  const head = entriesHead(link);
  if (!text.startsWith(`${head}${headWord}`) || !text.endsWith(blockEnd)) return false;
  const found = text.match(heads) ?? [];
  let prefix = blockBegin;
  let before: string | null = null;
  for (const words of found) {
    if (!words.startsWith(prefix) || !words.endsWith(" ")) return false;
    const owner = ownerOf(words.slice(prefix.length, -1));
    if (before !== null && before >= owner) return false;
    before = owner;
    prefix = blockEnd + blockBegin;
  }
  return true;
}

/**
 * An owner's block; empty if it has none.
 *
 * @param text in order; empty for a drop-in that does not exist
 */
export function blockIn(text: string, link: string, owner: string): string {
  const { start, end } = placeOf(text, link, owner);
  return text.slice(start, end);
}

/**
 * The blocks of the first and of the last owner that are not left out: of those with such a section, if any of them has one.
 *
 * @param text in order; empty for a drop-in that does not exist
 */
export function outermostBlocks(text: string, section: string, without: ReadonlySet<string>): string[] {
  const withSection = outermost(text, `\n[${section}]\n`, without);
  return withSection.length > 0 ? withSection : outermost(text, blockBegin, without);
}

/**
 * The drop-in with other blocks for some owners: byte for byte what rendering all of them would give.
 *
 * @param text in order; empty for a drop-in that does not exist
 * @param owners what each has now; no entries: it has no block
 * @returns null if no block is left
 */
export function replaceBlocks(
  text: string,
  link: string,
  owners: readonly OwnerEntries[],
  digest: Digest,
): string | null {
  const head = entriesHead(link);
  const whole = text === "" ? head.slice(0, -1) : text;
  // As if it ended with an empty line too, as every block but the last.
  const between = (from: number, to: number) =>
    whole.slice(from, to) + (from <= whole.length && to > whole.length ? "\n" : "");
  const parts: string[] = [];
  let done = 0;
  for (const { owner, source, entries } of [...owners].sort((a, b) => (a.owner < b.owner ? -1 : 1))) {
    const { start, end } = placeOf(whole, link, owner);
    parts.push(between(done, start));
    if (entries.length > 0) parts.push(`${renderBlock(owner, source, entries, digest)}\n`);
    done = end;
  }
  parts.push(between(done, whole.length + 1));
  const replaced = parts.join("");
  return replaced === head ? null : replaced.slice(0, -1);
}

/** Where an owner's block is, or would be. The last one ends behind the text, which has no empty line at its end. */
function placeOf(text: string, link: string, owner: string): { readonly start: number; readonly end: number } {
  let [low, high] = [Math.min(entriesHead(link).length, text.length + 1), text.length + 1];
  while (low < high) {
    const start = text.lastIndexOf(blockBegin, Math.floor((low + high) / 2) - 1) + 1;
    if (ownerAt(text, start) < owner) low = endOf(text, start);
    else high = start;
  }
  const found = low < text.length && ownerAt(text, low) === owner;
  return { start: low, end: found ? endOf(text, low) : low };
}

function endOf(text: string, start: number): number {
  const next = text.indexOf(blockBegin, start);
  return next < 0 ? text.length + 1 : next + 1;
}

/** The first and the last block in which the word stands, of owners that are not left out. */
function outermost(text: string, word: string, without: ReadonlySet<string>): string[] {
  const blockAt = (at: number) => {
    const start = text.lastIndexOf(blockBegin, at) + 1;
    return { start, end: endOf(text, start), counts: !without.has(ownerAt(text, start)) };
  };
  const found = new Set<string>();
  for (let at = text.indexOf(word); at >= 0 && found.size === 0; ) {
    const { start, end, counts } = blockAt(at);
    if (counts) found.add(text.slice(start, end));
    at = text.indexOf(word, end - 1);
  }
  if (found.size === 0) return [];
  for (let at = text.lastIndexOf(word); at >= 0; ) {
    const { start, end, counts } = blockAt(at);
    if (counts) found.add(text.slice(start, end));
    at = counts ? -1 : text.lastIndexOf(word, start - 2);
  }
  return [...found];
}
