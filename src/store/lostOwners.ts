import { places } from "../model/places.ts";
import { readBlocks } from "../networkd/block.ts";
import { persistentDirectory } from "../networkd/paths.ts";
import type { System } from "../system/system.ts";
import { type AdminDocument, type StoredFile, unusable } from "./documentFiles.ts";

/**
 * Owners whose entries stand in the drop-ins while the whole directory of their documents is missing: not an owner went
 * then, but a file system (/var that was not mounted, or one that begins empty at each boot). Removing their entries would
 * cut off every guest of the host. A directory that is there and empty says that they are gone.
 */
export async function lostOwners(
  system: System,
  generated: ReadonlyMap<string, string>,
  admin: readonly AdminDocument[],
): Promise<StoredFile[]> {
  const lost = {
    stored: (await system.modified(places.owners)) === null,
    admin: await isLinkedElsewhere(system),
  };
  if (!lost.stored && !lost.admin) return [];
  const known = new Set(admin.map((document) => document.owner));
  const found = new Map<string, StoredFile>();
  for (const [path, text] of generated) {
    if (!path.startsWith(`${persistentDirectory}/`)) continue;
    for (const { owner, source } of readBlocks(text)) {
      const kind = source.startsWith(`${places.documents}/`) ? "admin" : "stored";
      if (lost[kind] && !known.has(owner)) found.set(owner, kind === "admin" ? lostAdmin(owner) : lostStored(owner));
    }
  }
  return [...found.values()];
}

function lostStored(owner: string): StoredFile {
  const problem =
    `${places.owners} is missing, and with it the document of ${owner}: mount it; or, if the document is gone for good, ` +
    "run `netkeep unset` for this owner";
  return unusable(places.owners, owner, [problem], "persistent");
}

function lostAdmin(owner: string): StoredFile {
  const problem = `${places.documents} leads by a symbolic link to what is not there, and with it the document of ${owner}: mount it`;
  return unusable(places.documents, owner, [problem], "persistent");
}

/** The administrator's directory, or the one above it, is a link, and at its end there is nothing. */
async function isLinkedElsewhere(system: System): Promise<boolean> {
  if ((await system.modified(places.documents)) !== null) return false;
  const above = places.documents.slice(0, places.documents.lastIndexOf("/"));
  return (await system.linkTarget(places.documents)) !== null || (await system.linkTarget(above)) !== null;
}
