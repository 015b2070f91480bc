import { type Family, familyOf, lengthOf, type Parsed, type Prefix, parsePrefix } from "../model/address.ts";
import { mainTable, staticProtocol } from "../model/route.ts";
import type { Rule } from "../model/rule.ts";
import type { Problem } from "./problem.ts";
import { parseMark } from "./scalars.ts";
import type { RuleInput } from "./schema.ts";

/** A rule of each family that it is for, or what is wrong with it. */
export interface CompletedRule {
  readonly rules: readonly Rule[];
  readonly problems: readonly Problem[];
}

export interface RuleContext {
  /** The number of a table. */
  tableOf(table: number | string): Parsed<number>;
  /** The links of the same document's routes in this table: what a rule without `dev` goes by. */
  linksOfTable(table: number): ReadonlySet<string>;
}

/** `rules[]` as written → complete rules. Checks what depends on several keys of one rule. */
export function completeRule(input: RuleInput, path: readonly PropertyKey[], context: RuleContext): CompletedRule {
  const problems = checks.map((check) => check(input)).filter((problem) => problem !== null);
  const table = input.table === undefined ? { value: mainTable } : context.tableOf(input.table);
  if ("problem" in table) problems.push({ path: ["table"], message: table.problem });
  const link = "problem" in table || problems.length > 0 ? { value: "" } : linkOf(input, table.value, context);
  if ("problem" in link) problems.push({ path: ["dev"], message: link.problem });
  if (problems.length > 0 || "problem" in link || "problem" in table) {
    return { rules: [], problems: problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] })) };
  }
  const mark = input.fwmark === undefined ? null : parseMark(input.fwmark);
  const rules = familiesOf(input).map(
    (family): Rule => ({
      kind: "rule",
      family,
      priority: input.priority,
      invert: input.invert ?? false,
      from: selector(input.from),
      to: selector(input.to),
      iif: input.iif ?? null,
      oif: input.oif ?? null,
      mark: mark !== null && "value" in mark ? mark.value : null,
      type: input.type ?? "lookup",
      table: table.value,
      link: link.value,
      extra: "",
      protocol: staticProtocol,
    }),
  );
  return { rules, problems: [] };
}

/** Each check looks at one condition; all of them run. */
const checks: readonly ((input: RuleInput) => Problem | null)[] = [
  (input) => {
    const [from, to] = [prefix(input.from), prefix(input.to)];
    return from !== null && to !== null && familyOf(from) !== familyOf(to)
      ? { path: ["to"], message: `${to} is not of the family of "from", ${from}` }
      : null;
  },
  (input) => {
    const named = prefix(input.from) ?? prefix(input.to);
    if (named === null || input.family === undefined) return null;
    const family = `ipv${familyOf(named)}`;
    return family === input.family
      ? null
      : { path: ["family"], message: `is ${input.family}, and ${named} is of ${family}: leave the key out` };
  },
  ({ type = "lookup", table }) =>
    type === "lookup" && table === undefined
      ? { path: ["table"], message: "is missing: the routing table that packets are looked up in" }
      : null,
  ({ type = "lookup", table }) =>
    type !== "lookup" && table !== undefined
      ? { path: ["table"], message: `a rule of type ${type} looks into no table` }
      : null,
];

/** networkd reads rules from the files of a link, so each needs one: `dev`, or the link of the routes that it leads to. */
function linkOf({ dev, type = "lookup" }: RuleInput, table: number, context: RuleContext): Parsed<string> {
  if (dev !== undefined) return { value: dev };
  const missing = "is missing: the link whose drop-in carries the rule";
  if (type !== "lookup") return { problem: missing };
  const links = [...context.linksOfTable(table)].sort();
  const [only, other] = links;
  if (only === undefined) return { problem: `${missing}; no route of this document is in table ${table}` };
  if (other === undefined) return { value: only };
  return { problem: `${missing}; routes of this document in table ${table} are on ${links.join(" and ")}` };
}

/** That of the addresses; else IPv4, as in ip-rule(8) and systemd.network(5). */
function familiesOf(input: RuleInput): readonly Family[] {
  const named = prefix(input.from) ?? prefix(input.to);
  if (named !== null) return [familyOf(named)];
  if (input.family === "both") return [4, 6];
  return [input.family === "ipv6" ? 6 : 4];
}

/** A prefix of length 0 selects nothing, and the kernel shows it as `all`. */
function selector(text: string | undefined): Prefix | null {
  const parsed = prefix(text);
  return parsed === null || lengthOf(parsed) === 0 ? null : parsed;
}

function prefix(text: string | undefined): Prefix | null {
  if (text === undefined) return null;
  const parsed = parsePrefix(text);
  return "value" in parsed ? parsed.value : null;
}
