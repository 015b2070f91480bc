import { hostPrefix, type Prefix } from "./address.ts";
import type { Neighbor } from "./neighbor.ts";
import { neighborKey, neighborText, sameNeighbor } from "./neighbor.ts";
import type { Route } from "./route.ts";
import { linksOf, mainTable, routeKey, routeText, samePlainRoute } from "./route.ts";
import type { Rule } from "./rule.ts";
import { ruleKey, ruleText } from "./rule.ts";

/** What an owner can ask for. */
export type Entry = Route | Neighbor | Rule;

/** What makes an entry the same in the kernel; unique over all kinds. */
export function entryKey(entry: Entry): string {
  if (entry.kind === "route") return routeKey(entry);
  return entry.kind === "neighbor" ? neighborKey(entry) : ruleKey(entry);
}

/**
 * The order of their keys, which need not be made for it: a host has tens of thousands of entries. A blank, which ends
 * each part of a key, comes before all that a part can have.
 */
export function compareKeys(a: Entry, b: Entry): number {
  if (a.kind === "neighbor" && b.kind === "neighbor") return compare(a.link, b.link) || compare(a.address, b.address);
  if (a.kind === "route" && b.kind === "route") {
    const byTable = a.table === b.table ? 0 : compare(String(a.table), String(b.table));
    return byTable || compare(a.destination, b.destination) || compare(String(a.metric), String(b.metric));
  }
  return a.kind === b.kind ? compare(entryKey(a), entryKey(b)) : compare(a.kind, b.kind);
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Complete canonical text; equal texts mean equal entries. */
export function entryText(entry: Entry): string {
  if (entry.kind === "route") return routeText(entry);
  return entry.kind === "neighbor" ? neighborText(entry) : ruleText(entry);
}

/**
 * Whether two entries are equal, which is to say that their texts are. Entries without next hops and metrics, nearly all,
 * are compared field by field: a host has tens of thousands.
 */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === "neighbor") return b.kind === "neighbor" && sameNeighbor(a, b);
  if (a.kind === "rule") return b.kind === "rule" && ruleText(a) === ruleText(b);
  return b.kind === "route" && (samePlainRoute(a, b) || routeText(a) === routeText(b));
}

/** The addresses that an entry is about: a destination, a neighbor's address, what a rule selects. */
export function prefixesOf(entry: Entry): readonly Prefix[] {
  if (entry.kind === "route") return [entry.destination];
  if (entry.kind === "neighbor") return [hostPrefix(entry.address)];
  return [entry.from, entry.to].filter((prefix) => prefix !== null);
}

/** Every link that an entry concerns. */
export function linksOfEntry(entry: Entry): readonly string[] {
  return entry.kind === "route" ? linksOf(entry) : [entry.link];
}

/** For people: what is known of an entry by its key alone, `route 192.0.2.0/24 table 100 metric 200`. */
export function keyTitle(key: string): string {
  const [kind, ...words] = key.split(" ");
  const [place = "", subject = "", metric = "0"] = words;
  if (kind === "neighbor") return `neighbor ${subject} dev ${place}`;
  if (kind !== "route") return key;
  const table = place === String(mainTable) ? "" : ` table ${place}`;
  return `route ${subject}${table}${metric === "0" ? "" : ` metric ${metric}`}`;
}

/** The text with the kind in front, as people read it: `neighbor 192.0.2.1 lladdr …`. */
export function entryTitle(entry: Entry): string {
  return `${entry.kind} ${entryText(entry)}`;
}
