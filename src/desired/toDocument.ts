import { familyOf } from "../model/address.ts";
import type { Entry } from "../model/entry.ts";
import {
  defaultMetric,
  defaultPreference,
  defaultScope,
  defaultTable,
  hasNoLink,
  type Route,
  routeMetrics,
} from "../model/route.ts";
import { markText, type Rule } from "../model/rule.ts";
import type { DocumentInput, RouteInput, RuleInput } from "./schema.ts";

/** Entries as a document that asks for them, defaults left out. Protocol and unknown metrics cannot be asked for. */
export function toDocument(entries: readonly Entry[]): DocumentInput {
  const routes = entries.flatMap((entry) => (entry.kind === "route" ? [toRoute(entry)] : []));
  const neighbors = entries.flatMap((entry) =>
    entry.kind === "neighbor" ? [{ address: entry.address, mac: entry.mac, dev: entry.link }] : [],
  );
  const rules = entries.flatMap((entry) => (entry.kind === "rule" ? [toRule(entry)] : []));
  return {
    version: 1,
    ...(routes.length > 0 ? { routes } : {}),
    ...(neighbors.length > 0 ? { neighbors } : {}),
    ...(rules.length > 0 ? { rules } : {}),
  };
}

function toRule(rule: Rule): RuleInput {
  const { family, priority, invert, from, to, iif, oif, mark, type, table, link } = rule;
  return {
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
    ...(iif === null ? {} : { iif }),
    ...(oif === null ? {} : { oif }),
    ...(mark === null ? {} : { fwmark: markText(mark) }),
    ...(invert ? { invert } : {}),
    ...(from === null && to === null && family === 6 ? { family: "ipv6" as const } : {}),
    ...(type === "lookup" || type === null ? { table } : { type }),
    priority,
    dev: link,
  };
}

/**
 * Whether a route can be said in a document at all: it has a link whose drop-in would carry it (the kernel gives routes to
 * nowhere none), next hops with gateways, and no metric but those that documents know.
 */
export function canBeAskedFor(route: Route): boolean {
  const known = new Set<string>(routeMetrics);
  return (
    !hasNoLink(route.type) &&
    route.nextHops.every((hop) => hop.gateway !== null && !hop.onLink) &&
    Object.keys(route.metrics).every((name) => known.has(name))
  );
}

function toRoute(route: Route): RouteInput {
  const input: RouteInput = { to: route.destination, dev: route.link };
  const hasGateway = route.gateway !== null || route.nextHops.length > 0;
  if (route.gateway !== null) input.via = route.gateway;
  if (route.gateway !== null && route.onLink) input["on-link"] = true;
  if (route.type !== "unicast") input.type = route.type;
  if (route.table !== defaultTable(route.type)) input.table = route.table;
  if (route.metric !== defaultMetric(familyOf(route.destination))) input.metric = route.metric;
  if (route.scope !== null && route.scope !== defaultScope(familyOf(route.destination), route.type, hasGateway)) {
    input.scope = route.scope;
  }
  if (route.source !== null) input.src = route.source;
  if (route.preference !== null && route.preference !== defaultPreference(familyOf(route.destination))) {
    input.preference = route.preference;
  }
  for (const name of routeMetrics) {
    const value = route.metrics[name];
    if (value !== undefined) input[name] = value;
  }
  if (route.nextHops.length > 0) {
    input["next-hops"] = route.nextHops.map((hop) => ({
      via: hop.gateway ?? "",
      dev: hop.link,
      ...(hop.weight === 1 ? {} : { weight: hop.weight }),
    }));
  }
  return input;
}
