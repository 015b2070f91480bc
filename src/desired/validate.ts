import type * as z from "zod";
import { isPlainSection } from "./plainSections.ts";
import type { Problem } from "./problem.ts";
import { type DocumentInput, documentSchema, knownKeys } from "./schema.ts";
import { nearest } from "./suggest.ts";

/** A document that has the right shape where it is given; elements with problems are left out of `input`. */
export interface Validated {
  readonly input: DocumentInput | null;
  readonly problems: readonly Problem[];
  /** `guests.3` in `input` is `guests.N` in the text: where each element of a list stood. Without a list: all are there. */
  readonly positions: Readonly<Record<string, readonly number[]>>;
  /** It has plain guests (plainGuest.ts), settings of links, and nothing else. */
  readonly plain?: true;
}

const lists = ["guests", "routers", "routes", "neighbors", "rules", "uplinks"] as const;

/** Checks the shape and every value by itself. All problems are returned; sound elements stay for further checks. */
export function validateShape(value: unknown): Validated {
  if (value === null) {
    const problem = { path: [], message: "the document is empty: it needs at least `version: 1`" };
    return { input: null, problems: [problem], positions: {} };
  }
  const shape = withoutPlainLists(value);
  // To compile a checker takes longer than to check some elements without one.
  const result = documentSchema.safeParse(shape, { reportInput: true, jitless: countElements(shape) < 100 });
  const problems = [...(result.success ? [] : result.error.issues.flatMap(problemsOf)), ...hiddenProblems(value)];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { input: null, problems, positions: {} };
  }
  return { ...soundPart(value as Record<string, unknown>, problems), problems };
}

/** A list as a whole: an element that is left out would move the places of the others. */
function withoutPlainLists(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const isPlainList = ([key, list]: readonly [string, unknown]) => Array.isArray(list) && isPlainSection(key, list);
  const plain = Object.entries(value).filter(isPlainList);
  return plain.length === 0 ? value : { ...value, ...Object.fromEntries(plain.map(([key]) => [key, []])) };
}

function countElements(value: unknown): number {
  const lists = Object.values(typeof value === "object" && value !== null ? value : {});
  return lists.reduce((sum: number, list: unknown) => sum + (Array.isArray(list) ? list.length : 0), 0);
}

/** What zod does not see: a key that JavaScript keeps for itself. */
function hiddenProblems(value: unknown): Problem[] {
  if (typeof value !== "object" || value === null) return [];
  const names = { links: "a link name", hosts: "the name of a host" };
  return Object.entries(names).flatMap(([key, what]) => {
    const mapping = (value as Record<string, unknown>)[key];
    const hidden = typeof mapping === "object" && mapping !== null && Object.hasOwn(mapping, "__proto__");
    return hidden ? [{ path: [key, "__proto__"], onKey: true, message: `is not ${what}` }] : [];
  });
}

function soundPart(value: Record<string, unknown>, problems: readonly Problem[]) {
  const bad = new Set(problems.map((problem) => problem.path.slice(0, 2).map(String).join(".")));
  const positions: Record<string, number[]> = {};
  const input: Record<string, unknown> = { version: 1 };
  for (const list of lists) {
    const elements = value[list];
    if (!Array.isArray(elements) || bad.has(list)) continue;
    if (bad.size === 0) {
      input[list] = elements;
      continue;
    }
    const sound = elements.map((_, index) => index).filter((index) => !bad.has(`${list}.${index}`));
    positions[list] = sound;
    input[list] = sound.map((index) => elements[index]);
  }
  const links = value["links"];
  if (typeof links === "object" && links !== null && !Array.isArray(links)) {
    input["links"] = Object.fromEntries(Object.entries(links).filter(([link]) => !bad.has(`links.${link}`)));
  }
  return { input: input as DocumentInput, positions };
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      onKey: true,
      ...unknownKey(key, issue.path),
    }));
  }
  // zod's own bounds of an integer; ours are narrower and say it better.
  if (issue.code === "too_big" && issue.maximum === Number.MAX_SAFE_INTEGER) return [];
  if (issue.code === "too_small" && issue.minimum === Number.MIN_SAFE_INTEGER) return [];
  if (issue.code === "invalid_union") return unionProblems(issue);
  if (issue.code === "invalid_key") return [{ path: issue.path, onKey: true, message: firstMessage(issue.issues) }];
  return [{ path: issue.path, message: words(issue), ...valueHint(issue) }];
}

/** What is wrong by the kind that the value is of; else which kinds there are. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion): Problem[] {
  if (issue.input === undefined) return [{ path: issue.path, message: "is missing" }];
  const isOfKind = (found: readonly z.core.$ZodIssue[]) => !found.some(({ code }) => code === "invalid_type");
  const meant = issue.errors.find(isOfKind);
  if (meant === undefined) return [{ path: issue.path, message: "must be a number or a text" }];
  return meant.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Of a word where one of few is wanted; multicast is no slip of unicast. */
function valueHint(issue: z.core.$ZodIssue): { hint?: string } {
  if (issue.code !== "invalid_value" || typeof issue.input !== "string") return {};
  const known = issue.values.filter((value) => typeof value === "string");
  const guess = nearest(issue.input, known, 2);
  return guess === null ? {} : { hint: `did you mean "${guess}"?` };
}

/** Keys of the format that this version cannot carry out: saying "unknown" would send the user looking for a typo. */
const reserved: Readonly<Record<string, string>> = {
  proto: "is not settable: netkeep's routes carry the protocol of RouteProtocol= in netkeep.conf(5)",
  protocol: "is not settable: netkeep's routes carry the protocol of RouteProtocol= in netkeep.conf(5)",
};

function unknownKey(key: string, path: readonly PropertyKey[]): { message: string; hint?: string } {
  // Own keys only: a document may well have a key `constructor`.
  if (Object.hasOwn(reserved, key)) return { message: reserved[key] ?? "" };
  const kind = [...path].reverse().find((step) => typeof step === "string" && Object.hasOwn(knownKeys, step)) ?? "";
  const known = knownKeys[String(kind)] ?? [];
  const guess = nearest(key, known);
  return { message: "unknown key", hint: guess === null ? `known: ${known.join(", ")}` : `did you mean "${guess}"?` };
}

function words(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined && /received undefined/.test(issue.message)
        ? "is missing"
        : issue.message.replace(/^Invalid input: expected /, "must be of type ").replace(/, received /, ", not ");
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    default:
      return issue.message;
  }
}

function firstMessage(issues: readonly z.core.$ZodIssue[]): string {
  return issues[0]?.message ?? "is not allowed here";
}
