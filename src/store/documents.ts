import {
  type DocumentContext,
  readDocument,
  type ShapedDocument,
  shapeDocument,
  shapeOf,
} from "../desired/document.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { storedAsText } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { OwnerState, Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { AdminDocument, HostDocuments, StoredFile } from "./documentFiles.ts";

/** What is to be read besides what the host keeps. */
export interface GivenDocument {
  readonly owner: string;
  /** As the user named it, for messages. */
  readonly source: string;
  /** The absolute path; null for stdin. */
  readonly path: string | null;
  readonly text: string;
  /** How long it is kept; without: as the command says. */
  readonly persistence?: Persistence;
  /** It asks for nothing that its owner did not have, so it is as old as what is stored, and wins no conflict anew. */
  readonly keepsAge?: boolean;
  /** See `StoredDocument`. */
  readonly request?: unknown;
  /** It is only tried, and may stand in the place of a document of the admin. */
  readonly tried?: boolean;
  /** It may be for several hosts: this is the one, and the path under which it has the document. */
  readonly host?: { readonly name: string; readonly path: string };
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
  readonly given: ReadonlyMap<string, DocumentInput>;
  /** Owner → the age of its given document, milliseconds since 1970. */
  readonly changed: ReadonlyMap<string, number>;
  /** Documents of the host whose owners keep what the drop-ins say of them. Always empty without `fallback`. */
  readonly broken: readonly BrokenDocument[];
  /** Given documents that cannot be used, beside others that can: their owners keep what is stored. Empty without `fallback`. */
  readonly rejected: readonly BrokenDocument[];
}

export type DocumentShapes = ReadonlyMap<GivenDocument | AdminDocument | StoredFile, ShapedDocument>;

export interface LoadOptions {
  readonly given: readonly GivenDocument[];
  /** Of the given documents that do not say it. */
  readonly persistence: Persistence;
  readonly context: DocumentContext;
  readonly shapes: DocumentShapes;
  /** Milliseconds since 1970. */
  readonly now: number;
  /**
   * What the drop-ins still say of an owner whose document on the host is broken: then a broken document costs only
   * itself. null: any broken document is an error.
   */
  readonly fallback: ((owner: string) => OwnerState | null) | null;
}

/**
 * Checks the given documents, the admin's and the stored ones.
 *
 * @throws UserError 65 with every problem of every document that must be right: with `fallback` of the given ones if none
 *   of them can be used, without it of all
 */
export function loadDocuments(host: HostDocuments, options: LoadOptions): LoadedDocuments {
  const reading = readGiven(host, options);
  const { context, fallback } = options;
  const { states, problems } = reading;
  const broken: BrokenDocument[] = [];
  const take = (document: AdminDocument | StoredFile, under: DocumentContext) => {
    const unread = document.problems.length > 0 ? { state: null, problems: document.problems } : null;
    const read = unread ?? readDocument(document, under, options.shapes.get(document) ?? shapeOfKept(document));
    if (read.state !== null) states.push(read.state);
    else if (fallback === null) problems.push(...read.problems);
    else {
      broken.push({ owner: document.owner, source: document.source, problems: read.problems });
      const kept = fallback(document.owner);
      if (kept !== null) states.push(kept);
    }
  };
  for (const document of host.admin) if (!reading.replaced.has(document.owner)) take(document, context);
  for (const file of host.stored) {
    if (reading.replaced.has(file.owner)) continue;
    const twin = host.admin.some((document) => document.owner === file.owner);
    if (twin) problems.push(`${file.path}: ${twinText(file.owner)}`);
    else take(file, wasGuarded(context));
  }
  if (problems.length > 0) throw new UserError(exitCodes.badData, problems.join("\n"));
  return { states, given: reading.inputs, changed: reading.changed, broken, rejected: reading.rejected };
}

/** The shapes of the documents that will probably be used: they need no host, so they are made while it is read. */
export function shapeDocuments(host: HostDocuments, given: readonly GivenDocument[]): DocumentShapes {
  const shapes = new Map<GivenDocument | AdminDocument | StoredFile, ShapedDocument>();
  const replaced = new Set(given.map((document) => document.owner));
  for (const document of given) shapes.set(document, shapeDocument(document.text, document.host?.name));
  for (const document of [...host.admin, ...host.stored]) {
    if (document.problems.length === 0 && !replaced.has(document.owner)) shapes.set(document, shapeOfKept(document));
  }
  return shapes;
}

function shapeOfKept(document: AdminDocument | StoredFile): ShapedDocument {
  return "document" in document ? shapeOf(storedAsText(document.document)) : shapeDocument(document.text);
}

function readGiven(host: HostDocuments, { given, persistence, context, now, fallback, shapes }: LoadOptions) {
  // Newer than all that is there, also when the clock has been set back.
  const newest = Math.max(now, host.newest + 1);
  const changed = new Map<string, number>();
  const states: OwnerState[] = [];
  const inputs = new Map<string, DocumentInput>();
  const rejected: BrokenDocument[] = [];
  const replaced = new Set<string>();
  for (const document of given) {
    const problems: string[] = [];
    if (document.owner === "") problems.push(`${document.source}: the name of its owner is empty`);
    if (replaced.has(document.owner)) problems.push(`${document.source}: another file is named ${document.owner} too`);
    const twin = host.admin.find((other) => other.owner === document.owner);
    if (twin !== undefined && twin.source !== document.path && !takesPlace(document)) {
      problems.push(`${document.source}: owner ${document.owner} has a document of the admin already, ${twin.source}`);
    }
    const before = document.keepsAge === true ? host.stored.find(({ owner }) => owner === document.owner) : undefined;
    const age = before?.changed ?? newest;
    const read = readDocument({ persistence, ...document, changed: age }, context, shapes.get(document));
    problems.push(...read.problems);
    if (problems.length > 0) rejected.push({ owner: document.owner, source: document.source, problems });
    else replaced.add(document.owner);
    if (problems.length > 0 || read.state === null) continue;
    changed.set(document.owner, age);
    // Drop-ins name the document that the host will have, however the user has named it.
    const source = document.host?.path ?? (takesPlace(document) ? undefined : twin?.source);
    states.push(source === undefined ? read.state : { ...read.state, source });
    if (twin === undefined || takesPlace(document)) inputs.set(document.owner, withLinks(read.input, read.state));
  }
  const fatal = fallback === null || rejected.length === given.length;
  const problems = fatal ? rejected.flatMap((document) => document.problems) : [];
  return { states, inputs, changed, replaced, problems, rejected };
}

/** Of the admin's document under the same name. */
function takesPlace({ tried, host }: GivenDocument): boolean {
  return tried === true || host !== undefined;
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
