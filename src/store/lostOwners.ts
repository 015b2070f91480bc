import { places } from "../model/places.ts";
import { blockHeads } from "../networkd/block.ts";
import { persistentDirectory } from "../networkd/paths.ts";
import type { System } from "../system/system.ts";
import { type HostDocuments, type StoredFile, unusable } from "./documentFiles.ts";

/**
 * Owners whose entries stand in the drop-ins while the whole directory of their documents is missing: not an owner went
 * then, but a file system (/var that was not mounted, or one that begins empty at each boot), or somebody has renamed the
 * directory. Removing their entries would cut off every guest of the host. A directory that is there and empty says that
 * they are gone.
 *
 * @param kept what documents the host has all the same
 */
export async function lostOwners(
  system: System,
  generated: ReadonlyMap<string, string>,
  kept: Pick<HostDocuments, "admin" | "stored">,
): Promise<StoredFile[]> {
  const [stored, admin] = await Promise.all([isMissing(system, places.owners), isMissing(system, places.documents)]);
  if (!stored && !admin) return [];
  const lost = { stored: stored ? lostStored : null, admin: admin ? await lostAdmin(system) : null };
  const known = new Set([...kept.admin, ...kept.stored].map((document) => document.owner));
  const found = new Map<string, StoredFile>();
  for (const [path, text] of generated) {
    if (!path.startsWith(`${persistentDirectory}/`)) continue;
    for (const { owner, source } of blockHeads(text)) {
      const unusableOf = lost[source.startsWith(`${places.documents}/`) ? "admin" : "stored"];
      if (unusableOf !== null && !known.has(owner)) found.set(owner, unusableOf(owner));
    }
  }
  return [...found.values()];
}

async function isMissing(system: System, directory: string): Promise<boolean> {
  return (await system.modified(directory)) === null;
}

function lostStored(owner: string): StoredFile {
  const problem =
    `${places.owners} is missing, and with it the document of ${owner}: mount it; or, if the document is gone for good, ` +
    "run `netkeep unset` for this owner";
  return unusable(places.owners, owner, [problem], "persistent");
}

/** The administrator's directory, or the one above it, may be a link, and at its end there is nothing. */
async function lostAdmin(system: System): Promise<(owner: string) => StoredFile> {
  const above = places.documents.slice(0, places.documents.lastIndexOf("/"));
  const linked = (await system.linkTarget(places.documents)) !== null || (await system.linkTarget(above)) !== null;
  const what = linked ? "leads by a symbolic link to what is not there" : "is missing";
  const remedy = linked ? "mount it" : `put it back; or, if it is gone for good, \`mkdir -p ${places.documents}\``;
  return (owner) => {
    const problem = `${places.documents} ${what}, and with it the document of ${owner}: ${remedy}`;
    return unusable(places.documents, owner, [problem], "persistent");
  };
}
