import { linksOf, type Route } from "../model/route.ts";
import type { Rule } from "../model/rule.ts";

/**
 * Rules of the kernel with the link whose drop-in could carry each: the one that it names, else the one that the routes of
 * its table are on. Of others the link stays empty.
 */
export function placeRules(rules: readonly Rule[], routes: readonly Route[], links: ReadonlySet<string>): Rule[] {
  const byTable = new Map<number, Set<string>>();
  for (const route of rules.length === 0 ? [] : routes) {
    const known = byTable.get(route.table) ?? new Set<string>();
    for (const link of linksOf(route)) known.add(link);
    byTable.set(route.table, known);
  }
  return rules.map((rule) => ({ ...rule, link: linkOf(rule, byTable, links) }));
}

function linkOf(
  { type, table, iif, oif }: Rule,
  byTable: ReadonlyMap<number, ReadonlySet<string>>,
  links: ReadonlySet<string>,
) {
  const named = [iif, oif].find((link) => link !== null && link !== "lo" && links.has(link));
  if (named != null) return named;
  const [only, other] = type === "lookup" ? (byTable.get(table) ?? []) : [];
  return only !== undefined && other === undefined && links.has(only) ? only : "";
}
