import { type Entry, entryKey } from "../model/entry.ts";
import type { DesiredState } from "../model/owner.ts";
import type { KernelNeighbor } from "../model/state.ts";
import type { Digest } from "../networkd/block.ts";
import { readEntries } from "../networkd/block.ts";
import { baseNameOf, dropInPaths } from "../networkd/paths.ts";
import { blockIn, isInOrder, outermostBlocks, replaceBlocks } from "../networkd/splice.ts";
import type { System } from "../system/system.ts";
import type { Layout } from "./layout.ts";
import type { Memory } from "./memory.ts";

/** The drop-ins with entries of some links, not parsed beyond what some owners have there. */
export interface RecordedLinks {
  /** Path → text, of those that exist. */
  readonly texts: ReadonlyMap<string, string>;
  readonly files: readonly RecordedFile[];
  readonly links: ReadonlySet<string>;
  readonly protocol: number;
  /** What the owners have in them. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** What some other owners have, two of each file. */
  readonly samples: readonly Entry[];
  /** Whether any owner has just this neighbor in them. */
  has(neighbor: KernelNeighbor): boolean;
}

interface RecordedFile {
  readonly path: string;
  readonly link: string;
  readonly persistence: "persistent" | "runtime";
  /** In order (splice.ts); empty if it does not exist. */
  readonly text: string;
}

/**
 * Reads the drop-ins of links.
 *
 * @returns null if one of them is not just as netkeep writes it, or a link has none
 */
export async function readRecordedLinks(
  system: System,
  links: readonly string[],
  { bases, inOrder }: Memory,
  owners: ReadonlySet<string>,
  protocol: number,
): Promise<RecordedLinks | null> {
  const texts = new Map<string, string>();
  const files: RecordedFile[] = [];
  const entries = new Map<string, Entry>();
  const samples: Entry[] = [];
  for (const link of links) {
    const paths = dropInPaths(bases[link] ?? "");
    const settings = await system.readText(paths.link);
    if (settings === null) return null;
    for (const persistence of ["persistent", "runtime"] as const) {
      const path = persistence === "persistent" ? paths.entries : paths.runtimeEntries;
      const read = await system.readText(path);
      // In this order: what is changed meanwhile is looked at.
      const asBefore = (await system.modified(path)) === inOrder[path];
      if (read !== null && !asBefore && !isInOrder(read, link)) return null;
      if (read !== null) texts.set(path, read);
      const text = read ?? "";
      files.push({ path, link, persistence, text });
      for (const owner of owners) {
        for (const entry of readEntries(blockIn(text, link, owner), link)) entries.set(entryKey(entry), entry);
      }
      // Of those with a neighbor, which a change of the link's MAC takes from all.
      for (const block of outermostBlocks(text, "Neighbor", owners)) samples.push(...readEntries(block, link));
    }
  }
  return { texts, files, links: new Set(links), protocol, entries, samples, has: neighborLookup(texts, files) };
}

/** What `layOut` gives, for blocks of some owners; null if a link would be left without any. */
export function narrowLayout(
  desired: DesiredState,
  recorded: RecordedLinks,
  live: ReadonlySet<string>,
  owners: ReadonlySet<string>,
  digest: Digest,
): (Layout & { readonly mostRoutes: number }) | null {
  const render = (without: ReadonlySet<string>) =>
    recorded.files.map((file) => {
      const replaced = [...owners].map((owner) => ({ owner, ...blockOf(owner, file, desired, without) }));
      return { ...file, text: replaceBlocks(file.text, file.link, replaced, digest) };
    });
  const files = render(new Set());
  const links = [...new Set(files.map(({ link }) => link))];
  const ofLink = (link: string) =>
    files.flatMap((file) => (file.link === link && file.text !== null ? [file.text] : []));
  if (links.some((link) => ofLink(link).length === 0)) return null;
  const routes = links.map((link) => ofLink(link).reduce((sum, text) => sum + countRoutes(text), 0));
  const withText = (all: ReturnType<typeof render>) =>
    all.flatMap(({ path, text }) => (text === null ? [] : [{ path, text, entries: [] }]));
  const linkAt = new Map(files.map(({ path, link }) => [path, link]));
  return {
    files: withText(files),
    notes: [],
    sections: new Map(),
    bases: new Map(),
    live: new Map([...live].map((link) => [link, "as before"])),
    certain: true,
    keeps: () => false,
    without: (keys) => withText(render(keys)),
    reloads: (changes) => [...new Set(changes.map(({ path }) => linkAt.get(path) ?? baseNameOf(path)))],
    mostRoutes: Math.max(0, ...routes),
  };
}

function blockOf(owner: string, file: RecordedFile, desired: DesiredState, without: ReadonlySet<string>) {
  const state = desired.owners.find((other) => other.owner === owner);
  const here = state?.persistence === file.persistence ? state.entries.map(({ entry }) => entry) : [];
  return {
    source: state?.source ?? "",
    persistence: file.persistence,
    entries: here.filter((entry) => entry.link === file.link && !without.has(entryKey(entry))),
  };
}

/** Several times quicker than a search for one after the other. */
function countRoutes(text: string): number {
  return text.split("[Route]\n").length - 1;
}

/** Looks into the texts at the first question only: most hosts have no neighbor without a mark. */
function neighborLookup(texts: ReadonlyMap<string, string>, files: readonly RecordedFile[]) {
  let known: ReadonlySet<string> | null = null;
  const read = () =>
    new Set(
      files.flatMap(({ path, link }) =>
        [...(texts.get(path) ?? "").matchAll(/^\[Neighbor\]\nAddress=(\S+)\nLinkLayerAddress=(\S+)$/gm)].map(
          ([, address, mac]) => `${link} ${address} ${mac}`,
        ),
      ),
    );
  return ({ link, address, mac }: KernelNeighbor) => {
    known ??= read();
    return known.has(`${link} ${address} ${mac}`);
  };
}
