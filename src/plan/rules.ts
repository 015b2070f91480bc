import type { KernelChange, Note } from "../model/change.ts";
import { sameEntry } from "../model/entry.ts";
import { isOursToRemove, type OwnRecord } from "../model/ownership.ts";
import { bootProtocol, staticProtocol } from "../model/route.ts";
import { type Rule, ruleText } from "../model/rule.ts";

/** The protocol that a live rule gets: what networkd will set, so that it takes the rule over; our mark on a live link. */
export function ruleProtocol(rule: Rule, { live, protocol }: OwnRecord): number {
  return live?.has(rule.link) === true ? protocol : staticProtocol;
}

/**
 * What is to be done about rules that are as desired but for who installed them, and about those that nobody wants. The
 * kernel takes equal rules of several protocols, so all of them are looked at.
 *
 * @param kept desired rules that the kernel has
 * @param spare rules of the kernel that no document wants
 * @param rules all of the kernel
 */
export function planRules(
  kept: readonly Rule[],
  spare: readonly Rule[],
  rules: readonly Rule[],
  record: OwnRecord,
): { readonly changes: readonly KernelChange[]; readonly notes: readonly Note[] } {
  const changes: KernelChange[] = [];
  const notes: Note[] = [];
  for (const rule of kept) {
    const entry = { ...rule, protocol: ruleProtocol(rule, record) };
    const twins = rules.filter((other) => other.family === rule.family && sameEntry(other, rule));
    const own = twins.some(({ protocol }) => protocol === entry.protocol);
    // Ours of links that have changed their mode, and what a hand or a script has set. Daemons keep theirs beside ours.
    const [first, ...others] = twins.filter(
      (twin) =>
        twin.protocol !== entry.protocol &&
        (isOursToRemove(twin, record) || isNobodys(twin.protocol)) &&
        hitBy(twin, rules) === twin,
    );
    if ([first, ...others].some((twin) => twin !== undefined && isNobodys(twin.protocol))) notes.push(takeOver(entry));
    if (first === undefined) changes.push(...(own ? [] : [{ action: "add" as const, entry }]));
    else if (own) changes.push(...[first, ...others].map(removal));
    else changes.push({ action: "replace", entry, before: first }, ...others.map(removal));
  }
  for (const rule of spare) {
    if (!isOursToRemove(rule, record)) continue;
    const other = inItsPlace(rule, rules, record);
    if (other === null) changes.push(removal(rule));
    else notes.push({ level: "warning", link: null, text: `the rule ${ruleText(rule)} stays: ${otherGoes(other)}` });
  }
  return { changes, notes };
}

/** Why a rule that is in the way stays there. */
export function otherGoes(other: Rule): string {
  return `the kernel would delete ${ruleText(other)} of others in its place; remove it by hand`;
}

function removal(entry: Rule): KernelChange {
  return { action: "remove", entry };
}

/** `ip rule add` sets no protocol unless told. */
function isNobodys(protocol: number): boolean {
  return protocol === 0 || protocol === bootProtocol;
}

function takeOver(rule: Rule): Note {
  return {
    level: "info",
    link: rule.link,
    text: `takes over the rule ${ruleText(rule)}, which somebody else installed`,
  };
}

/**
 * The rule of others that the kernel would take for this one when it is told to delete it; null for none. It has no key to
 * delete by: it takes the first rule that has all that is named, whatever else it selects (rule_find() of
 * net/core/fib_rules.c).
 */
export function inItsPlace(rule: Rule, rules: readonly Rule[], record: OwnRecord): Rule | null {
  const hit = hitBy(rule, rules);
  return hit === undefined || hit === rule || isOursToRemove(hit, record) ? null : hit;
}

/** What the kernel deletes when it is told to delete this rule. */
function hitBy(rule: Rule, rules: readonly Rule[]): Rule | undefined {
  return rules.find((other) => isTakenFor(rule, other));
}

/** Whether a delete of `named` fits `other`. Inverted or not makes no difference to the kernel. */
function isTakenFor(named: Rule, other: Rule): boolean {
  return (
    other.family === named.family &&
    other.priority === named.priority &&
    other.type === named.type &&
    (named.type !== "lookup" || other.table === named.table) &&
    (named.protocol === 0 || other.protocol === named.protocol) &&
    fits(named.from, other.from) &&
    fits(named.to, other.to) &&
    fits(named.iif, other.iif) &&
    fits(named.oif, other.oif) &&
    (named.mark === null || (other.mark?.value === named.mark.value && other.mark.mask === named.mark.mask))
  );
}

function fits(named: string | null, other: string | null): boolean {
  return named === null || named === other;
}
