import { accepted, familyOf, parseAddress, parsePrefix } from "../../src/model/address.ts";
import { type Entry, entryKey } from "../../src/model/entry.ts";
import { parseMac } from "../../src/model/mac.ts";
import type { Neighbor } from "../../src/model/neighbor.ts";
import type { OwnerState } from "../../src/model/owner.ts";
import {
  defaultMetric,
  defaultScope,
  defaultTable,
  mainTable,
  type Route,
  staticProtocol,
} from "../../src/model/route.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { KernelEntry, KernelLink, KernelNeighbor, KernelRoute, KernelState } from "../../src/model/state.ts";

/** A route with the defaults of a document. */
export function route(to: string, link: string, more: Partial<Omit<Route, "gateway">> & { via?: string } = {}): Route {
  const { via, ...rest } = more;
  const destination = accepted(parsePrefix(to));
  const type = more.type ?? "unicast";
  const gateway = via === undefined ? null : accepted(parseAddress(via));
  const hasGateway = gateway !== null || (more.nextHops ?? []).length > 0;
  return {
    kind: "route",
    table: defaultTable(type),
    destination,
    metric: defaultMetric(familyOf(destination)),
    type,
    link,
    gateway,
    onLink: false,
    scope: defaultScope(familyOf(destination), type, hasGateway),
    source: null,
    metrics: {},
    preference: destination.includes(":") ? "medium" : null,
    nextHops: [],
    protocol: 107,
    ...rest,
  };
}

export function neighbor(address: string, mac: string, link: string): Neighbor {
  return { kind: "neighbor", link, address: accepted(parseAddress(address)), mac: accepted(parseMac(mac)) };
}

/** A rule as a document makes it, on cloudbr1. */
export function rule(more: Partial<Omit<Rule, "from" | "to">> & { from?: string; to?: string } = {}): Rule {
  const { from, to, ...rest } = more;
  const [source, target] = [from, to].map((text) => (text === undefined ? null : accepted(parsePrefix(text))));
  const named = source ?? target ?? null;
  return {
    kind: "rule",
    family: named === null ? 4 : familyOf(named),
    priority: 3200,
    invert: false,
    from: source ?? null,
    to: target ?? null,
    iif: null,
    oif: null,
    mark: null,
    type: "lookup",
    table: rest.type === undefined || rest.type === "lookup" ? 100 : mainTable,
    link: "cloudbr1",
    extra: "",
    protocol: staticProtocol,
    ...rest,
  };
}

export function kernelRoute(base: Route, more: Partial<KernelRoute> = {}): KernelRoute {
  return { ...base, objects: false, ...more };
}

export function kernelNeighbor(base: Neighbor, protocol: number | null = 107): KernelNeighbor {
  return { ...base, protocol };
}

export function kernelState(
  links: readonly string[],
  entries: readonly KernelEntry[] = [],
  down: readonly string[] = [],
): KernelState {
  const made = [...links, ...down].map((name, index): [string, KernelLink] => [
    name,
    { name, index: index + 1, up: !down.includes(name), carrier: !down.includes(name), facts: { name }, addresses: [] },
  ]);
  return {
    links: new Map(made),
    routes: entries.filter((entry) => entry.kind === "route"),
    neighbors: entries.filter((entry) => entry.kind === "neighbor"),
    rules: entries.filter((entry) => entry.kind === "rule"),
  };
}

export function owner(name: string, entries: readonly Entry[], more: Partial<OwnerState> = {}): OwnerState {
  return {
    owner: name,
    source: `/etc/netkeep/desired.d/${name}.yaml`,
    persistence: "persistent",
    changed: 1000,
    entries: entries.map((entry, index) => ({ entry, key: entryKey(entry), path: `routes.${index}` })),
    links: new Map(),
    ...more,
  };
}
