import type { OwnedEntry } from "../model/owner.ts";
import { type Rule, ruleText } from "../model/rule.ts";
import { type Problem, pathOf } from "./problem.ts";

type Selectors = Pick<Rule, "from" | "to" | "iif" | "oif" | "mark">;

/**
 * Rules that the kernel takes for one, because at one priority and with one action the second selects all that the first
 * does, and maybe more: then the first does nothing. It refuses to add a rule without an address beside one with it, and
 * deletes one with a link or a mark for the one without; it does not look at `invert` (rule_exists() and rule_find() of
 * net/core/fib_rules.c, Linux 6.18).
 */
export function ambiguousRules(entries: readonly OwnedEntry[]): Problem[] {
  const rules: { owned: OwnedEntry; index: number; rule: Rule }[] = [];
  entries.forEach((owned, index) => {
    if (owned.entry.kind === "rule") rules.push({ owned, index, rule: owned.entry });
  });
  const byShape = new Map<string, (typeof rules)[number][]>();
  for (const item of rules) {
    const shape = shapeOf(item.rule, item.rule);
    byShape.set(shape, [...(byShape.get(shape) ?? []), item]);
  }
  return rules.flatMap((item) => {
    const wider = widerSelectors(item.rule).flatMap((selectors) => byShape.get(shapeOf(item.rule, selectors)) ?? []);
    const other = wider.find(({ rule }) => ruleText(rule) !== ruleText(item.rule));
    if (other === undefined) return [];
    const [first, second] = item.index < other.index ? [item, other] : [other, item];
    const message = `the kernel takes this rule and that of ${first.owned.path} for one: what it does with their packets is the same`;
    return [
      {
        path: pathOf(second.owned.path),
        message,
        hint: "leave out the one that selects less, or give it another priority",
      },
    ];
  });
}

/** These selectors, and all of them without some. */
function widerSelectors({ from, to, iif, oif, mark }: Selectors): Selectors[] {
  let all: Selectors[] = [{ from, to, iif, oif, mark }];
  for (const key of ["from", "to", "iif", "oif", "mark"] as const) {
    all = all.flatMap((one) => (one[key] === null ? [one] : [one, { ...one, [key]: null }]));
  }
  return all;
}

function shapeOf({ family, priority, type, table }: Rule, { from, to, iif, oif, mark }: Selectors): string {
  return JSON.stringify([family, priority, type, type === "lookup" ? table : 0, from, to, iif, oif, mark]);
}
