import { type DocumentContext, type DocumentText, readDocument } from "../desired/document.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { ownerFileName, parseStored, storedAsText } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { OwnerState, Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";

/** What is to be read besides what the host keeps. */
export interface GivenDocument {
  readonly owner: string;
  /** As the user named it, for messages. */
  readonly source: string;
  /** The absolute path; null for stdin. */
  readonly path: string | null;
  readonly text: string;
}

/** All owners of the host, those given in place of what is stored under their names. */
export interface LoadedDocuments {
  readonly states: readonly OwnerState[];
  /** The given documents that have to be stored, as written: all but those that are the admin's files already. */
  readonly given: ReadonlyMap<string, unknown>;
}

/**
 * Reads the admin's documents, the stored owners and the given documents.
 *
 * @param persistence of the given documents
 * @throws UserError 65 with every problem of every document; nothing has been changed by then
 */
export async function loadDocuments(
  system: System,
  given: readonly GivenDocument[],
  persistence: Persistence,
  context: DocumentContext,
): Promise<LoadedDocuments> {
  const problems: string[] = [];
  const states: OwnerState[] = [];
  const inputs = new Map<string, unknown>();
  const seen = new Set<string>();
  const take = (document: DocumentText, parse?: Parameters<typeof readDocument>[2], under = context) => {
    const read = readDocument(document, under, parse);
    problems.push(...read.problems);
    if (read.state !== null) states.push(read.state);
    return read.state === null ? null : withLinks(read.input, read.state);
  };
  const admin = await adminDocuments(system);
  for (const document of given) {
    if (seen.has(document.owner)) problems.push(`${document.source}: another file is named ${document.owner} too`);
    const changed = system.now();
    const input = take({ ...document, persistence, changed });
    if (admin.every((other) => other.source !== document.path)) inputs.set(document.owner, input);
    seen.add(document.owner);
    const twin = admin.find((other) => other.owner === document.owner && other.source !== document.path);
    if (twin !== undefined) {
      problems.push(`${document.source}: owner ${document.owner} has a document of the admin already, ${twin.source}`);
    }
  }
  for (const document of admin) if (!seen.has(document.owner)) take(document);
  for (const stored of await storedDocuments(system)) {
    if (seen.has(stored.owner)) continue;
    if (admin.some((document) => document.owner === stored.owner)) {
      problems.push(
        `${stored.path}: owner ${stored.owner} has a document of the admin too, in ${places.documents}; remove this file or that one`,
      );
    } else take({ ...stored, text: "" }, () => storedAsText(stored.document), wasGuarded(context));
  }
  if (problems.length > 0) throw new UserError(exitCodes.badData, problems.join("\n"));
  return { states, given: inputs };
}

/** A stored document has passed the guard rails once; a host that has changed since must not make it block all others. */
function wasGuarded(context: DocumentContext): DocumentContext {
  return { ...context, allowsLink: () => true, allowDefaultRoute: true, hostAddresses: [] };
}

/** Writes down the links that were found by a router's upstream, so that they need not be found again at the next boot. */
function withLinks(input: DocumentInput, state: OwnerState): DocumentInput {
  if (input.routers === undefined) return input;
  const routers = input.routers.map((router, index) => {
    const link = state.entries.find(({ path }) => path.startsWith(`routers.${index}.`))?.entry.link;
    return router.dev !== undefined || link === undefined ? router : { ...router, dev: link };
  });
  return { ...input, routers };
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

async function adminDocuments(system: System): Promise<DocumentText[]> {
  const documents: DocumentText[] = [];
  for (const name of await system.list(places.documents)) {
    const source = `${places.documents}/${name}`;
    const text = isDocumentName(name) ? await system.readText(source) : null;
    if (text === null) continue;
    const changed = Math.trunc((await system.modified(source)) ?? 0);
    documents.push({ owner: ownerOfFile(name), source, text, persistence: "persistent", changed });
  }
  return documents;
}

interface StoredFile {
  readonly path: string;
  readonly owner: string;
  readonly source: string;
  readonly persistence: Persistence;
  readonly changed: number;
  readonly document: unknown;
}

async function storedDocuments(system: System): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for (const persistence of ["persistent", "runtime"] as const) {
    const directory = persistence === "persistent" ? places.owners : places.runtimeOwners;
    for (const name of await system.list(directory)) {
      const path = `${directory}/${name}`;
      const text = name.endsWith(".json") && !name.startsWith(".") ? await system.readText(path) : null;
      if (text === null) continue;
      try {
        found.push({ ...parseStored(text), path, persistence });
      } catch (error) {
        throw new UserError(exitCodes.badData, `${path}: is not what netkeep wrote: ${firstLine(error)}; remove it`);
      }
    }
  }
  return found;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
