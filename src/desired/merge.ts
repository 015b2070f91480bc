import { plainEntries, plainGuestsOf } from "../model/alike.ts";
import { bridgeText, wantedText } from "../model/bridge.ts";
import type { Entry } from "../model/entry.ts";
import {
  type Conflict,
  type DesiredState,
  type LinkSettings,
  type OwnedEntry,
  type OwnerState,
  ownerText,
} from "../model/owner.ts";
import { sameWish } from "./across.ts";

/**
 * All owners → the desired state of the host. Identical entries stay with each owner that wants them. Different entries
 * under one key: the newest document wins, among equally old ones the later name, so that the result does not depend on
 * the order of reading.
 */
export function merge(owners: readonly OwnerState[]): DesiredState {
  const [first, ...others] = owners;
  // Its entries were compared with each other; but not what drop-ins say of an owner, which has no age.
  if (first !== undefined && others.length === 0 && first.changed > 0)
    return { owners: [first], links: first.links, conflicts: [] };
  const byAge = [...owners].sort((a, b) => b.changed - a.changed || (a.owner < b.owner ? 1 : -1));
  const winners = new Map<string, { owner: string; owned: OwnedEntry }>();
  const conflicts: Conflict[] = [];
  const kept = new Map<string, OwnedEntry[]>();
  const links = new Map<string, LinkSettings>();
  for (const state of byAge) {
    const own: OwnedEntry[] = [];
    for (const owned of state.entries) {
      const { key } = owned;
      const winner = winners.get(key);
      if (winner === undefined) winners.set(key, { owner: state.owner, owned });
      else if (!sameWish(winner.owned.entry, owned.entry)) {
        conflicts.push({
          key,
          winner: { owner: winner.owner, entry: winner.owned.entry },
          loser: { owner: state.owner, entry: owned.entry, path: owned.path },
        });
        continue;
      }
      own.push(owned);
    }
    kept.set(state.owner, own);
    for (const [link, settings] of state.links) {
      conflicts.push(...bridgeConflicts(link, settings, state, byAge));
      links.set(link, { ...settings, ...links.get(link) });
    }
  }
  const byName = [...owners].sort((a, b) => (a.owner < b.owner ? -1 : 1));
  return { owners: byName.map((state) => ({ ...state, entries: kept.get(state.owner) ?? [] })), links, conflicts };
}

/** A bridge is wanted whole: the settings of two documents make none that somebody has thought of. */
function bridgeConflicts(
  link: string,
  { bridge }: LinkSettings,
  { owner }: OwnerState,
  byAge: readonly OwnerState[],
): Conflict[] {
  const winner = byAge.find((state) => state.links.get(link)?.bridge !== undefined);
  const wanted = winner?.links.get(link)?.bridge;
  if (bridge === undefined || winner === undefined || wanted === undefined) return [];
  if (bridgeText(wanted) === bridgeText(bridge)) return [];
  const loser = { owner, entry: bridge, path: `links.${link}.bridge` };
  return [{ key: `bridge ${link}`, winner: { owner: winner.owner, entry: wanted }, loser }];
}

/** Every entry that is in force, by key. */
export function entriesByKey({ owners }: DesiredState): ReadonlyMap<string, Entry> {
  const all = () => {
    const entries = new Map<string, Entry>();
    for (const owner of owners) for (const { key, entry } of owner.entries) entries.set(key, entry);
    return entries;
  };
  const [first, ...others] = owners;
  const plain = first === undefined || others.length > 0 ? undefined : plainGuestsOf(first);
  return plain === undefined ? all() : plainEntries(plain, all);
}

/** Links that an owner names, by entries or by settings, sorted. */
export function linksOfDesired(desired: DesiredState): string[] {
  const links = new Set<string>(desired.links.keys());
  for (const owner of desired.owners) {
    const plain = plainGuestsOf(owner);
    if (plain !== undefined) for (const { route } of plain) links.add(route.link);
    else for (const { entry } of owner.entries) links.add(entry.link);
  }
  return [...links].sort();
}

/** A conflict in two lines, for `apply`, which refuses it. */
export function conflictText({ winner, loser }: Conflict): string {
  const [losing, winning] = [ownerText(loser.owner), ownerText(winner.owner)];
  return [
    `${losing} and ${winning} want different ${loser.entry.kind === "bridge" ? "bridges of one name" : "entries under one key"}:`,
    `    ${losing} (${loser.path}): ${wantedText(loser.entry)}`,
    `    ${winning}: ${wantedText(winner.entry)}`,
  ].join("\n");
}
