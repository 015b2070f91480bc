import type { DocumentContext } from "../desired/document.ts";
import { guardProblems } from "../desired/guard.ts";
import { normalize } from "../desired/normalize.ts";
import type { Problem } from "../desired/problem.ts";
import { toDocument } from "../desired/toDocument.ts";
import { validateShape } from "../desired/validate.ts";
import type { Entry } from "../model/entry.ts";
import { entryText } from "../model/entry.ts";
import type { LeftOut } from "../model/leftOut.ts";
import { routeTextOfAnyone } from "../model/route.ts";
import { leave } from "./sift.ts";

/**
 * Puts entries through all that a document goes through, so that what is printed is valid input and asks for just what is
 * there: an entry that a rule, a guard rail or a setting forbids is left out with that rule's words.
 */
export function permitted<T extends Entry>(
  entries: readonly T[],
  context: DocumentContext,
): { kept: T[]; leftOut: LeftOut[] } {
  const lists = {
    routes: ofKind(entries, "route"),
    neighbors: ofKind(entries, "neighbor"),
    rules: ofKind(entries, "rule"),
  };
  const shape = validateShape(toDocument(entries));
  const reasons = new Map<T, Pick<LeftOut, "kind" | "reason">>();
  const at = (path: readonly PropertyKey[]) => lists[path[0] as keyof typeof lists]?.[Number(path[1])];
  const object = (problems: readonly Problem[], kind: LeftOut["kind"]) => {
    for (const { path, message } of problems) {
      const entry = at(path);
      if (entry !== undefined && !reasons.has(entry)) reasons.set(entry, { kind, reason: message });
    }
  };
  object(shape.problems, "no-words");
  const asked = shape.input === null ? null : normalize(shape.input, shape.positions, context);
  object(asked?.problems ?? [], "no-words");
  for (const { entry, path } of asked?.entries ?? []) {
    const found = at(path.split("."));
    if (found === undefined || sameEffect(entry, found)) continue;
    reasons.set(found, { kind: "no-words", reason: `in a document it would become ${entryText(entry)}` });
  }
  object(guardProblems(asked?.entries ?? [], context), "not-permitted");
  const kept = entries.filter((entry) => !reasons.has(entry));
  const leftOut = [...reasons].map(([entry, { kind, reason }]) => leave(entry, kind, reason));
  return { kept, leftOut };
}

function ofKind<T extends Entry>(entries: readonly T[], kind: T["kind"]): T[] {
  return entries.filter((entry) => entry.kind === kind);
}

function sameEffect(a: Entry, b: Entry): boolean {
  if (a.kind === "route" && b.kind === "route") return routeTextOfAnyone(a) === routeTextOfAnyone(b);
  return entryText(a) === entryText(b);
}
