import type { LeftOut } from "../model/leftOut.ts";
import { count } from "./style.ts";

/** A line for stderr; a warning is what no document of this version can ask for. */
export interface ImportLine {
  readonly level: "warning" | "info";
  readonly text: string;
}

/** What was left out: by number where somebody looks after it, else a line for each. Warnings come last, to be seen. */
export function leftOutLines(leftOut: readonly LeftOut[]): ImportLine[] {
  const numbers = new Map<string, { link: string | null; reason: string; nouns: Map<string, number> }>();
  const lines: ImportLine[] = [];
  for (const { kind, noun, link, text, reason } of leftOut) {
    if (kind !== "looked-after") {
      const level = kind === "no-words" ? "warning" : "info";
      lines.push({ level, text: `${level === "warning" ? "warning: " : ""}left out: ${noun} ${text}: ${reason}` });
      continue;
    }
    const group = numbers.get(`${link} ${reason}`) ?? { link, reason, nouns: new Map<string, number>() };
    group.nouns.set(noun, (group.nouns.get(noun) ?? 0) + 1);
    numbers.set(`${link} ${reason}`, group);
  }
  const counted = [...numbers.values()].map(({ link, reason, nouns }): ImportLine => {
    const what = [...nouns].map(([noun, number]) => count(number, noun)).join(" and ");
    return { level: "info", text: `left out${link === null ? "" : ` on ${link}`}: ${what} ${reason}` };
  });
  const rank = ({ level }: ImportLine) => (level === "warning" ? 1 : 0);
  return [...counted, ...lines].sort((a, b) => rank(a) - rank(b));
}

/** `3 guests, 1 router, 2 routes`; null for an empty document. */
export function documentSummary(document: Readonly<Record<string, unknown>>): string | null {
  const parts = ["guests", "routers", "routes", "neighbors", "rules"].flatMap((list) => {
    const elements = document[list];
    return Array.isArray(elements) && elements.length > 0 ? [count(elements.length, list.replace(/s$/, ""))] : [];
  });
  return parts.length === 0 ? null : parts.join(", ");
}
