import { withPlainGuests } from "../model/alike.ts";
import { once } from "../model/once.ts";
import type { OwnerState, Persistence } from "../model/owner.ts";
import { checkAcross } from "./across.ts";
import { bridgeProblems, type GuardContext, guardProblems } from "./guard.ts";
import { documentOfHost, hostProblems } from "./hosts.ts";
import { completeLinks } from "./link.ts";
import { type NormalizeContext, normalize } from "./normalize.ts";
import { parseText } from "./parse.ts";
import type { ParsedText } from "./parsedText.ts";
import { plainGuests, shapeOfValue } from "./plainDocument.ts";
import { type Problem, pathText, problemText } from "./problem.ts";
import type { DocumentInput } from "./schema.ts";
import type { Validated } from "./validate.ts";

/** A document's text and whose it is. */
export interface DocumentText {
  readonly owner: string;
  /** The file's path or `stdin`, for messages. */
  readonly source: string;
  readonly text: string;
  readonly persistence: Persistence;
  readonly changed: number;
}

export type DocumentContext = NormalizeContext & GuardContext;

/** The complete state of one owner, or every problem of its document as ready text. */
export type ReadDocument =
  | { readonly state: OwnerState; readonly input: DocumentInput; readonly problems: readonly [] }
  | { readonly state: null; readonly problems: readonly string[] };

/**
 * What can be said of a document without its host: syntax, and the shape if the syntax is right. Of a document for several
 * hosts the shape of all is looked at before `host` is.
 */
export interface ShapedDocument {
  readonly parsed: ParsedText;
  readonly shape: Validated | null;
}

export function shapeDocument(text: string, host: string | null = null): ShapedDocument {
  const whole = shapeOf(parseText(text));
  if (whole.shape === null) return whole;
  const problems = [...whole.shape.problems, ...hostProblems(whole.parsed.value, host)];
  if (problems.length > 0 || host === null) return { ...whole, shape: { ...whole.shape, problems } };
  return shapeOf(documentOfHost(whole.parsed, host));
}

/** The same for a document that is data already. */
export function shapeOf(parsed: ParsedText): ShapedDocument {
  return { parsed, shape: parsed.problems.length > 0 ? null : shapeOfValue(parsed.value) };
}

/** Text → checked, complete state. All problems of all kinds at once, in the order of the text. */
export function readDocument(
  document: DocumentText,
  context: DocumentContext,
  { parsed, shape }: ShapedDocument = shapeDocument(document.text),
): ReadDocument {
  if (shape === null) return { state: null, problems: texts(document, parsed.problems, parsed) };
  const problems: Problem[] = [...shape.problems];
  if (shape.input === null) return { state: null, problems: texts(document, problems, parsed) };
  const quick = shape.plain === true ? plainState(document, shape.input, context) : null;
  if (quick !== null) return { state: quick, input: shape.input, problems: [] };
  const normalized = normalize(shape.input, shape.positions, context);
  const checked = checkAcross(normalized.entries);
  problems.push(...normalized.problems, ...checked.problems, ...guardProblems(checked.entries, context));
  problems.push(...bridgeProblems(normalized.links, context));
  if (problems.length > 0) return { state: null, problems: texts(document, problems, parsed) };
  const { owner, source, persistence, changed } = document;
  const state = { owner, source, persistence, changed, entries: checked.entries, links: normalized.links };
  return { state, input: shape.input, problems: [] };
}

/** The state of a document with plain guests, and links for them, and nothing else; null if there is anything to be said of it. */
function plainState(document: DocumentText, input: DocumentInput, context: DocumentContext): OwnerState | null {
  const plain = plainGuests(input.guests ?? [], context);
  if (plain === null || plain.length === 0) return null;
  const { links, problems } = completeLinks(input.links ?? {});
  if (problems.length > 0) return null;
  const { owner, source, persistence, changed } = document;
  const entries = once(() => normalize(input, {}, context).entries);
  const state = {
    ...{ owner, source, persistence, changed, links },
    get entries() {
      return entries();
    },
  };
  return withPlainGuests(state, plain);
}

function texts(
  document: DocumentText,
  problems: readonly Problem[],
  { locate, original = (path) => path }: ParsedText,
): string[] {
  if (problems.length === 0) return [];
  const lines = document.text.split(/\r?\n/);
  return problems
    .map((problem) => ({ problem, place: problem.place ?? locate(problem.path, problem.onKey ?? false) }))
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .filter((item, index, all) => index === 0 || !sameAs(all[index - 1], item))
    .map(({ problem, place }) => {
      const shown = { ...problem, path: original(problem.path) };
      return problemText(document.source, lines[place.line - 1] ?? "", place, shown);
    });
}

/** One wrong `to` shows up in several rules: once is enough. */
function sameAs(a: { problem: Problem } | undefined, b: { problem: Problem }): boolean {
  return a?.problem.message === b.problem.message && pathText(a.problem.path) === pathText(b.problem.path);
}
