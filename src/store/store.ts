import { saysTheSame, storedText } from "../desired/stored.ts";
import type { Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";
import { ownerPath } from "./documentFiles.ts";
import type { GivenDocument, LoadedDocuments } from "./documents.ts";

/**
 * Keeps the given documents, each under its owner. A document that says the same as the stored one is not written, so
 * that its age stays, unless it has just won a conflict by its age; one that changes its persistence leaves the other
 * place; an empty one without a request removes its owner. Where the directory of all of them is missing (see lostOwners()) nothing is
 * kept in it: the drop-ins remember, and a new directory would say that all others are gone.
 *
 * @param documents what was loaded: the given documents as written, and their ages
 * @param defaultPersistence of the documents that do not say it
 * @param winners owners that have won a conflict
 * @returns paths that were written
 */
export async function storeDocuments(
  system: System,
  given: readonly GivenDocument[],
  documents: Pick<LoadedDocuments, "given" | "changed" | "broken">,
  defaultPersistence: Persistence,
  winners: ReadonlySet<string>,
): Promise<string[]> {
  const files: { path: string; text: string }[] = [];
  const gone: string[] = [];
  const unmounted = documents.broken.some((document) => document.source === places.owners);
  for (const { owner, source, persistence = defaultPersistence, request } of given) {
    const document = documents.given.get(owner);
    if (document === undefined || (unmounted && persistence === "persistent")) continue;
    const path = ownerPath(owner, persistence);
    const elsewhere = ownerPath(owner, persistence === "persistent" ? "runtime" : "persistent");
    gone.push(elsewhere);
    if (asksForNothing(document) && request === undefined) {
      gone.push(path);
      continue;
    }
    const changed = documents.changed.get(owner) ?? 0;
    const text = storedText({ owner, source, changed, document, request });
    const old = winners.has(owner) ? null : await system.readText(path);
    if (old === null || !saysTheSame(old, text, changed)) files.push({ path, text });
  }
  const [first, ...others] = files;
  if (others.length > 0) await system.writeFiles(files);
  else if (first !== undefined) await system.writeFile(first.path, first.text);
  for (const path of gone) await system.removeFile(path);
  return files.map(({ path }) => path);
}

/** An owner that wants nothing is no owner. */
export function asksForNothing(document: unknown): boolean {
  return Object.entries(document as object).every(
    ([key, value]) => key === "version" || Object.keys(value).length === 0,
  );
}
