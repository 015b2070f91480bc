import { type Entry, entryText, sameEntry } from "../model/entry.ts";
import type { OwnedEntry } from "../model/owner.ts";
import { hasNoLink, routeKey } from "../model/route.ts";
import { ambiguousRules } from "./ambiguous.ts";
import { type Problem, pathOf } from "./problem.ts";

/** Entries of one document without repetitions, and the problems that show only across entries. */
export interface Checked {
  readonly entries: readonly OwnedEntry[];
  readonly problems: readonly Problem[];
}

/**
 * The same key twice with different content is a problem; with the same content the second is left out, because a
 * guest and a route may well name one address.
 */
export function checkAcross(entries: readonly OwnedEntry[]): Checked {
  const first = new Map<string, OwnedEntry>();
  const problems: Problem[] = [];
  for (const owned of entries) {
    const earlier = first.get(owned.key);
    if (earlier === undefined) first.set(owned.key, owned);
    else if (!sameWish(earlier.entry, owned.entry)) problems.push(contradiction(earlier, owned));
  }
  const unique = first.size === entries.length ? entries : [...first.values()];
  return { entries: unique, problems: [...problems, ...ambiguousRules(unique)] };
}

/** Equal in the kernel and in the same drop-in: a blackhole's link is not in its text. */
export function sameWish(a: Entry, b: Entry): boolean {
  return sameEntry(a, b) && a.link === b.link;
}

const ways = {
  route: "give one of them another metric, or ",
  rule: "give one of them another priority, or ",
  neighbor: "",
} as const;

function contradiction(earlier: OwnedEntry, later: OwnedEntry): Problem {
  const subject = describeKey(later.entry);
  return {
    path: pathOf(later.path),
    message: `${subject} is asked for twice: here "${describe(later.entry)}", in ${earlier.path} "${describe(earlier.entry)}"`,
    hint: `${ways[later.entry.kind]}leave one out`,
  };
}

function describe(entry: Entry): string {
  const text = entryText(entry);
  const linkless = entry.kind === "rule" || (entry.kind === "route" && hasNoLink(entry.type));
  return linkless ? `${text} (in the drop-in of ${entry.link})` : text;
}

function describeKey(entry: Entry): string {
  if (entry.kind === "rule") return `the IPv${entry.family} rule of priority ${entry.priority} for these packets`;
  return entry.kind === "route"
    ? `the ${routeKey(entry).replace(/^route (\d+) (\S+) (\d+)$/, "route to $2 (table $1, metric $3)")}`
    : `the neighbor ${entry.address} on ${entry.link}`;
}
