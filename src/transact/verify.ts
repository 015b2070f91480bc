import { type Entry, entryKey, entryText, sameEntry } from "../model/entry.ts";
import { neighborText } from "../model/neighbor.ts";
import { hasNoLink, linksOf, routeText } from "../model/route.ts";
import type { KernelEntries, KernelEntry, KernelNeighbor, KernelRoute, KernelState } from "../model/state.ts";
import { observeKernel } from "../observe/observeKernel.ts";
import { indexKernel } from "../plan/kernelDiff.ts";
import { besidesPlain } from "../plan/plainDiff.ts";
import type { System } from "../system/system.ts";

/** A desired entry that the kernel does not have after all. `actual` null is "nothing under this key". */
export interface Shortfall {
  readonly entry: Entry;
  readonly actual: string | null;
}

/** The kernel as it was read, and what it lacks. */
export interface Verified {
  readonly shortfalls: readonly Shortfall[];
  readonly entries: KernelEntries;
  /** Entries under keys that are not expected. */
  readonly others: readonly KernelEntry[];
}

/** Reads the kernel, at least what it has of the expected entries. */
type Look = (expected: ReadonlyMap<string, Entry>) => Promise<KernelEntries>;

const pause = 50;

/**
 * Reads the kernel until every expected entry is there or the patience ends, of so many milliseconds. Differences that are the kernel's own doing
 * (linkdown, pref, expiry) are not part of an entry's text.
 */
export async function findShortfalls(
  system: System,
  look: Look,
  expected: ReadonlyMap<string, Entry>,
  protocol: number,
  patience: number,
): Promise<Verified> {
  const end = system.now() + patience;
  for (;;) {
    const entries = await look(expected);
    const { shortfalls, others } = compare(expected, entries, protocol);
    if (shortfalls.length === 0 || system.now() >= end) return { shortfalls, entries, others };
    await system.sleep(pause);
  }
}

/** What is missing at this moment. */
export async function missingNow(
  look: Look,
  expected: ReadonlyMap<string, Entry>,
  protocol: number,
): Promise<Shortfall[]> {
  return compare(expected, await look(expected), protocol).shortfalls;
}

/** Foreign entries of `before` that are gone, on links that still exist. */
export function lostForeign(
  before: readonly (KernelRoute | KernelNeighbor)[],
  after: KernelState,
): (KernelRoute | KernelNeighbor)[] {
  if (before.length === 0) return [];
  const present = new Set([...after.routes, ...after.neighbors].map((entry) => entryKey(entry)));
  return before.filter((entry) => !present.has(entryKey(entry)) && linkIsThere(entry, after));
}

/** Sets foreign entries again as they were, mark or no mark. @returns what could not be set */
export async function restoreForeign(
  system: System,
  entries: readonly (KernelRoute | KernelNeighbor)[],
): Promise<(KernelRoute | KernelNeighbor)[]> {
  const lines = entries.map((entry) =>
    entry.kind === "route"
      ? `route replace ${routeText(entry)}\n`
      : `neigh replace ${neighborText(entry)}${entry.protocol === null ? "" : ` protocol ${entry.protocol}`}\n`,
  );
  await system.run("ip", ["-force", "-batch", "-"], lines.join(""));
  return lostForeign(entries, await observeKernel(system));
}

function compare(expected: ReadonlyMap<string, Entry>, entries: KernelEntries, protocol: number) {
  const besides = besidesPlain(expected, entries);
  if (besides !== null) return { shortfalls: [], others: [...besides.routes, ...besides.neighbors, ...besides.rules] };
  const others: KernelEntry[] = [];
  // The kernel can have one rule twice.
  const rules = new Set<string>();
  let [asExpected, different] = [0, 0];
  for (const list of [entries.routes, entries.neighbors, entries.rules]) {
    for (const found of list) {
      const key = entryKey(found);
      const wanted = expected.get(key);
      if (wanted === undefined) others.push(found);
      else if (!sameEntry(found, wanted)) different += 1;
      else if (found.kind === "rule") rules.add(key);
      else asExpected += 1;
    }
  }
  // Nearly always: then no two of them have one key, and nothing has to be indexed.
  if (different === 0 && asExpected + rules.size === expected.size) return { shortfalls: [], others };
  return { shortfalls: shortfallsIn(expected, indexKernel(entries, protocol)), others };
}

function shortfallsIn(expected: ReadonlyMap<string, Entry>, current: ReturnType<typeof indexKernel>): Shortfall[] {
  const shortfalls: Shortfall[] = [];
  for (const [key, entry] of expected) {
    const found = current.get(key);
    if (found !== undefined && sameEntry(found, entry)) continue;
    shortfalls.push({ entry, actual: found === undefined ? null : entryText(found) });
  }
  return shortfalls;
}

function linkIsThere(entry: KernelRoute | KernelNeighbor, kernel: KernelState): boolean {
  if (entry.kind === "neighbor") return kernel.links.has(entry.link);
  return hasNoLink(entry.type) || linksOf(entry).every((link) => kernel.links.get(link)?.up === true);
}
