import { compareKeys, type Entry } from "../model/entry.ts";
import { sectionToNeighbor, writeNeighbor } from "./neighborSection.ts";
import { sectionToRoute, writeRoute } from "./routeSection.ts";
import { ruleToSection, sectionToRules } from "./ruleSection.ts";
import { readSections, writeSection } from "./unitFile.ts";

/** Text → a short digest of it, in hexadecimal; an argument because this folder computes and touches nothing. */
export type Digest = (text: string) => string;

/** One owner's entries in a drop-in, between two comment lines. */
export interface Block {
  readonly owner: string;
  /** What the frame says the body's digest is. */
  readonly digest: string;
  /** The document that the entries came from, as the frame has it; empty if it does not say. */
  readonly source: string;
  /** The text between the frame lines. */
  readonly body: string;
}

const opening = /^# netkeep block owner=(\S+) digest=([0-9a-f]+)(?: source=(.*))?$/;
export const closing = "# netkeep end";

/** An owner's block, frame included. Entries stand in the order of their keys, so that equal sets give equal bytes. */
export function renderBlock(owner: string, source: string, entries: readonly Entry[], digest: Digest): string {
  const body = [...entries].sort(compareKeys).map(sectionText).join("\n");
  return frameBlock(owner, source, body, digest);
}

/** Text on behalf of an owner between the two lines that say so. */
export function frameBlock(owner: string, source: string, body: string, digest: Digest): string {
  const frame = `# netkeep block owner=${ownerWord(owner)} digest=${digest(body)} source=${commentText(source)}`;
  return `${frame}\n${body}${closing}\n`;
}

/** The blocks of a drop-in, in order. A block that is not closed ends where the next begins. */
export function readBlocks(text: string): Block[] {
  const blocks: { owner: string; digest: string; source: string; lines: string[] }[] = [];
  let open = false;
  for (const line of text.split("\n")) {
    const match = opening.exec(line);
    if (match !== null) {
      blocks.push({ owner: ownerOf(match[1] ?? ""), digest: match[2] ?? "", source: match[3] ?? "", lines: [] });
      open = true;
    } else if (line === closing) open = false;
    else if (open) blocks.at(-1)?.lines.push(line);
  }
  return blocks.map(({ owner, digest, source, lines }) => ({
    owner,
    digest,
    source,
    body: lines.length === 0 ? "" : `${lines.join("\n")}\n`,
  }));
}

/** The owners and sources of `readBlocks`, without a look at what is between the heads. */
export function blockHeads(text: string): Pick<Block, "owner" | "source">[] {
  return headPlaces(text).flatMap((at) => {
    const end = text.indexOf("\n", at);
    const [, owner, , source = ""] = opening.exec(text.slice(at, end < 0 ? undefined : end)) ?? [];
    return owner === undefined ? [] : [{ owner: ownerOf(owner), source }];
  });
}

/** What a block begins with, and after it the name of its owner, a word. */
export const headWord = "# netkeep block owner=";

/** The owner of the block that begins at this place. */
export function ownerAt(text: string, at: number): string {
  const begin = at + headWord.length;
  return ownerOf(text.slice(begin, text.indexOf(" ", begin)));
}

function headPlaces(text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(headWord); at >= 0; at = text.indexOf(headWord, at + headWord.length)) {
    if (at === 0 || text[at - 1] === "\n") places.push(at);
  }
  return places;
}

/** The entries in a text of sections, as networkd would install them on `link`. */
export function readEntries(text: string, link: string): Entry[] {
  return readSections(text).flatMap((section): Entry[] => {
    if (section.name === "RoutingPolicyRule") return sectionToRules(section, link);
    const entry =
      section.name === "Route"
        ? sectionToRoute(section, link)
        : section.name === "Neighbor"
          ? sectionToNeighbor(section, link)
          : null;
    return entry === null ? [] : [entry];
  });
}

function sectionText(entry: Entry): string {
  if (entry.kind === "route") return writeRoute(entry);
  return entry.kind === "rule" ? writeSection(ruleToSection(entry)) : writeNeighbor(entry);
}

/** Owner ids come from agents: one word, without anything that ends a line or looks like a frame. */
function ownerWord(owner: string): string {
  return encodeURIComponent(owner.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** A frame that somebody edited may hold anything: then its owner is that text. */
export function ownerOf(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function commentText(text: string): string {
  return text.replace(/[^\x20-\x7e]|\\/gu, "?");
}
