import type { DocumentContext } from "../desired/document.ts";
import { merge } from "../desired/merge.ts";
import { outermostOwners } from "../desired/ownerIndex.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { readStoredOwners } from "../store/documentFiles.ts";
import { loadDocuments, shapeDocuments } from "../store/documents.ts";
import type { System } from "../system/system.ts";
import type { Memory } from "./memory.ts";

/** What some owners have on links that are kept live, and some entries of others there. */
export interface HeldLive {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly samples: readonly Entry[];
  /** Whether anybody else has entries on a link. */
  isShared(link: string): boolean;
}

/**
 * No drop-in says what is on these links, so the documents do, as they are before the change.
 *
 * @returns null if one of them cannot be read, or all others on a link are the admin's
 */
export async function readHeldLive(
  system: System,
  links: ReadonlySet<string>,
  owners: ReadonlySet<string>,
  memory: Memory,
  context: DocumentContext,
): Promise<HeldLive | null> {
  const isShared = (link: string) => outermostOwners(memory.index, link, owners).length > 0;
  if (links.size === 0) return { entries: new Map(), samples: [], isShared };
  const others = new Map([...links].map((link) => [link, outermostOwners(memory.index, link, owners)]));
  const own = await entriesOf(system, [...owners], links, memory, context);
  const samples = await entriesOf(system, [...new Set([...others.values()].flat())], links, memory, context);
  if (own === null || samples === null) return null;
  // Documents of the admin are not read here: without a sample nobody would see that a link was flushed.
  const sampled = new Set(samples.map(({ link }) => link));
  if ([...others].some(([link, owning]) => owning.length > 0 && !sampled.has(link))) return null;
  return { entries: new Map(own.map((entry) => [entryKey(entry), entry])), samples, isShared };
}

async function entriesOf(
  system: System,
  owners: readonly string[],
  links: ReadonlySet<string>,
  memory: Memory,
  context: DocumentContext,
): Promise<Entry[] | null> {
  const host = await readStoredOwners(system, owners, memory.newest);
  if (host.stored.some(({ problems }) => problems.length > 0)) return null;
  const shapes = shapeDocuments(host, []);
  const options = { given: [], persistence: "persistent", context, shapes, fallback: () => null, now: 0 } as const;
  const { states, broken } = loadDocuments(host, options);
  if (broken.length > 0) return null;
  return merge(states).owners.flatMap(({ entries }) =>
    entries.map(({ entry }) => entry).filter((entry) => links.has(entry.link)),
  );
}
