import {
  type Address,
  covers,
  familyOf,
  hostPrefix,
  isLinkLocal6,
  networkPrefix,
  type Prefix,
} from "../model/address.ts";
import { bareAddress, isLinkScope4, lengthOfLinkAddress } from "../model/bridge.ts";
import type { Entry } from "../model/entry.ts";
import type { LinkSettings, OwnedEntry } from "../model/owner.ts";
import { linksOf } from "../model/route.ts";
import { isForNearlyAll, type Rule } from "../model/rule.ts";
import { type Problem, pathOf } from "./problem.ts";

/** The settings and the facts of the host that the guard rails look at. */
export interface GuardContext {
  /** Whether AllowLinks= lets this link carry entries. */
  allowsLink(link: string): boolean;
  readonly allowDefaultRoute: boolean;
  /** The host's own addresses and the next hops of its default routes; empty when they are not known. */
  readonly hostAddresses: readonly Address[];
}

/**
 * Entries that are well formed and would cut off the host or its guests (design §4). A guest's document comes from an
 * agent: one wrong prefix must not take over the host's own traffic.
 */
export function guardProblems(entries: readonly OwnedEntry[], context: GuardContext): Problem[] {
  const hosts = hostsOf(context);
  const problems: Problem[] = [];
  for (const { entry, path } of entries) {
    const message = linkProblem(entry, context) ?? addressProblem(entry, hosts, context);
    if (message !== null) problems.push({ path: pathOf(path), message });
  }
  return problems;
}

/** The same for bridges: a gateway's subnet must not swallow the host's own traffic. */
export function bridgeProblems(links: ReadonlyMap<string, LinkSettings>, context: GuardContext): Problem[] {
  return [...links].flatMap(([link, { bridge }]) => {
    if (bridge === undefined) return [];
    const path = ["links", link, "bridge"];
    if (!context.allowsLink(link)) {
      return [{ path, message: `link ${link} is not in AllowLinks= of netkeep.conf(5)` }];
    }
    const own = new Set<string>(bridge.addresses.map(bareAddress));
    return bridge.addresses.flatMap((address) => {
      const subnet = networkPrefix(bareAddress(address), lengthOfLinkAddress(address));
      // Each link has its own fe80::/64 and 169.254.0.0/16.
      if (isLinkLocal6(bareAddress(address)) || isLinkScope4(address)) return [];
      const covered = context.hostAddresses.find((host) => !own.has(host) && covers(subnet, host));
      if (covered === undefined) return [];
      const message = `${address}: its subnet covers ${covered}, an address of this host or its gateway`;
      return [{ path: [...path, "addresses"], message }];
    });
  });
}

function linkProblem(entry: Entry, context: GuardContext): string | null {
  const allowed = context.allowsLink(entry.link);
  if (allowed && (entry.kind !== "route" || entry.nextHops.length === 0)) return null;
  const hops = entry.kind === "route" ? linksOf(entry) : [];
  const refused = allowed ? hops.find((link) => !context.allowsLink(link)) : entry.link;
  return refused === undefined ? null : `link ${refused} is not in AllowLinks= of netkeep.conf(5)`;
}

/** Each of the host's addresses under itself and under its /32 or /128: a large host has ten thousand of those to look up. */
type Hosts = ReadonlyMap<string, Address>;

function hostsOf({ hostAddresses }: GuardContext): Hosts {
  const names = (host: Address): [string, Address][] => [
    [host, host],
    [hostPrefix(host), host],
  ];
  return new Map(hostAddresses.flatMap(names));
}

function addressProblem(entry: Entry, hosts: Hosts, context: GuardContext): string | null {
  if (entry.kind === "neighbor") {
    if (isSpecial(entry.address)) return `${entry.address} is not the address of a guest`;
    return hosts.has(entry.address) ? `${entry.address} is an address of this host or its gateway` : null;
  }
  if (entry.kind === "rule") return ruleProblem(entry, hosts, context);
  const { destination } = entry;
  if (destination.endsWith("/0")) {
    return context.allowDefaultRoute || !isAskedForAll(entry.table)
      ? null
      : `${destination} is a default route; AllowDefaultRoute=yes in netkeep.conf(5) permits it`;
  }
  if (isSpecial(destination)) return `${destination} is a multicast, loopback or unspecified prefix`;
  const covered = entry.table === 254 ? coveredHost(destination, hosts, context) : undefined;
  return covered === undefined ? null : `${destination} covers ${covered}, an address of this host or its gateway`;
}

/** default, main and local: the kernel looks up every packet there; what is in another table is for whom a rule sends there. */
function isAskedForAll(table: number): boolean {
  return table >= 253 && table <= 255;
}

/** A rule for everything is a default route by another name; one that drops packets must not drop the host's own. */
function ruleProblem(rule: Rule, hosts: Hosts, context: GuardContext): string | null {
  if (!context.allowDefaultRoute && isForNearlyAll(rule)) {
    return `a rule for ${rule.invert ? "all packets but some" : "all packets"} is as good as a default route; AllowDefaultRoute=yes in netkeep.conf(5) permits it`;
  }
  if (rule.type === "lookup" || rule.invert) return null;
  // Packets that came in by a link are not the host's own.
  const prefixes = [rule.iif === null || rule.iif === "lo" ? rule.from : null, rule.to].filter((item) => item !== null);
  for (const prefix of prefixes) {
    const covered = coveredHost(prefix, hosts, context);
    if (covered !== undefined) return `${prefix} covers ${covered}, an address of this host or its gateway`;
  }
  return null;
}

/** A /32 or /128 is looked up; only shorter prefixes, which are few, are compared with each address. */
function coveredHost(destination: Prefix, hosts: Hosts, context: GuardContext): Address | undefined {
  const isOne = destination.endsWith(familyOf(destination) === 4 ? "/32" : "/128");
  return isOne ? hosts.get(destination) : context.hostAddresses.find((host) => covers(destination, host));
}

/** IPv4 0/8, 127/8, 224/4 and above; IPv6 ::, ::1 and ff00::/8 (RFC 6890); of a prefix, its first address. */
export function isSpecial(canonical: Address | Prefix): boolean {
  if (familyOf(canonical) === 6) return /^(::1?(\/|$)|ff[0-9a-f]{2}:)/.test(canonical);
  const first = Number.parseInt(canonical, 10);
  return first === 0 || first === 127 || first >= 224;
}
