import { diffArrays } from "diff";
import type { Finding } from "../model/finding.ts";
import type { ReportedFile } from "./auditReport.ts";

/** A line of a drop-in. `+` should not be there, `-` is missing, `~` is right and another layer does not agree. */
export interface MarkedLine {
  /** In the file as it is, counted from 1; null for a line that is missing. */
  readonly number: number | null;
  readonly text: string;
  readonly mark: "" | "+" | "-" | "~";
  /** What was found of the entry that begins here. */
  readonly notes: readonly string[];
}

/** Beyond this many differing sections the lines between the first and the last difference are all marked. */
const mostEdits = 500;

/** Every line of the file as it is, and between them those that should be there. */
export function markLines(file: ReportedFile, findings: readonly Finding[]): MarkedLine[] {
  const marked = compare(sectionsOf(file.actualText), sectionsOf(file.expectedText));
  return withNotes(numbered(marked), file, findings);
}

type Unnumbered = Pick<MarkedLine, "text" | "mark">;

/** A section with the lines up to the next one. Two are the same entry if they begin alike, and equal but for blank lines. */
interface Chunk {
  readonly key: string;
  readonly start: string;
  readonly lines: readonly string[];
}

function sectionsOf(text: string | null): Chunk[] {
  if (text === null || text === "") return [];
  return text.split(/^(?=\[|# netkeep (?:block|end))/m).map((chunk) => {
    const lines = chunk.replace(/\n$/, "").split("\n");
    return { key: chunk.trimEnd(), start: startOf(lines), lines };
  });
}

/** Header and destination of an entry; of a frame its owner, whatever the digest. */
function startOf([first = "", second = ""]: readonly string[]): string {
  return first.startsWith("[") ? `${first}\n${second}` : first.replace(/ digest=.*/, "");
}

/**
 * First by section: line by line, equal headers and blank lines would be matched across entries, and the wrong ones be
 * marked.
 */
function compare(actual: readonly Chunk[], expected: readonly Chunk[]): Unnumbered[] {
  const comparator = (a: Chunk, b: Chunk) => a.key === b.key;
  const parts = diffArrays([...actual], [...expected], { comparator, maxEditLength: mostEdits });
  if (parts === undefined) return compareEnds(actual, expected);
  const marked: Unnumbered[] = [];
  let [inActual, inExpected] = [0, 0];
  let left: readonly Chunk[] = [];
  for (const part of parts) {
    if (part.removed) {
      left = actual.slice(inActual, inActual + part.count);
      inActual += part.count;
      continue;
    }
    const right = expected.slice(inExpected, inExpected + part.count);
    inExpected += part.count;
    if (part.added) marked.push(...compareRun(left, right));
    else {
      const same = actual.slice(inActual, inActual + part.count);
      inActual += part.count;
      marked.push(
        ...compareRun(left, []),
        ...same.flatMap((chunk, index) => compareLines(chunk, right[index] ?? chunk)),
      );
    }
    left = [];
  }
  return [...marked, ...compareRun(left, [])];
}

/** For files that have little in common: what is equal at both ends, and all between as too much and as missing. */
function compareEnds(actual: readonly Chunk[], expected: readonly Chunk[]): Unnumbered[] {
  const shorter = Math.min(actual.length, expected.length);
  let [head, tail] = [0, 0];
  while (head < shorter && actual[head]?.key === expected[head]?.key) head += 1;
  while (tail < shorter - head && actual.at(-1 - tail)?.key === expected.at(-1 - tail)?.key) tail += 1;
  return [
    ...actual.slice(0, head).flatMap((chunk) => marking(chunk, "")),
    ...actual.slice(head, actual.length - tail).flatMap((chunk) => marking(chunk, "+")),
    ...expected.slice(head, expected.length - tail).flatMap((chunk) => marking(chunk, "-")),
    ...actual.slice(actual.length - tail).flatMap((chunk) => marking(chunk, "")),
  ];
}

/** Sections that differ: those that begin alike are compared line by line, the others are too much or missing as a whole. */
function compareRun(actual: readonly Chunk[], expected: readonly Chunk[]): Unnumbered[] {
  const marked: Unnumbered[] = [];
  let next = 0;
  for (const chunk of actual) {
    const twin = expected.findIndex((other, index) => index >= next && other.start === chunk.start);
    if (twin < 0) marked.push(...marking(chunk, "+"));
    else {
      marked.push(...expected.slice(next, twin).flatMap((other) => marking(other, "-")));
      marked.push(...compareLines(chunk, expected[twin] ?? chunk));
      next = twin + 1;
    }
  }
  return [...marked, ...expected.slice(next).flatMap((chunk) => marking(chunk, "-"))];
}

function compareLines(actual: Chunk, expected: Chunk): Unnumbered[] {
  if (actual.lines.join("\n") === expected.lines.join("\n")) return marking(actual, "");
  return diffArrays([...actual.lines], [...expected.lines]).flatMap((part) =>
    part.value.map((text) => ({
      text,
      mark: part.removed ? ("+" as const) : part.added ? ("-" as const) : ("" as const),
    })),
  );
}

function marking(chunk: Chunk, mark: MarkedLine["mark"]): Unnumbered[] {
  return chunk.lines.map((text) => ({ text, mark }));
}

function numbered(lines: readonly Unnumbered[]): MarkedLine[] {
  let number = 0;
  return lines.map((line) => ({ ...line, number: line.mark === "-" ? null : ++number, notes: [] }));
}

/** What was found of an entry, at its lines. Those that the drop-in itself has wrong are marked already. */
function withNotes(lines: MarkedLine[], { places }: ReportedFile, findings: readonly Finding[]): MarkedLine[] {
  const found = new Map<string, { notes: string[]; elsewhere: boolean }>();
  for (const { code, layer, expected, actual, message } of findings) {
    if (code === "conflict") continue;
    for (const title of new Set([expected, actual])) {
      if (title === null) continue;
      const about = found.get(title) ?? { notes: [], elsewhere: false };
      found.set(title, about);
      about.notes.push(`${code}: ${message}`);
      about.elsewhere ||= layer !== "drop-in";
    }
  }
  const placed = new Map<number, { notes: readonly string[]; elsewhere: boolean }>();
  for (const { title, first, last } of places) {
    const about = found.get(title);
    if (about === undefined) continue;
    for (let line = first; line <= last; line++) placed.set(line, line === first ? about : { ...about, notes: [] });
  }
  return lines.map((line) => {
    const about = line.number === null ? undefined : placed.get(line.number);
    if (about === undefined) return line;
    return { ...line, mark: line.mark === "" && about.elsewhere ? "~" : line.mark, notes: about.notes };
  });
}
