import type { DesiredState } from "../model/owner.ts";

const indexes = new WeakMap<DesiredState, ReadonlyMap<string, readonly string[]>>();

/**
 * The owners that want the entry under this key. All of them are looked at once, when it is first asked: only where
 * something is wrong, and then maybe of every entry.
 */
export function ownersOf(desired: DesiredState, key: string): readonly string[] {
  const index = indexes.get(desired) ?? indexOf(desired);
  indexes.set(desired, index);
  return index.get(key) ?? [];
}

function indexOf({ owners }: DesiredState): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const { owner, entries } of owners) {
    for (const { key } of entries) {
      const known = index.get(key);
      if (known === undefined) index.set(key, [owner]);
      else if (!known.includes(owner)) known.push(owner);
    }
  }
  return index;
}
