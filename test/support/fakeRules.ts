import type { Words } from "./batchLine.ts";
import { asIpPrints, IpError, type IpOutput, isV6 } from "./ipJson.ts";

/** A policy rule as `ip -j -N -d rule show` prints it. */
export interface RuleJson {
  priority: number;
  not?: null;
  src: string;
  srclen?: number;
  dst?: string;
  dstlen?: number;
  fwmark?: string;
  fwmask?: string;
  iif?: string;
  iif_detached?: null;
  oif?: string;
  oif_detached?: null;
  action?: string;
  table?: string;
  protocol: string;
}

const actions: Readonly<Record<string, string>> = { blackhole: "6", unreachable: "7", prohibit: "8" };

/** fib_default_rules_init() and fib6_rules_net_init(). */
const own = (priority: number, table: string): RuleJson => ({ priority, src: "all", table, protocol: "2" });
const defaults = { 4: [own(0, "255"), own(32766, "254"), own(32767, "253")], 6: [own(0, "255"), own(32766, "254")] };

/**
 * Policy rules as the kernel keeps them (measured on Linux 6.18): in order of priority, new ones behind equal ones; rules
 * that differ in the protocol or the table alone are two; a delete takes the first that has all that is named.
 */
export class FakeRules {
  readonly lists: { 4: RuleJson[]; 6: RuleJson[] };

  constructor({ rule4 = defaults[4], rule6 = defaults[6] }: Pick<IpOutput, "rule4" | "rule6">) {
    this.lists = structuredClone({ 4: rule4, 6: rule6 });
  }

  add(words: Words, v6: boolean, hasLink: (name: string) => boolean): void {
    this.set(detached(readRule(words, v6), hasLink), v6);
  }

  /** As networkd or a hand does it. */
  set(rule: RuleJson, v6: boolean): void {
    const list = this.lists[v6 ? 6 : 4];
    if (list.some((other) => exists(rule, other))) throw new IpError("RTNETLINK answers: File exists");
    const at = list.findIndex((other) => other.priority > rule.priority);
    list.splice(at < 0 ? list.length : at, 0, rule);
  }

  delete(words: Words, v6: boolean): void {
    const named = readRule(words, v6);
    const list = this.lists[v6 ? 6 : 4];
    const at = list.findIndex((other) => fits(named, other));
    if (at < 0) throw new IpError("RTNETLINK answers: No such file or directory");
    list.splice(at, 1);
  }

  has(rule: RuleJson, v6: boolean): boolean {
    return this.lists[v6 ? 6 : 4].some((other) => sameRule(rule, other));
  }

  drop(goes: (rule: RuleJson, v6: boolean) => boolean): void {
    this.lists[4] = this.lists[4].filter((rule) => rule.protocol === "2" || !goes(rule, false));
    this.lists[6] = this.lists[6].filter((rule) => rule.protocol === "2" || !goes(rule, true));
  }
}

export function sameRule(a: RuleJson, b: RuleJson): boolean {
  return textOf(a) === textOf(b);
}

function textOf(rule: RuleJson): string {
  const { priority, not, src, srclen, dst, dstlen, fwmark, fwmask, iif, oif, action, table, protocol } = rule;
  return [priority, not, src, srclen, dst, dstlen, fwmark, fwmask, iif, oif, action, table, protocol].join();
}

/** rule_exists(): inverted or not makes no difference, and an address that is not named fits any. */
function exists(rule: RuleJson, other: RuleJson): boolean {
  return (
    fits(rule, other) &&
    other.table === rule.table &&
    other.protocol === rule.protocol &&
    other.iif === rule.iif &&
    other.oif === rule.oif &&
    other.fwmark === rule.fwmark &&
    other.fwmask === rule.fwmask
  );
}

/** rule_find(): what is not named fits any. */
function fits(named: RuleJson, other: RuleJson): boolean {
  const agree = (key: keyof RuleJson) => named[key] === undefined || named[key] === other[key];
  const source = named.src === "all" || (named.src === other.src && named.srclen === other.srclen);
  const target = named.dst === undefined || (named.dst === other.dst && named.dstlen === other.dstlen);
  const rest = (["fwmark", "fwmask", "iif", "oif", "table"] as const).every(agree);
  return (
    source &&
    target &&
    rest &&
    other.priority === named.priority &&
    other.action === named.action &&
    (named.protocol === "0" || other.protocol === named.protocol)
  );
}

function detached(rule: RuleJson, hasLink: (name: string) => boolean): RuleJson {
  return {
    ...rule,
    ...(rule.iif === undefined || hasLink(rule.iif) ? {} : { iif_detached: null }),
    ...(rule.oif === undefined || hasLink(rule.oif) ? {} : { oif_detached: null }),
  };
}

function readRule(words: Words, v6: boolean): RuleJson {
  const rule: RuleJson = { priority: -1, src: "all", protocol: "0" };
  if (words.takes("not")) rule.not = null;
  for (let word = words.next; word !== undefined; word = words.next) {
    words.take();
    if (word === "from") Object.assign(rule, prefix(words.take(), v6, "src"));
    else if (word === "to") Object.assign(rule, prefix(words.take(), v6, "dst"));
    else if (word === "fwmark") {
      const [mark = "", mask] = words.take().split("/");
      rule.fwmark = mark;
      if (mask !== undefined) rule.fwmask = mask;
    } else if (word === "iif") rule.iif = words.take();
    else if (word === "oif") rule.oif = words.take();
    else if (word === "lookup" || word === "table") rule.table = String(words.number(4_294_967_295));
    else if (word === "priority") rule.priority = words.number(4_294_967_295);
    else if (word === "protocol") rule.protocol = String(words.number(255));
    else if (actions[word] !== undefined) rule.action = actions[word] ?? "";
    else throw new IpError(`Error: argument "${word}" is wrong: Failed to parse rule type`);
  }
  if (rule.priority < 0) throw new Error("a rule without a priority: the kernel would choose one");
  return rule;
}

/** Without -6 `ip` takes IPv4 addresses only. */
function prefix(text: string, v6: boolean, key: "src" | "dst"): Partial<RuleJson> {
  if (text === "all" || text === "::/0" || text === "0.0.0.0/0") return key === "src" ? { src: "all" } : {};
  const [address = "", length = ""] = text.split("/");
  if (isV6(address) !== v6) throw new IpError(`Error: Invalid ${key === "src" ? "source" : "dst"} address.`);
  const host = Number(length) === (v6 ? 128 : 32);
  return { [key]: asIpPrints(address), ...(host ? {} : { [`${key}len`]: Number(length) }) };
}
