import { type Family, familyOf, lengthOf, type Prefix, parsePrefix } from "../model/address.ts";
import { staticProtocol } from "../model/route.ts";
import { markText, type Rule, type RuleType, ruleTypes } from "../model/rule.ts";
import type { Section } from "./unitFile.ts";

/**
 * systemd.network(5), [ROUTINGPOLICYRULE] SECTION OPTIONS. Family= is left out where an address says it. There is no key for
 * the protocol: networkd sets every rule with protocol static.
 */
export function ruleToSection(rule: Rule): Section {
  const { family, priority, invert, from, to, iif, oif, mark, type, table } = rule;
  const body: Record<string, string> = {};
  if (from !== null) body["From"] = from;
  if (to !== null) body["To"] = to;
  if (from === null && to === null) body["Family"] = `ipv${family}`;
  if (mark !== null) body["FirewallMark"] = markText(mark);
  if (iif !== null) body["IncomingInterface"] = iif;
  if (oif !== null) body["OutgoingInterface"] = oif;
  if (invert) body["InvertRule"] = "yes";
  if (type !== null && type !== "lookup") body["Type"] = type;
  else body["Table"] = String(table);
  body["Priority"] = String(priority);
  return { name: "RoutingPolicyRule", body };
}

/** All that netkeep writes; any other key selects packets too. */
const keys = new Set([
  ...["From", "To", "Family", "FirewallMark", "IncomingInterface", "OutgoingInterface"],
  ...["InvertRule", "Type", "Table", "Priority"],
]);

/** The reverse, with networkd's defaults: a rule of each family. None of a section that netkeep never writes. */
export function sectionToRules(section: Section, link: string): Rule[] {
  if (Object.keys(section.body).some((key) => !keys.has(key))) return [];
  const value = (key: string) => {
    const found = section.body[key];
    return (typeof found === "string" ? found : found?.at(-1)) ?? null;
  };
  const [from, to] = [prefixOf(value("From")), prefixOf(value("To"))];
  const type = (value("Type") ?? "lookup") as RuleType;
  const mark = markOf(value("FirewallMark"));
  const [priority, table] = [Number(value("Priority") ?? "x"), Number(value("Table") ?? "254")];
  const isBad = from === undefined || to === undefined || mark === undefined || !ruleTypes.includes(type);
  if (isBad || !Number.isInteger(priority) || !Number.isInteger(table)) return [];
  const named = from ?? to;
  return familiesOf(named === null ? value("Family") : `ipv${familyOf(named)}`).map((family) => ({
    kind: "rule",
    family,
    priority,
    invert: /^(1|yes|y|true|t|on)$/i.test(value("InvertRule") ?? ""),
    from: selector(from),
    to: selector(to),
    iif: value("IncomingInterface"),
    oif: value("OutgoingInterface"),
    mark,
    type,
    table,
    link,
    extra: "",
    protocol: staticProtocol,
  }));
}

function familiesOf(word: string | null): Family[] {
  if (word === "both") return [4, 6];
  return [word === "ipv6" ? 6 : 4];
}

/** A prefix of length 0 says the family and selects nothing. */
function selector(prefix: Prefix | null): Prefix | null {
  return prefix === null || lengthOf(prefix) === 0 ? null : prefix;
}

function prefixOf(text: string | null) {
  if (text === null) return null;
  const parsed = parsePrefix(text);
  return "value" in parsed ? parsed.value : undefined;
}

function markOf(text: string | null): Rule["mark"] | undefined {
  if (text === null) return null;
  const [value, mask] = text.split("/").map(Number);
  if (value === undefined || !Number.isInteger(value) || (mask !== undefined && !Number.isInteger(mask)))
    return undefined;
  return { value, mask: mask ?? 0xffffffff };
}
