import type { Family, Prefix } from "./address.ts";

/** What a rule does with a packet, in the words of ip-rule(8); `lookup` asks a routing table. */
export const ruleTypes = ["lookup", "blackhole", "unreachable", "prohibit"] as const;
export type RuleType = (typeof ruleTypes)[number];

/** A firewall mark and which of its bits count; both unsigned 32 bits. */
export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/**
 * A policy rule of one family in canonical form. What makes this type hard:
 * - the kernel has no key: it takes two rules that differ in the table or in the protocol alone, and the first of them counts;
 * - a rule belongs to no link, and still stands in a link's drop-in: `link` names whose. In the kernel it is empty.
 */
export interface Rule {
  readonly kind: "rule";
  readonly family: Family;
  readonly priority: number;
  /** The rule is for all packets that it would else not be for. */
  readonly invert: boolean;
  /** null: any address. */
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  /** The name of a link, or `lo` for packets of the host itself; null: any. */
  readonly iif: string | null;
  readonly oif: string | null;
  readonly mark: Mark | null;
  /** null: something that no document can say; it stands in `extra`. */
  readonly type: RuleType | null;
  /** Of a type that looks into none what stands there all the same; no difference then. */
  readonly table: number;
  readonly link: string;
  /** Words of ip-rule(8) that no document can say. Empty in all that netkeep sets. */
  readonly extra: string;
  /** FRA_PROTOCOL: who installed it. No difference to packets, so neither in the text nor in equality. */
  readonly protocol: number;
}

/** Priority + selector: of several rules under one key the first in the kernel's list counts, so it is an owner's only once. */
export function ruleKey(rule: Rule): string {
  const extra = rule.extra === "" ? "" : ` ${rule.extra}`;
  return `rule ${rule.family} ${rule.priority} ${selectorText(rule)}${extra}`;
}

/** The rule in the words of ip-rule(8), complete and in a fixed order: for `ip rule add`, for people, and as equality. */
export function ruleText(rule: Rule): string {
  const action = rule.type === "lookup" ? ` lookup ${rule.table}` : rule.type === null ? "" : ` ${rule.type}`;
  const extra = rule.extra === "" ? "" : ` ${rule.extra}`;
  return `${selectorText(rule)}${extra}${action} priority ${rule.priority}`;
}

/** Whether the rule is for all packets of its family, or for all but some: what an agent's mistake must not bring about. */
export function isForNearlyAll(rule: Rule): boolean {
  const { invert, from, to, iif, oif, mark } = rule;
  return invert || [from, to, iif, oif, mark].every((selector) => selector === null);
}

function selectorText({ family, invert, from, to, iif, oif, mark }: Rule): string {
  let text = invert ? "not from" : "from";
  // A rule of IPv6 shows its family also where it names no address.
  text += ` ${from ?? (family === 6 && to === null ? "::/0" : "all")}`;
  if (to !== null) text += ` to ${to}`;
  if (mark !== null) text += ` fwmark ${markText(mark)}`;
  if (iif !== null) text += ` iif ${iif}`;
  if (oif !== null) text += ` oif ${oif}`;
  return text;
}

/** `0x10`, or `0x10/0xff` where not all bits count. */
export function markText({ value, mask }: Mark): string {
  return mask === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
