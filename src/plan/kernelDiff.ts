import { type Entry, entryKey, sameEntry } from "../model/entry.ts";
import { once } from "../model/once.ts";
import { ruleKey } from "../model/rule.ts";
import type { KernelEntries, KernelEntry } from "../model/state.ts";
import { type KeyedDiff, keyedDiff } from "./diff.ts";
import { besidesPlain } from "./plainDiff.ts";

type KernelDiff = KeyedDiff<Entry, KernelEntry>;

/** What was computed from a reading of the kernel, while that is used: a plan and an audit ask the same of it. */
interface Computed {
  readonly protocol: number;
  readonly index: () => ReadonlyMap<string, KernelEntry>;
  diff: { readonly desired: ReadonlyMap<string, Entry>; readonly result: KernelDiff } | null;
}
const computed = new WeakMap<KernelEntries, Computed>();

/** Desired entries against those of the kernel, by key. */
export function kernelDiff(desired: ReadonlyMap<string, Entry>, kernel: KernelEntries, protocol: number): KernelDiff {
  const of = computedOf(kernel, protocol);
  if (of.diff?.desired === desired) return of.diff.result;
  const besides = besidesPlain(desired, kernel);
  const result =
    besides === null ? keyedDiff(desired, of.index(), sameEntry) : allThere(desired, indexOf(besides, protocol));
  of.diff = { desired, result };
  return result;
}

/** @param besides what else there is */
function allThere(desired: ReadonlyMap<string, Entry>, besides: ReadonlyMap<string, KernelEntry>): KernelDiff {
  const keep = once(() => [...desired.values()]);
  return {
    add: [],
    replace: [],
    get keep() {
      return keep();
    },
    extra: [...besides.values()],
  };
}

/**
 * Every kernel entry by key. Of several routes under one key (IPv6 allows one for each link) ours counts first; of several
 * rules that which the kernel asks first.
 */
export function indexKernel(kernel: KernelEntries, protocol: number): ReadonlyMap<string, KernelEntry> {
  return computedOf(kernel, protocol).index();
}

function computedOf(kernel: KernelEntries, protocol: number): Computed {
  const known = computed.get(kernel);
  if (known?.protocol === protocol) return known;
  const fresh: Computed = { protocol, index: once(() => indexOf(kernel, protocol)), diff: null };
  computed.set(kernel, fresh);
  return fresh;
}

function indexOf(kernel: KernelEntries, protocol: number): Map<string, KernelEntry> {
  const index = new Map<string, KernelEntry>();
  for (const entries of [kernel.routes, kernel.neighbors]) {
    for (const entry of entries) {
      const key = entryKey(entry);
      const other = index.get(key);
      if (other === undefined || (other.protocol !== protocol && entry.protocol === protocol)) index.set(key, entry);
    }
  }
  for (const rule of kernel.rules) if (!index.has(ruleKey(rule))) index.set(ruleKey(rule), rule);
  return index;
}
