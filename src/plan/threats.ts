import { familyOf } from "../model/address.ts";
import { entriesOfOthers } from "../model/alike.ts";
import { entryKey, entryText } from "../model/entry.ts";
import { isOursToReplace, type OwnRecord } from "../model/ownership.ts";
import { hasNoLink, kernelProtocol, staticProtocol } from "../model/route.ts";
import type { KernelEntry, KernelRoute, KernelState } from "../model/state.ts";

/** What decides which foreign entries a reload deletes (measured on 252 and 257, see docs/internals/reload.md). */
export interface ReloadFacts {
  readonly version: number | null;
  /** ManageForeign*=no in the running networkd. */
  readonly leaves: { readonly routes: boolean; readonly rules: boolean; readonly nextHops: boolean };
  /** Links that the reload sets up anew. */
  readonly links: ReadonlySet<string>;
  /** Those of them whose last IPv4 address goes away for a moment at a reload. */
  readonly flapping: ReadonlySet<string>;
  /** Links on which something undoes our KeepConfiguration=. */
  readonly unguarded: ReadonlySet<string>;
  /** Keys that will be ours after the apply. */
  readonly desired: Pick<ReadonlySet<string>, "has">;
  /** Whether networkd itself keeps this entry (DHCP, router advertisements, the base file). */
  ownedByNetworkd(key: string): boolean;
}

/** A foreign entry that the reload would delete. `restorable`: it can be set again right after; a rule never is. */
export interface Threat {
  readonly entry: KernelEntry;
  readonly restorable: boolean;
}

/**
 * The foreign entries that `networkctl reload` would delete although our drop-in says KeepConfiguration=. From 257 on
 * `yes` keeps everything, where it is in force. On 252 `static` keeps routes of protocol static; ManageForeignRoutes=no keeps the others;
 * nothing keeps permanent neighbors and nexthop objects. Rules belong to no link: any reload deletes them, but for
 * ManageForeignRoutingPolicyRules=no.
 */
export function reloadThreats(kernel: KernelState, record: OwnRecord, facts: ReloadFacts): Threat[] {
  const keepsAll = facts.version !== null && facts.version >= 257;
  const links = keepsAll ? new Set([...facts.links].filter((link) => facts.unguarded.has(link))) : facts.links;
  if (links.size === 0) return [];
  const isForeign = (entry: KernelEntry) => {
    const key = entryKey(entry);
    return !facts.desired.has(key) && !isOursToReplace(entry, record) && !facts.ownedByNetworkd(key);
  };
  // Nearly all that a host has is ours.
  const others = entriesOfOthers(kernel, record.protocol);
  const routes = others.routes.filter((route) => route.protocol !== kernelProtocol && isForeign(route));
  const rules = facts.leaves.rules
    ? []
    : kernel.rules.filter((rule) => rule.protocol !== record.protocol && isForeign(rule));
  const neighbors = others.neighbors.filter((neighbor) => links.has(neighbor.link) && isForeign(neighbor));
  return [
    ...routes
      .filter((route) => routeGoes(route, { ...facts, links }))
      .map((entry) => ({ entry, restorable: isFlap(entry, facts) })),
    ...neighbors.map((entry) => ({ entry, restorable: true })),
    ...rules.map((entry) => ({ entry, restorable: false })),
  ];
}

/** One line for each entry that cannot be brought back, for the refusal. */
export function threatText(threat: Threat): string {
  return `${threat.entry.kind} ${entryText(threat.entry)}`;
}

function routeGoes(route: KernelRoute, facts: ReloadFacts): boolean {
  if (hasNoLink(route.type)) return !facts.leaves.routes;
  if (!facts.links.has(route.link)) return false;
  if (route.objects) return true;
  return !staysOtherwise(route, facts) || isFlap(route, facts);
}

/** The kernel drops the IPv4 routes of a link with its last IPv4 address; they can be set again when it is back. */
function isFlap(route: KernelRoute, facts: ReloadFacts): boolean {
  return (
    !route.objects &&
    staysOtherwise(route, facts) &&
    familyOf(route.destination) === 4 &&
    facts.flapping.has(route.link)
  );
}

/** KeepConfiguration=static keeps what is static, ManageForeignRoutes=no all routes. */
function staysOtherwise(route: KernelRoute, facts: ReloadFacts): boolean {
  return facts.leaves.routes || (route.protocol === staticProtocol && !facts.unguarded.has(route.link));
}
