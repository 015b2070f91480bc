import type { Neighbor } from "./neighbor.ts";
import { neighborKey, neighborText, sameNeighbor } from "./neighbor.ts";
import type { Route } from "./route.ts";
import { routeKey, routeText, samePlainRoute } from "./route.ts";

/** What an owner can ask for. */
export type Entry = Route | Neighbor;

/** What makes an entry the same in the kernel; unique over all kinds. */
export function entryKey(entry: Entry): string {
  return entry.kind === "route" ? routeKey(entry) : neighborKey(entry);
}

/** Complete canonical text; equal texts mean equal entries. */
export function entryText(entry: Entry): string {
  return entry.kind === "route" ? routeText(entry) : neighborText(entry);
}

/**
 * Whether two entries are equal, which is to say that their texts are. Entries without next hops and metrics, nearly all,
 * are compared field by field: a host has tens of thousands.
 */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === "neighbor") return b.kind === "neighbor" && sameNeighbor(a, b);
  return b.kind === "route" && (samePlainRoute(a, b) || routeText(a) === routeText(b));
}

/** The text with the kind in front, as people read it: `neighbor 192.0.2.1 lladdr …`. */
export function entryTitle(entry: Entry): string {
  return `${entry.kind} ${entryText(entry)}`;
}
