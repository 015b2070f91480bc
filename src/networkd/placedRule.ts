import type { Rule } from "../model/rule.ts";
import { sectionToRules } from "./ruleSection.ts";

/** systemd.network(5), [ROUTINGPOLICYRULE] SECTION OPTIONS, as far as a document has words for them. */
export type Spelling = (value: string) => string | null;

/** What a section of others comes to, and the assignments that netkeep has no word for. */
export function readRuleSection(
  assignments: readonly { readonly key: string; readonly value: string }[],
  spell: Readonly<{ prefix: Spelling; number: Spelling; boolean: Spelling; table: Spelling }>,
  link: string,
): { readonly rules: readonly Rule[]; readonly unknown: readonly string[] } {
  const spellings: Readonly<Record<string, Spelling>> = {
    From: spell.prefix,
    To: spell.prefix,
    Priority: spell.number,
    Table: spell.table,
    InvertRule: spell.boolean,
    FirewallMark: (value) => (/^(0x[0-9a-f]+|\d+)(\/(0x[0-9a-f]+|\d+))?$/i.test(value) ? value : null),
    IncomingInterface: (value) => value,
    OutgoingInterface: (value) => value,
    Type: (value) => (/^(blackhole|unreachable|prohibit)$/.test(value) ? value : null),
    Family: (value) => (/^(ipv4|ipv6|both)$/.test(value) ? value : null),
  };
  const body: Record<string, string> = {};
  const unknown: string[] = [];
  for (const { key, value } of assignments) {
    const spelt = spellings[key]?.(value) ?? null;
    if (spelt === null) unknown.push(`${key}=${value}`);
    else body[key] = spelt;
  }
  // Without one the kernel chooses.
  if (body["Priority"] === undefined && unknown.length === 0) unknown.push("a rule without Priority=");
  // What is not known selects packets too, so without it this would be another rule.
  return { rules: unknown.length > 0 ? [] : sectionToRules({ name: "RoutingPolicyRule", body }, link), unknown };
}
