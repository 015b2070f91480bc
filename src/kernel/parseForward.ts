import * as z from "zod";
import type { Family } from "../model/address.ts";

/** A chain that forwarded packets of one family pass. */
export interface ForwardChain {
  readonly family: Family;
  readonly name: string;
  /** Its policy is drop. */
  readonly drops: boolean;
  /** One of its rules may accept what guests on one bridge send to each other: ICMPv6, or anything in IPv4. */
  readonly mayAccept: boolean;
}

const rulesetSchema = z.looseObject({
  nftables: z.array(
    z.looseObject({
      chain: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
      rule: z
        .looseObject({ family: z.string(), table: z.string(), chain: z.string(), expr: z.array(z.looseObject({})) })
        .optional(),
    }),
  ),
});

const families: Readonly<Record<string, readonly Family[]>> = { ip: [4], ip6: [6], inet: [4, 6] };

/**
 * `nft -j list ruleset` → the base chains of hook forward (libnftables-json(5)).
 *
 * @throws ZodError or SyntaxError when it is not what nft prints
 */
export function parseNftChains(json: string): ForwardChain[] {
  const { nftables } = rulesetSchema.parse(JSON.parse(json));
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
  return nftables.flatMap(({ chain }) => {
    if (chain?.hook !== "forward") return [];
    const own = rules.filter(
      (rule) => rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name,
    );
    return (families[chain.family] ?? []).map((family) => ({
      family,
      name: `chain ${chain.family} ${chain.table} ${chain.name}`,
      drops: chain.policy === "drop",
      mayAccept: own.some((rule) => ruleMayAccept(JSON.stringify(rule.expr), family)),
    }));
  });
}

/** `text` is the rule's list of expressions as JSON. A rule of iptables with an extension shows as "xt". */
function ruleMayAccept(text: string, family: Family): boolean {
  if (/"(jump|goto|xt|vmap)":/.test(text)) return true;
  if (!/"accept":/.test(text) || /"ct":/.test(text)) return false;
  // The protocol is a number where there is no /etc/protocols.
  const wanted = /"key":"l4proto"\}\},"right":(\[[^\]]*\]|\{[^}]*\}|"[^"]*"|\d+)/.exec(text)?.[1];
  const header = /"payload":\{"protocol":"(\w+)"/.exec(text)?.[1] ?? "";
  if (family === 4) return header !== "icmpv6" && !/icmpv6|ipv6-icmp|\b58\b/.test(wanted ?? "");
  if (wanted !== undefined) return /icmpv6|ipv6-icmp|\b58\b/.test(wanted);
  return !["tcp", "udp", "sctp", "dccp", "icmp", "th"].includes(header);
}

/** `iptables -S FORWARD` or `ip6tables -S FORWARD` → the one chain; null if that is not what was printed. */
export function parseIptablesForward(text: string, family: Family): ForwardChain | null {
  const policy = /^-P FORWARD (\w+)$/m.exec(text)?.[1];
  if (policy === undefined) return null;
  const rules = text.split("\n").filter((line) => line.startsWith("-A FORWARD "));
  const mayAccept = rules.some((rule) => {
    const target = / -[jg] (\S+)/.exec(rule)?.[1] ?? "";
    if (["DROP", "REJECT", "LOG", "NFLOG", "RETURN", "MARK", ""].includes(target)) return false;
    if (target !== "ACCEPT") return true;
    const protocol = / -p (\S+)/.exec(rule)?.[1];
    const suits = protocol === undefined || /^(all|ipv6-icmp|icmpv6)$/.test(protocol) || family === 4;
    return suits && !/--(ct)?state (?!.*NEW)/.test(rule);
  });
  return { family, name: `chain ip${family === 6 ? "6" : ""} filter FORWARD`, drops: policy === "DROP", mayAccept };
}
