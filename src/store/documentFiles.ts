import type { DocumentText } from "../desired/document.ts";
import { ownerFileName, ownerOfFileName, parseStored } from "../desired/stored.ts";
import type { Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";
import { triedDocuments } from "./trial.ts";

/** An admin's document; with `problems` it could not be read. */
export interface AdminDocument extends DocumentText {
  readonly problems: readonly string[];
}

/** An owner's file as netkeep keeps it; with `problems` nothing but its name could be read. */
export interface StoredFile extends DocumentText {
  readonly path: string;
  readonly document: unknown;
  readonly problems: readonly string[];
}

/** Where an owner's document is kept. */
export function ownerPath(owner: string, persistence: Persistence): string {
  return `${persistence === "persistent" ? places.owners : places.runtimeOwners}/${ownerFileName(owner)}`;
}

/** The owner that a document file stands for: its name without directory and suffix. */
export function ownerOfFile(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.(ya?ml|json)$/, "");
}

/** Whether a name is that of a document: what an editor leaves behind is not. */
export function isDocumentName(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name) && !name.startsWith(".");
}

/** Whether a path is the administrator's directory, also of an image: that nothing is in it says that its documents are gone. */
export function isOfAdmin(directory: string): boolean {
  return directory.endsWith(places.documents);
}

/** What the host keeps, as it was read. */
export interface HostDocuments {
  readonly admin: readonly AdminDocument[];
  readonly stored: readonly StoredFile[];
  /** The age of the newest document of the host, also of those that were not read. */
  readonly newest: number;
}

/** Everything that the host keeps. */
export async function readHostDocuments(system: System): Promise<HostDocuments> {
  const [admin, stored] = await Promise.all([adminDocuments(system), storedDocuments(system)]);
  return { admin, stored, newest: Math.max(0, ...[...admin, ...stored].map((document) => document.changed)) };
}

/** What the host keeps of some owners. @param newest the age of the newest document of the host */
export async function readStoredOwners(
  system: System,
  owners: readonly string[],
  newest: number,
): Promise<HostDocuments> {
  const stored: StoredFile[] = [];
  for (const owner of owners) {
    for (const persistence of ["persistent", "runtime"] as const) {
      const path = ownerPath(owner, persistence);
      const read = await tryToRead(system, path);
      if (read !== null) stored.push(readStored(path, ownerFileName(owner), read, persistence));
    }
  }
  return { admin: [], stored, newest };
}

/** The documents in /etc/netkeep/desired.d, by name. One that cannot be read costs only itself. */
export async function adminDocuments(system: System): Promise<AdminDocument[]> {
  const documents: AdminDocument[] = [];
  const tried = (await triedDocuments(system)).documents;
  for (const name of await system.list(places.documents)) {
    const source = `${places.documents}/${name}`;
    const counts = isDocumentName(name) && !tried.some(({ inPlaceOf }) => inPlaceOf === source);
    const read = counts ? await tryToRead(system, source) : null;
    if (read === null) continue;
    const changed = Math.trunc((await system.modified(source)) ?? 0);
    documents.push({ owner: ownerOfFile(name), source, ...read, persistence: "persistent", changed });
  }
  return documents;
}

/** What hooks and `apply FILE` have stored, persistent and runtime; what is being tried in the place of its owners'. */
export async function storedDocuments(system: System): Promise<StoredFile[]> {
  const { begun: changed, documents } = await triedDocuments(system);
  const tried = new Set(documents.map(({ owner }) => owner));
  const place = { path: places.trial, text: "", persistence: "runtime", changed, problems: [] } as const;
  const trying = documents.map(({ owner, source, document }): StoredFile => ({ owner, source, document, ...place }));
  const found = await storedFiles(system);
  return [...(tried.size === 0 ? found : found.filter(({ owner }) => !tried.has(owner))), ...trying];
}

async function storedFiles(system: System): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for (const persistence of ["persistent", "runtime"] as const) {
    const directory = persistence === "persistent" ? places.owners : places.runtimeOwners;
    for (const name of await system.list(directory)) {
      const path = `${directory}/${name}`;
      const read = isDocumentName(name) ? await tryToRead(system, path) : null;
      if (read !== null) found.push(readStored(path, name, read, persistence));
    }
  }
  return found;
}

interface ReadText {
  readonly text: string;
  readonly problems: readonly string[];
}

/** null if there is no such file. A symbolic link to nothing is one: what it names is not mounted, or not there yet. */
async function tryToRead(system: System, path: string): Promise<ReadText | null> {
  try {
    const text = await system.readText(path);
    if (text !== null) return { text, problems: [] };
    const target = await system.linkTarget(path);
    if (target === null) return null;
    return { text: "", problems: [`cannot read ${path}: it is a symbolic link to ${target}, which is not there`] };
  } catch (error) {
    return { text: "", problems: [error instanceof Error ? error.message : String(error)] };
  }
}

function readStored(path: string, name: string, read: ReadText, persistence: Persistence): StoredFile {
  if (read.problems.length > 0) return unusable(path, ownerOfFileName(name), read.problems, persistence);
  try {
    return { ...parseStored(read.text), path, text: "", persistence, problems: [] };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    const problem = `${path}: is not what netkeep wrote: ${reason}; remove it`;
    return unusable(path, ownerOfFileName(name), [problem], persistence);
  }
}

/** A stored document that is known by its name only. */
export function unusable(
  path: string,
  owner: string,
  problems: readonly string[],
  persistence: Persistence,
): StoredFile {
  return { owner, source: path, path, text: "", persistence, changed: 0, document: null, problems };
}
