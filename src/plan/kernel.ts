import type { KernelChange, Note } from "../model/change.ts";
import { type Entry, entryText, sameEntry } from "../model/entry.ts";
import { once } from "../model/once.ts";
import { isOursToRemove, isOursToReplace, type OwnRecord } from "../model/ownership.ts";
import { hasNoLink, linksOf, routeTextOfAnyone } from "../model/route.ts";
import { type Rule, ruleKey } from "../model/rule.ts";
import type { KernelEntry, KernelState } from "../model/state.ts";
import { indexKernel, kernelDiff } from "./kernelDiff.ts";
import { inItsPlace, otherGoes, planRules, ruleProtocol } from "./rules.ts";

export interface KernelPlan {
  /** In the order in which they are safe: see `inSafeOrder`. */
  readonly changes: readonly KernelChange[];
  readonly notes: readonly Note[];
  /** Desired entries that cannot be live now because a link is missing or down. */
  readonly waiting: readonly Entry[];
  /** Desired entries where something foreign stands that is not to be replaced. */
  readonly blocked: readonly Entry[];
}

/**
 * Desired entries against the kernel.
 *
 * @param desired by key, conflicts resolved
 * @param adopt foreign entries with other content may be overwritten
 */
export function planKernel(
  desired: ReadonlyMap<string, Entry>,
  kernel: KernelState,
  record: OwnRecord,
  adopt: boolean,
): KernelPlan {
  const current = once(() => indexKernel(kernel, record.protocol));
  const diff = kernelDiff(desired, kernel, record.protocol);
  const changes: KernelChange[] = [];
  const notes: Note[] = [];
  const waiting: Entry[] = [];
  const blocked: Entry[] = [];
  for (const entry of diff.add) {
    if (canBeLive(entry, kernel)) changes.push({ action: "add", entry: asInstalled(entry, record) });
    else waiting.push(entry);
  }
  for (const { wanted, found } of diff.replace) {
    const note =
      foreignNote(wanted, found, record, adopt) ??
      (found.kind === "rule" ? inTheWay(found, kernel, record, wanted.link) : null);
    if (note !== null) notes.push(note);
    if (note?.level === "refusal") {
      blocked.push(wanted);
      continue;
    }
    if (canBeLive(wanted, kernel)) changes.push(replacement(wanted, found, kernel, record));
    else waiting.push(wanted);
  }
  for (const { wanted, found } of unmarked(desired, current, record)) {
    changes.push({ action: "replace", entry: wanted, before: found });
  }
  const rules = planRules(
    // Nearly all hosts have none.
    kernel.rules.length === 0 ? [] : diff.keep.filter((wanted) => wanted.kind === "rule"),
    kernel.rules.filter((rule) => isSpare(rule, desired, current())),
    kernel.rules,
    record,
  );
  changes.push(...rules.changes);
  notes.push(...rules.notes);
  for (const found of diff.extra) {
    if (found.kind !== "rule" && isOursToRemove(found, record)) changes.push({ action: "remove", entry: found });
  }
  return { changes: inSafeOrder(changes), notes, waiting, blocked };
}

function asInstalled(entry: Entry, record: OwnRecord): Entry {
  return entry.kind === "rule" ? { ...entry, protocol: ruleProtocol(entry, record) } : entry;
}

/** A wanted rule that stands behind another under its key counts as soon as that one goes. */
function replacement(wanted: Entry, before: KernelEntry, { rules }: KernelState, record: OwnRecord): KernelChange {
  const entry = asInstalled(wanted, record);
  const isThere =
    entry.kind === "rule" && rules.some((rule) => rule.protocol === entry.protocol && sameEntry(rule, entry));
  return isThere ? { action: "remove", entry: before } : { action: "replace", entry, before };
}

/** Neither wanted nor about to be replaced. */
function isSpare(rule: Rule, desired: ReadonlyMap<string, Entry>, current: ReadonlyMap<string, KernelEntry>): boolean {
  const wanted = desired.get(ruleKey(rule));
  return wanted === undefined || (!sameEntry(wanted, rule) && current.get(ruleKey(rule)) !== rule);
}

/** Neighbors on live links that are as desired but for our mark: it comes with setting them once more, without a gap. */
function unmarked(
  desired: ReadonlyMap<string, Entry>,
  current: () => ReadonlyMap<string, KernelEntry>,
  record: OwnRecord,
) {
  const { live, protocol } = record;
  const list: { readonly wanted: Entry; readonly found: KernelEntry }[] = [];
  if (live === undefined || live.size === 0) return list;
  for (const [key, wanted] of desired) {
    const found = wanted.kind === "neighbor" && live.has(wanted.link) ? current().get(key) : undefined;
    if (found !== undefined && found.protocol !== protocol && sameEntry(found, wanted)) list.push({ wanted, found });
  }
  return list;
}

/**
 * The kernel takes a route only on links that are up, a neighbor on any link there is (ip 6.1, Linux 6.18). It takes a rule
 * whenever; but without the link it leads to no route, and networkd sets it together with the link.
 */
export function canBeLive(entry: Entry, kernel: KernelState): boolean {
  if (entry.kind !== "route") return kernel.links.has(entry.link);
  if (hasNoLink(entry.type)) return true;
  return linksOf(entry).every((link) => kernel.links.get(link)?.up === true);
}

function inTheWay(found: Rule, { rules }: KernelState, record: OwnRecord, link: string): Note | null {
  const other = inItsPlace(found, rules, record);
  if (other === null) return null;
  return { level: "refusal", link, text: `the rule ${entryText(found)} is in the way: ${otherGoes(other)}` };
}

/** Same content, other installer: taken over. Other content and not ours: refused unless told to adopt. */
function foreignNote(wanted: Entry, found: KernelEntry, record: OwnRecord, adopt: boolean): Note | null {
  if (isOursToReplace(found, record)) return null;
  const link = wanted.link;
  if (wanted.kind === "route" && found.kind === "route" && routeTextOfAnyone(wanted) === routeTextOfAnyone(found)) {
    return { level: "info", link, text: `takes over the route ${entryText(found)}, which somebody else installed` };
  }
  const what = `${found.kind} ${entryText(found)}`;
  if (adopt) return { level: "warning", link, text: `replaces the foreign ${what} with ${entryText(wanted)}` };
  return {
    level: "refusal",
    link,
    text: `the foreign ${what} stands where ${entryText(wanted)} is wanted; --adopt replaces it`,
  };
}

/**
 * Neighbors and routes on the link come before routes that need them as next hop; adds before removes, so that no packet
 * finds nothing; what depends on others goes first; bare neighbor deletes last (see kernel/batch.ts). A rule comes after the
 * routes that it leads to, and goes before them.
 */
function inSafeOrder(changes: readonly KernelChange[]): KernelChange[] {
  const byRank: KernelChange[][] = [[], [], [], [], [], [], [], []];
  for (const change of changes) byRank[rank(change)]?.push(change);
  return byRank.flat();
}

export function rank(change: KernelChange): number {
  const { action, entry } = change;
  const indirect = entry.kind === "route" && (entry.gateway !== null || entry.nextHops.length > 0);
  if (entry.kind === "rule") return action === "remove" ? 4 : 3;
  if (action === "remove") return entry.kind === "neighbor" ? 7 : indirect ? 5 : 6;
  return entry.kind === "neighbor" ? 0 : indirect ? 2 : 1;
}
