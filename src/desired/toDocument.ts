import { familyOf } from "../model/address.ts";
import type { Entry } from "../model/entry.ts";
import { defaultMetric, defaultScope, defaultTable, type Route } from "../model/route.ts";
import type { DocumentInput, RouteInput } from "./schema.ts";

/** Entries as a document that asks for them, defaults left out. Protocol and unknown metrics cannot be asked for. */
export function toDocument(entries: readonly Entry[]): DocumentInput {
  const routes = entries.flatMap((entry) => (entry.kind === "route" ? [toRoute(entry)] : []));
  const neighbors = entries.flatMap((entry) =>
    entry.kind === "neighbor" ? [{ address: entry.address, mac: entry.mac, dev: entry.link }] : [],
  );
  return { version: 1, ...(routes.length > 0 ? { routes } : {}), ...(neighbors.length > 0 ? { neighbors } : {}) };
}

function toRoute(route: Route): RouteInput {
  const input: RouteInput = { to: route.destination, dev: route.link };
  const hasGateway = route.gateway !== null || route.nextHops.length > 0;
  if (route.gateway !== null) input.via = route.gateway;
  if (route.gateway !== null && route.onLink) input["on-link"] = true;
  if (route.type !== "unicast") input.type = route.type;
  if (route.table !== defaultTable(route.type)) input.table = route.table;
  if (route.metric !== defaultMetric(familyOf(route.destination))) input.metric = route.metric;
  if (route.scope !== null && route.scope !== defaultScope(route.destination, route.type, hasGateway)) {
    input.scope = route.scope;
  }
  if (route.source !== null) input.src = route.source;
  for (const name of ["mtu", "initcwnd", "advmss"] as const) {
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
