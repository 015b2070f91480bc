import { type Entry, entryKey, linksOfEntry, sameEntry } from "../model/entry.ts";
import type { KernelEvent } from "../model/event.ts";

/**
 * What may have drifted, told from events alone. What makes this hard:
 * - an event is older than what the kernel has by now, so it is only a reason to look, never to act;
 * - networkd deletes and sets an entry again within milliseconds: the last event of a key counts;
 * - when a link goes down, or the last IPv4 address leaves it, IPv4 routes vanish without an event (kernel.md §2);
 * - our own changes come back as events, and then are as wanted.
 */
export interface Suspects {
  /** Key of an entry, or `link NAME`, or `rules` → when it came under suspicion; the first that did comes first. */
  readonly since: ReadonlyMap<string, number>;
  /** When the last event came that put or kept anything under suspicion. */
  readonly lastAt: number;
  see(event: KernelEvent, now: number): void;
  /** What is wanted from now on: of these keys, or of all. Nothing is suspected that is not seen again. */
  learn(entries: ReadonlyMap<string, Entry>, scope: ReadonlySet<string> | null): void;
  /** Has been looked at. */
  clear(keys: Iterable<string>): void;
}

/** @param protocol the mark of our own entries */
export function createSuspects(protocol: () => number): Suspects {
  const wanted = new Map<string, Entry>();
  const links = new Map<string, number>();
  const states = new Map<string, Map<string, string>>();
  const since = new Map<string, number>();
  let lastAt = 0;
  const suspect = (key: string, now: number) => {
    if (!since.has(key)) since.set(key, now);
    lastAt = now;
  };
  const count = (entry: Entry, step: 1 | -1) => {
    for (const link of linksOfEntry(entry)) {
      const left = (links.get(link) ?? 0) + step;
      if (left > 0) links.set(link, left);
      else links.delete(link);
    }
  };
  const forget = (key: string) => {
    const entry = wanted.get(key);
    if (entry !== undefined && wanted.delete(key)) count(entry, -1);
  };
  return {
    since,
    get lastAt() {
      return lastAt;
    },
    see(event, now) {
      if (event.kind === "entry") {
        const verdict = verdictOf(event, wanted.get(event.key), protocol());
        if (verdict === "drift") suspect(event.key, now);
        else if (verdict === "fine") since.delete(event.key);
      } else if (event.kind === "rule") suspect("rules", now);
      else if (links.has(event.link) && hasChanged(event, states)) suspect(`link ${event.link}`, now);
    },
    learn(entries, scope) {
      if (scope === null) for (const known of [wanted, links]) known.clear();
      for (const key of scope ?? []) forget(key);
      for (const entry of entries.values()) {
        const key = entryKey(entry);
        forget(key);
        wanted.set(key, entry);
        count(entry, 1);
      }
      for (const link of states.keys()) if (!links.has(link)) states.delete(link);
    },
    clear(keys) {
      for (const key of keys) since.delete(key);
    },
  };
}

type EntryEvent = Extract<KernelEvent, { kind: "entry" }>;

/** "fine" clears a suspicion, null says nothing about what is wanted. */
function verdictOf(event: EntryEvent, want: Entry | undefined, protocol: number): "drift" | "fine" | null {
  if (want === undefined) {
    if (event.gone) return "fine";
    return event.entry?.protocol === protocol ? "drift" : null;
  }
  // IPv6 takes one key on several links: another link's is not this one.
  const elsewhere = event.link !== "" && !linksOfEntry(want).includes(event.link);
  if (event.gone) return elsewhere ? null : "drift";
  return event.entry !== null && sameEntry(want, event.entry) ? "fine" : "drift";
}

/**
 * Whether entries of a link may be gone for it. One that goes takes all along, and they wait for the next of its name. An
 * address that comes may let a route be set that was refused; one whose lifetime is renewed comes again and again.
 *
 * @param states of links, and their addresses
 */
function hasChanged(event: Extract<KernelEvent, { link: string }>, states: Map<string, Map<string, string>>): boolean {
  if (event.kind === "entry") return false;
  const known = states.get(event.link) ?? new Map<string, string>();
  states.set(event.link, known);
  if (event.kind === "address") {
    if (event.gone) known.delete(event.address);
    const isNew = !event.gone && !known.has(event.address);
    if (isNew) known.set(event.address, "");
    return event.gone || isNew;
  }
  const state = event.gone ? "gone" : `${event.up} ${event.mac}`;
  const before = known.get("link");
  known.set("link", state);
  return state !== before && state !== "gone";
}
