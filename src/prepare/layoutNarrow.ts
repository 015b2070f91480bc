import { type Entry, entryKey } from "../model/entry.ts";
import type { DesiredState } from "../model/owner.ts";
import type { KernelNeighbor } from "../model/state.ts";
import type { Digest } from "../networkd/block.ts";
import { readEntries } from "../networkd/block.ts";
import { baseNameOf, dropInPaths } from "../networkd/paths.ts";
import { blockIn, type CutText, cutBlocks, nothingCut, replaceBlocks } from "../networkd/splice.ts";
import type { System } from "../system/system.ts";
import type { Layout } from "./layout.ts";

/** The drop-ins with entries of some links, cut into blocks but not parsed beyond what some owners have there. */
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
  readonly cut: CutText;
}

/**
 * Reads the drop-ins of links.
 *
 * @param bases link → name of its base file
 * @returns null if one of them is not just as netkeep writes it, or a link has none
 */
export async function readRecordedLinks(
  system: System,
  links: readonly string[],
  bases: Readonly<Record<string, string>>,
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
      const text = await system.readText(path);
      const cut = text === null ? nothingCut : cutBlocks(text, link);
      if (cut === null) return null;
      if (text !== null) texts.set(path, text);
      files.push({ path, link, persistence, cut });
      for (const owner of owners) {
        for (const entry of readEntries(blockIn(cut, owner), link)) entries.set(entryKey(entry), entry);
      }
      for (const owner of samplesOf(cut, owners)) samples.push(...readEntries(blockIn(cut, owner), link));
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
      return { ...file, text: replaceBlocks(file.cut, file.link, replaced, digest) };
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

/** The first and the last of the other owners: of those with a neighbor, which a change of the link's MAC takes from all. */
function samplesOf(cut: CutText, owners: ReadonlySet<string>): Set<string> {
  const others = cut.starts.filter(({ owner }) => !owners.has(owner));
  const hasNeighbor = ({ owner }: { readonly owner: string }) => blockIn(cut, owner).includes("\n[Neighbor]\n");
  const found = [others.find(hasNeighbor) ?? others.at(0), others.findLast(hasNeighbor) ?? others.at(-1)];
  return new Set(found.flatMap((start) => (start === undefined ? [] : [start.owner])));
}

function countRoutes(text: string): number {
  let routes = 0;
  for (let at = text.indexOf("[Route]\n"); at >= 0; at = text.indexOf("[Route]\n", at + 1)) routes++;
  return routes;
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
