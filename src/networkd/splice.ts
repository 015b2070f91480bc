import { blockStarts, closing, type Digest, renderBlock } from "./block.ts";
import { entriesHead, type OwnerEntries } from "./render.ts";

/** A drop-in with entries and the places of its blocks, in the order of their owners. */
export interface CutText {
  /** Without the head; a line break ends every block, also the last. */
  readonly body: string;
  readonly starts: readonly { readonly owner: string; readonly at: number }[];
}

/** A drop-in that does not exist. */
export const nothingCut: CutText = { body: "", starts: [] };

/**
 * Finds the blocks of a drop-in that netkeep wrote without parsing them, so that one owner's can be replaced at a cost that
 * hardly depends on the others.
 *
 * @returns null if the text is not just a head and blocks, in the order of their owners
 */
export function cutBlocks(text: string, link: string): CutText | null {
  const head = entriesHead(link);
  if (!text.startsWith(head)) return null;
  const body = `${text.slice(head.length)}\n`;
  const starts = blockStarts(body);
  if (starts[0]?.at !== 0 || !endsBlock(body, body.length)) return null;
  for (const [index, { owner, at }] of starts.entries()) {
    const before = starts[index - 1];
    if (before !== undefined && (!endsBlock(body, at) || before.owner >= owner)) return null;
  }
  return { body, starts };
}

/** An owner's block; empty if it has none. */
export function blockIn(cut: CutText, owner: string): string {
  const index = placeOf(cut, owner);
  return cut.starts[index]?.owner === owner ? cut.body.slice(cut.starts[index].at, endOf(cut, index)) : "";
}

/**
 * The drop-in with other blocks for some owners: byte for byte what rendering all of them would give.
 *
 * @param owners what each has now; no entries: it has no block
 * @returns null if no block is left
 */
export function replaceBlocks(
  cut: CutText,
  link: string,
  owners: readonly OwnerEntries[],
  digest: Digest,
): string | null {
  // From the end, so that the places before it stay where they are.
  const lastFirst = [...owners].sort((a, b) => (a.owner < b.owner ? 1 : -1));
  let { body } = cut;
  for (const { owner, source, entries } of lastFirst) {
    const index = placeOf(cut, owner);
    const start = cut.starts[index]?.at ?? cut.body.length;
    const end = cut.starts[index]?.owner === owner ? endOf(cut, index) : start;
    const block = entries.length === 0 ? "" : `${renderBlock(owner, source, entries, digest)}\n`;
    body = body.slice(0, start) + block + body.slice(end);
  }
  return body === "" ? null : entriesHead(link) + body.slice(0, -1);
}

/** The index of the first block that does not come before the owner's. */
function placeOf({ starts }: CutText, owner: string): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle]?.owner ?? "") < owner) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endOf({ body, starts }: CutText, index: number): number {
  return starts[index + 1]?.at ?? body.length;
}

const blockEnd = `\n${closing}\n\n`;

function endsBlock(body: string, at: number): boolean {
  return body.startsWith(blockEnd, at - blockEnd.length);
}
