import * as z from "zod";
import type { Family, Prefix } from "../model/address.ts";
import { fits, type LooseFields } from "../model/fits.ts";
import { once } from "../model/once.ts";
import { kernelProtocol } from "../model/route.ts";
import type { Mark, Rule, RuleType } from "../model/rule.ts";
import { kernelAddress } from "./spelling.ts";

const ruleSchema = once(() =>
  z.looseObject({
    priority: z.number(),
    not: z.null().optional(),
    src: z.string().optional(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    iif: z.string().optional(),
    oif: z.string().optional(),
    action: z.string().optional(),
    table: z.string().optional(),
    protocol: z.string().optional(),
  }),
);
/** What the schema says, for a look at a glance; `not` aside. */
const ruleFields: LooseFields = {
  priority: "number",
  "src?": "string",
  "srclen?": "number",
  "dst?": "string",
  "dstlen?": "number",
  "fwmark?": "string",
  "fwmask?": "string",
  "iif?": "string",
  "oif?": "string",
  "action?": "string",
  "table?": "string",
  "protocol?": "string",
};
type RuleJson = z.infer<ReturnType<typeof ruleSchema>>;

/** Keys that `Rule` has a place for, and those that say how the rule is at the moment. */
const known = new Set([
  "not",
  ...Object.keys(ruleFields).map((name) => name.replace("?", "")),
  ...["iif_detached", "oif_detached", "unresolved"],
]);
/** fib_rules.h: FR_ACT_*. With -N `ip` prints numbers. */
const typesByNumber: Readonly<Record<string, RuleType>> = { "6": "blackhole", "7": "unreachable", "8": "prohibit" };

/**
 * `ip -j -N -d [-4|-6] rule show` → rules in the order in which the kernel asks them. Those that the kernel makes by itself
 * (fib_default_rules_init(), l3mdev) are left out; -d makes `ip` name their protocol.
 *
 * @throws Error when the output is not what iproute2 prints
 */
export function parseRules(json: string, family: Family): Rule[] {
  const list: unknown = json.trim() === "" ? [] : JSON.parse(json);
  const rules = Array.isArray(list) && list.every(isPlain) ? (list as RuleJson[]) : z.array(ruleSchema()).parse(list);
  return rules.filter((rule) => rule.protocol !== String(kernelProtocol)).map((rule) => toRule(rule, family));
}

function isPlain(item: unknown): boolean {
  return fits(item, ruleFields) && !Object.hasOwn(item as object, "not");
}

function toRule(rule: RuleJson, family: Family): Rule {
  const type = rule.action === undefined ? "lookup" : typesByNumber[rule.action];
  const isLookup = type === "lookup" && rule.table !== undefined;
  const said = isLookup || (type !== undefined && type !== "lookup");
  return {
    kind: "rule",
    family,
    priority: rule.priority,
    invert: rule.not !== undefined,
    from: prefixOf(rule.src, rule.srclen, family),
    to: prefixOf(rule.dst, rule.dstlen, family),
    iif: rule.iif ?? null,
    oif: rule.oif ?? null,
    mark: markOf(rule),
    type: said ? type : null,
    table: Number(rule.table ?? 0),
    link: "",
    extra: extraWords(rule),
    protocol: Number(rule.protocol ?? 0),
  };
}

/** iproute2 leaves the length of a host's prefix out, and says `all` for any address. */
function prefixOf(address: string | undefined, length: number | undefined, family: Family): Prefix | null {
  if (address === undefined || address === "all") return null;
  return `${kernelAddress(address)}/${length ?? (family === 4 ? 32 : 128)}` as Prefix;
}

function markOf({ fwmark, fwmask }: RuleJson): Mark | null {
  if (fwmark === undefined) return null;
  return { value: Number(fwmark), mask: fwmask === undefined ? 0xffffffff : Number(fwmask) };
}

/** What no document can say: port ranges, users, goto … In `ip`'s own words, near enough to tell one rule from another. */
function extraWords(rule: RuleJson): string {
  const words = Object.entries(rule).flatMap(([key, value]) => {
    if (known.has(key)) return [];
    return [value === null || typeof value === "object" ? key : `${key} ${value}`];
  });
  if (rule.action !== undefined && typesByNumber[rule.action] === undefined) words.push(`action ${rule.action}`);
  return words.join(" ");
}
