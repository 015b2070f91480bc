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
  if ((await system.modified(places.owners)) !== null) return [];
  const owners = [...generated]
    .filter(([path]) => path.startsWith(`${persistentDirectory}/`))
    .flatMap(([, text]) => readBlocks(text))
    .filter((block) => !block.source.startsWith(`${places.documents}/`))
    .map((block) => block.owner);
  const known = new Set(admin.map((document) => document.owner));
  return [...new Set(owners)]
    .filter((owner) => !known.has(owner))
    .map((owner) => {
      const problem =
        `${places.owners} is missing, and with it the document of ${owner}: mount it; or, if the document is gone for good, ` +
        "run `netkeep unset` for this owner";
      return unusable(places.owners, owner, [problem], "persistent");
    });
}
