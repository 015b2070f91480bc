import type { Address, Family, Prefix } from "./address.ts";
import { familyOf, isLinkLocal6 } from "./address.ts";

/** Names as in ip-route(8); the values that netkeep can set. */
export const routeTypes = ["unicast", "local", "blackhole", "unreachable", "prohibit", "throw"] as const;
export type RouteType = (typeof routeTypes)[number];
export const scopes = ["global", "site", "link", "host"] as const;
export type Scope = (typeof scopes)[number];

/** RTA_PREF of IPv6 routes, RFC 4191. */
export const preferences = ["low", "medium", "high"] as const;
export type Preference = (typeof preferences)[number];
/** RTAX_* that a document can ask for, by the names that iproute2 prints. */
export const routeMetrics = ["mtu", "advmss", "initcwnd", "initrwnd"] as const;

export const mainTable = 254;
export const localTable = 255;
/** RTPROT_KERNEL, RTPROT_BOOT (what `ip route add` sets without `proto`) and RTPROT_STATIC of rtnetlink(7). */
export const kernelProtocol = 2;
export const bootProtocol = 3;
export const staticProtocol = 4;

/** One next hop of a multipath route; `gateway` null is a next hop straight on the link. Weight is 1 to 256. */
export interface NextHop {
  readonly gateway: Address | null;
  readonly link: string;
  readonly weight: number;
  readonly onLink: boolean;
}

/**
 * A route in canonical form. What makes this type hard:
 * - the kernel's key is table + destination + metric; everything else is an attribute that `replace` overwrites;
 * - defaults differ by family (metric 0 or 1024; scope exists for IPv4 only), so they are filled in at the boundary;
 * - types without a link (blackhole …) still belong to a link's drop-in: `link` names whose, and the kernel ignores it.
 */
export interface Route {
  readonly kind: "route";
  readonly table: number;
  readonly destination: Prefix;
  readonly metric: number;
  readonly type: RouteType;
  readonly link: string;
  readonly gateway: Address | null;
  readonly onLink: boolean;
  /** null for IPv6, which has none. */
  readonly scope: Scope | null;
  readonly source: Address | null;
  /** null for IPv4, which has none. */
  readonly preference: Preference | null;
  /** RTAX_* by the name that iproute2 prints: mtu, initcwnd, advmss … in bytes or segments. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Empty for a route with one next hop. */
  readonly nextHops: readonly NextHop[];
  /** rtm_protocol: who installed it. */
  readonly protocol: number;
}

/** Of a plain route. One for all, because a host has tens of thousands. */
export const noMetrics: Route["metrics"] = Object.freeze({});
export const noNextHops: Route["nextHops"] = Object.freeze([]);

/**
 * The kernel's identity of a route (fib_table_insert, fib6_add_rt2node): table, destination, metric; TOS is never set.
 * join() makes one flat string: V8 compares and hashes a template's chain of parts several times slower.
 */
export function routeKey(route: Pick<Route, "table" | "destination" | "metric">): string {
  return ["route", route.table, route.destination, route.metric].join(" ");
}

/** IPv4 0, IPv6 1024 (IP6_RT_PRIO_USER). */
export function defaultMetric(family: Family): number {
  return family === 4 ? 0 : 1024;
}

/** Main; `local` routes go to table local, in ip-route(8) as in systemd.network(5). */
export function defaultTable(type: RouteType): number {
  return type === "local" ? localTable : mainTable;
}

/** What iproute2 prints of a route's preference → the model's. */
export function preferenceOf(text: string | undefined, family: Family): Preference | null {
  return family === 4 ? null : (preferences.find((name) => name === text) ?? "medium");
}

/** Medium where there is such a thing. */
export function defaultPreference(family: Family): Preference | null {
  return family === 6 ? "medium" : null;
}

/** What both the kernel's `ip` and networkd choose for IPv4; null for IPv6. */
export function defaultScope(family: Family, type: RouteType, hasGateway: boolean): Scope | null {
  if (family === 6) return null;
  if (type === "local") return "host";
  return type === "unicast" && !hasGateway ? "link" : "global";
}

/** Types that send no packet to a link; the kernel gives them no device (IPv4) or `lo` (IPv6). */
export function hasNoLink(type: RouteType): boolean {
  return type !== "unicast" && type !== "local";
}

/**
 * The route in the words of ip-route(8), complete and in a fixed order. It serves as the argument of `ip route replace`,
 * as what people read, and as equality: two routes are the same when their texts are.
 */
export function routeText(route: Route): string {
  let text = route.type === "unicast" ? route.destination : `${route.type} ${route.destination}`;
  if (route.nextHops.length === 0) text += hopWords(route, route.destination);
  // Without a table `ip` puts a local route into table local.
  if (route.table !== mainTable || route.type === "local") text += ` table ${route.table}`;
  text += ` proto ${route.protocol}`;
  if (route.scope !== null && (route.scope !== "global" || needsScopeWord(route))) text += ` scope ${route.scope}`;
  if (route.source !== null) text += ` src ${route.source}`;
  if (route.metric !== 0) text += ` metric ${route.metric}`;
  if (route.preference !== null && route.preference !== "medium") text += ` pref ${route.preference}`;
  if (hasMetrics(route)) {
    for (const [name, value] of Object.entries(route.metrics).sort()) text += ` ${name} ${value}`;
  }
  for (const hop of route.nextHops) {
    text += ` nexthop${hopWords({ ...hop, type: "unicast" }, route.destination)} weight ${hop.weight}`;
  }
  return text;
}

/** Whether both have no next hops and no metrics of their own, and are equal in all else; false tells nothing. */
export function samePlainRoute(a: Route, b: Route): boolean {
  return (
    a.destination === b.destination &&
    a.table === b.table &&
    a.metric === b.metric &&
    a.type === b.type &&
    a.link === b.link &&
    a.gateway === b.gateway &&
    a.onLink === b.onLink &&
    a.scope === b.scope &&
    a.source === b.source &&
    a.preference === b.preference &&
    a.protocol === b.protocol &&
    a.nextHops.length + b.nextHops.length === 0 &&
    // Nearly all share `noMetrics`.
    (a.metrics === b.metrics || !(hasMetrics(a) || hasMetrics(b)))
  );
}

function hasMetrics(route: Route): boolean {
  for (const _ in route.metrics) return true;
  return false;
}

/** Without a word `ip` gives an on-link route scope link, and a local one scope host. */
function needsScopeWord(route: Route): boolean {
  const hasGateway = route.gateway !== null || route.nextHops.length > 0;
  return defaultScope(familyOf(route.destination), route.type, hasGateway) !== "global";
}

/**
 * The text without what makes no difference to packets: whether two routes send them the same way, whoever installed
 * them. The protocol does not, nor `onlink` at a link-local next hop, which is on the link in any case.
 */
export function routeTextOfAnyone(route: Route): string {
  const onLink = route.onLink || (route.gateway !== null && isLinkLocal6(route.gateway));
  return routeText({ ...route, onLink, protocol: 0 });
}

/** Every link that packets of this route can leave by. */
export function linksOf(route: Route): readonly string[] {
  return route.nextHops.length === 0 ? [route.link] : [...new Set(route.nextHops.map((hop) => hop.link))];
}

/** Each word with a blank in front. */
function hopWords(hop: Pick<Route, "gateway" | "link" | "onLink" | "type">, destination: Prefix): string {
  let words = "";
  if (hop.gateway !== null) {
    const crossed = familyOf(hop.gateway) !== familyOf(destination);
    words += crossed ? ` via inet6 ${hop.gateway}` : ` via ${hop.gateway}`;
  }
  if (!hasNoLink(hop.type)) words += ` dev ${hop.link}`;
  if (hop.onLink) words += " onlink";
  return words;
}
