import * as z from "zod";
import type { Address, Family } from "../model/address.ts";
import { once } from "../model/once.ts";
import {
  bootProtocol,
  defaultMetric,
  localTable,
  mainTable,
  type NextHop,
  noMetrics,
  noNextHops,
  preferenceOf,
  type RouteType,
  type Scope,
} from "../model/route.ts";
import type { KernelRoute } from "../model/state.ts";
import { isMaybeText, isMaybeTexts, jsonList } from "./jsonList.ts";
import { kernelAddress, kernelPrefix } from "./spelling.ts";

const hopSchema = once(() =>
  z.looseObject({
    gateway: z.string().optional(),
    via: z.looseObject({ host: z.string() }).optional(),
    dev: z.string().optional(),
    weight: z.number().optional(),
    flags: z.array(z.string()).optional(),
  }),
);
const routeSchema = once(() =>
  hopSchema().extend({
    dst: z.string(),
    type: z.string().optional(),
    table: z.string().optional(),
    protocol: z.string().optional(),
    scope: z.string().optional(),
    prefsrc: z.string().optional(),
    pref: z.string().optional(),
    metric: z.number().optional(),
    metrics: z.array(z.record(z.string(), z.unknown())).optional(),
    nexthops: z.array(hopSchema()).optional(),
    nhid: z.number().optional(),
    encap: z.string().optional(),
  }),
);
type RouteJson = z.infer<ReturnType<typeof routeSchema>>;
type HopJson = z.infer<ReturnType<typeof hopSchema>>;

/** rtnetlink(7) RTN_*: the types that netkeep knows; the kernel's own (broadcast, anycast, multicast) are left out. */
const typesByNumber: Readonly<Record<string, RouteType>> = {
  "1": "unicast",
  "2": "local",
  "6": "blackhole",
  "7": "unreachable",
  "8": "prohibit",
  "9": "throw",
};
const scopesByNumber: Readonly<Record<string, Scope>> = { "0": "global", "200": "site", "253": "link", "254": "host" };
const kernelProtocol = "2";

/**
 * `ip -j -N [-4|-6] route show table all` → routes in canonical form. The kernel's own routes in table local are left
 * out: every address has one, and no key of ours can be among them. So are routes with an encapsulation: `encap ip` has a
 * `dst` of its own, which in the JSON of iproute2 takes the place of the route's.
 *
 * @throws Error when the output is not what iproute2 prints
 */
export function parseRoutes(json: string, family: Family): KernelRoute[] {
  const routes: KernelRoute[] = [];
  for (const route of jsonList(json, isPlainRoute, (item) => routeSchema().parse(item))) {
    const type = typesByNumber[route.type ?? "1"];
    const table = route.table === undefined ? mainTable : Number(route.table);
    const ofKernel = table === localTable && route.protocol === kernelProtocol;
    if (type === undefined || route.encap !== undefined || ofKernel) continue;
    routes.push(toRoute(route, family, type, table));
  }
  return routes;
}

/** Not with next hops, metrics or the next hop of another family. */
function isPlainRoute(item: unknown): item is RouteJson {
  if (typeof item !== "object" || item === null) return false;
  const route = item as { readonly [Key in keyof RouteJson]?: unknown };
  if (route.nexthops !== undefined || route.metrics !== undefined || route.via !== undefined) return false;
  if (route.nhid !== undefined || route.encap !== undefined || route.weight !== undefined) return false;
  const number = route.metric === undefined || Number.isFinite(route.metric);
  const hop = isMaybeText(route.dev) && isMaybeText(route.gateway) && isMaybeText(route.prefsrc);
  const kind = isMaybeText(route.type) && isMaybeText(route.table) && isMaybeText(route.scope);
  const rest = isMaybeText(route.protocol) && isMaybeText(route.pref) && isMaybeTexts(route.flags);
  return typeof route.dst === "string" && number && hop && kind && rest;
}

function toRoute(route: RouteJson, family: Family, type: RouteType, table: number): KernelRoute {
  return {
    kind: "route",
    table,
    destination: kernelPrefix(route.dst, family),
    metric: route.metric ?? (family === 4 ? 0 : defaultMetric(6)),
    type,
    link: route.dev ?? route.nexthops?.[0]?.dev ?? "",
    gateway: gatewayOf(route),
    onLink: route.flags?.includes("onlink") ?? false,
    scope: family === 6 ? null : (scopesByNumber[route.scope ?? "0"] ?? "global"),
    source: route.prefsrc === undefined ? null : kernelAddress(route.prefsrc),
    preference: preferenceOf(route.pref, family),
    metrics: metricsOf(route),
    nextHops: route.nexthops === undefined ? noNextHops : route.nexthops.map(toHop),
    protocol: route.protocol === undefined ? bootProtocol : Number(route.protocol),
    objects: route.nhid !== undefined,
  };
}

function toHop(hop: HopJson): NextHop {
  return {
    gateway: gatewayOf(hop),
    link: hop.dev ?? "",
    weight: hop.weight ?? 1,
    onLink: hop.flags?.includes("onlink") ?? false,
  };
}

function gatewayOf(hop: HopJson): Address | null {
  const text = hop.gateway ?? hop.via?.host;
  return text === undefined ? null : kernelAddress(text);
}

/** Every numeric RTAX_* that the kernel shows, also those that a document cannot ask for: a difference all the same. */
function metricsOf(route: RouteJson): KernelRoute["metrics"] {
  if (route.metrics === undefined) return noMetrics;
  const metrics: Record<string, number> = {};
  for (const item of route.metrics) {
    for (const [name, value] of Object.entries(item)) if (typeof value === "number") metrics[name] = value;
  }
  return metrics;
}
