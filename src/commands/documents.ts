import { type DocumentContext, type DocumentText, readDocument } from "../desired/document.ts";
import type { ParsedText } from "../desired/parse.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { storedAsText } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { OwnerState, Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";
import { adminDocuments, storedDocuments } from "./documentFiles.ts";

/** What is to be read besides what the host keeps. */
export interface GivenDocument {
  readonly owner: string;
  /** As the user named it, for messages. */
  readonly source: string;
  /** The absolute path; null for stdin. */
  readonly path: string | null;
  readonly text: string;
  /** It asks for nothing that its owner did not have, so it is as old as what is stored, and wins no conflict anew. */
  readonly keepsAge?: boolean;
  /** In place of that of all given documents. */
  readonly persistence?: Persistence;
}

/** A document of the host that cannot be used, and every reason. */
export interface BrokenDocument {
  readonly owner: string;
  readonly source: string;
  readonly problems: readonly string[];
}

/** All owners of the host, those given in place of what is stored under their names. */
export interface LoadedDocuments {
  readonly states: readonly OwnerState[];
  /** The given documents that have to be stored, as written: all but those that are the admin's files already. */
  readonly given: ReadonlyMap<string, unknown>;
  /** Owner → the age of its given document, milliseconds since 1970. */
  readonly changed: ReadonlyMap<string, number>;
  /** Documents of the host whose owners keep what the drop-ins say of them. Always empty without `fallback`. */
  readonly broken: readonly BrokenDocument[];
}

export interface LoadOptions {
  readonly given: readonly GivenDocument[];
  /** Of the given documents. */
  readonly persistence: Persistence;
  readonly context: DocumentContext;
  /**
   * What the drop-ins still say of an owner whose document on the host is broken: then it costs only itself. null: a
   * broken document of the host is an error like a given one.
   */
  readonly fallback: ((owner: string) => OwnerState | null) | null;
}

/**
 * Reads the given documents, the admin's documents and the stored owners.
 *
 * @throws UserError 65 with every problem of every document that must be right; nothing has been changed by then
 */
export async function loadDocuments(system: System, options: LoadOptions): Promise<LoadedDocuments> {
  const { given, persistence, context, fallback } = options;
  const admin = await adminDocuments(system);
  const stored = await storedDocuments(system);
  // Newer than all that is there, also when the clock has been set back.
  const now = Math.max(system.now(), ...[...admin, ...stored].map((document) => document.changed + 1));
  const changed = new Map<string, number>();
  const problems: string[] = [];
  const states: OwnerState[] = [];
  const broken: BrokenDocument[] = [];
  const inputs = new Map<string, unknown>();
  const seen = new Set<string>();
  for (const document of given) {
    if (document.owner === "") problems.push(`${document.source}: the name of its owner is empty`);
    if (seen.has(document.owner)) problems.push(`${document.source}: another file is named ${document.owner} too`);
    seen.add(document.owner);
    const twin = admin.find((other) => other.owner === document.owner);
    if (twin !== undefined && twin.source !== document.path) {
      problems.push(`${document.source}: owner ${document.owner} has a document of the admin already, ${twin.source}`);
    }
    const before = document.keepsAge === true ? stored.find(({ owner }) => owner === document.owner) : undefined;
    const age = before?.changed ?? now;
    changed.set(document.owner, age);
    const read = readDocument({ persistence, ...document, changed: age }, context);
    problems.push(...read.problems);
    if (read.state === null) continue;
    states.push(read.state);
    if (twin === undefined) inputs.set(document.owner, withLinks(read.input, read.state));
  }
  const take = (document: DocumentText, found: readonly string[], parse?: () => ParsedText, under = context) => {
    const read = found.length > 0 ? { state: null, problems: found } : readDocument(document, under, parse);
    if (read.state !== null) states.push(read.state);
    else if (fallback === null) problems.push(...read.problems);
    else {
      broken.push({ owner: document.owner, source: document.source, problems: read.problems });
      const kept = fallback(document.owner);
      if (kept !== null) states.push(kept);
    }
  };
  for (const document of admin) if (!seen.has(document.owner)) take(document, []);
  for (const file of stored) {
    if (seen.has(file.owner)) continue;
    const twin = admin.some((document) => document.owner === file.owner);
    if (twin) problems.push(`${file.path}: ${twinText(file.owner)}`);
    else take(file, file.problems, () => storedAsText(file.document), wasGuarded(context));
  }
  if (problems.length > 0) throw new UserError(exitCodes.badData, problems.join("\n"));
  return { states, given: inputs, changed, broken };
}

function twinText(owner: string): string {
  return `owner ${owner} has a document of the admin too, in ${places.documents}; remove this file or that one`;
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
