import { type Address, accepted, familyOf, parseAddress, parsePrefix } from "../model/address.ts";
import {
  defaultMetric,
  defaultPreference,
  defaultScope,
  defaultTable,
  mainTable,
  type NextHop,
  noMetrics,
  type Preference,
  type Route,
  type RouteType,
  routeTypes,
  type Scope,
} from "../model/route.ts";
import { fillIn, formOf, type Section, writeSection } from "./unitFile.ts";

/** systemd.network(5), [ROUTE] SECTION OPTIONS: our names of RTAX_* → networkd's keys. */
const metricKeys: Readonly<Record<string, string>> = {
  mtu: "MTUBytes",
  initcwnd: "InitialCongestionWindow",
  initrwnd: "InitialAdvertisedReceiveWindow",
  advmss: "TCPAdvertisedMaximumSegmentSize",
};

/** Of routes straight on the link with all else by default: nearly all that a host has. */
const plainForm = formOf("Route", ["Destination", "Protocol"]);

/** A route as the text of a [Route] section. */
export function writeRoute(route: Route): string {
  return isPlain(route)
    ? fillIn(plainForm, [route.destination, String(route.protocol)])
    : writeSection(routeToSection(route));
}

/** Whether `routeToSection` gives two keys. */
function isPlain(route: Route): boolean {
  const family = familyOf(route.destination);
  return (
    route.type === "unicast" &&
    route.gateway === null &&
    !route.onLink &&
    route.nextHops.length === 0 &&
    route.source === null &&
    route.preference === defaultPreference(family) &&
    route.table === mainTable &&
    route.metric === defaultMetric(family) &&
    (route.scope === null || route.scope === defaultScope(family, "unicast", false)) &&
    (route.metrics === noMetrics || Object.keys(route.metrics).length === 0)
  );
}

/**
 * A route as a [Route] section. Keys that would say networkd's default are left out, but for GatewayOnLink=: where the base
 * file has no static address networkd takes every gateway to be on the link (route_section_verify()), and sets a second
 * route beside the one that is live.
 */
export function routeToSection(route: Route): Section {
  const family = familyOf(route.destination);
  const body: Record<string, string | string[]> = { Destination: route.destination };
  if (route.type !== "unicast") body["Type"] = route.type;
  if (route.gateway !== null) body["Gateway"] = route.gateway;
  if (route.gateway !== null || route.onLink) body["GatewayOnLink"] = route.onLink ? "yes" : "no";
  if (route.nextHops.length > 0) {
    body["MultiPathRoute"] = route.nextHops.map((hop) => hopText(hop, route.link));
  }
  if (route.table !== defaultTable(route.type)) body["Table"] = String(route.table);
  if (route.metric !== defaultMetric(family)) body["Metric"] = String(route.metric);
  if (route.scope !== null && route.scope !== impliedScope(route)) body["Scope"] = route.scope;
  if (route.source !== null) body["PreferredSource"] = route.source;
  if (route.preference !== defaultPreference(family)) body["IPv6Preference"] = route.preference ?? "";
  for (const [name, key] of Object.entries(metricKeys)) {
    const value = route.metrics[name];
    if (value !== undefined) body[key] = String(value);
  }
  body["Protocol"] = String(route.protocol);
  return { name: "Route", body };
}

/** The reverse, with networkd's defaults; null for a section that networkd would ignore or that netkeep never writes. */
export function sectionToRoute(section: Section, link: string): Route | null {
  const value = (key: string) => {
    const found = section.body[key];
    return typeof found === "string" ? found : (found?.at(-1) ?? null);
  };
  const destination = prefixOf(value("Destination"));
  const type = (value("Type") ?? "unicast") as RouteType;
  if (destination === null || !routeTypes.includes(type)) return null;
  const gateway = addressOf(value("Gateway"));
  const hops = section.body["MultiPathRoute"] ?? [];
  const nextHops = (typeof hops === "string" ? [hops] : hops).map((text) => hopOf(text, link));
  const family = familyOf(destination);
  return {
    kind: "route",
    table: numberOf(value("Table")) ?? defaultTable(type),
    destination,
    metric: numberOf(value("Metric")) ?? defaultMetric(family),
    type,
    link,
    gateway,
    onLink: value("GatewayOnLink") === "yes" || value("GatewayOnLink") === "true",
    scope:
      family === 6
        ? null
        : ((value("Scope") as Scope | null) ?? defaultScope(family, type, gateway !== null || nextHops.length > 0)),
    source: addressOf(value("PreferredSource")),
    preference: (value("IPv6Preference") as Preference | null) ?? defaultPreference(family),
    metrics: metricsOf(value),
    nextHops,
    protocol: numberOf(value("Protocol")) ?? 4,
  };
}

function impliedScope(route: Route): Scope | null {
  return defaultScope(familyOf(route.destination), route.type, route.gateway !== null || route.nextHops.length > 0);
}

/** `GATEWAY[@LINK] WEIGHT`. Of a hop that names the route's own link, networkd 252 waits for that link for ever. */
function hopText(hop: NextHop, link: string): string {
  return `${hop.gateway}${hop.link === link ? "" : `@${hop.link}`} ${hop.weight}`;
}

/** The reverse. */
function hopOf(text: string, link: string): NextHop {
  const [where = "", weight = "1"] = text.split(" ");
  const [gateway = "", dev = link] = where.split("@");
  return { gateway: addressOf(gateway), link: dev, weight: Number(weight), onLink: false };
}

function metricsOf(value: (key: string) => string | null): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [name, key] of Object.entries(metricKeys)) {
    const number = numberOf(value(key));
    if (number !== null) metrics[name] = number;
  }
  return metrics;
}

function prefixOf(text: string | null) {
  const parsed = text === null ? null : parsePrefix(text);
  return parsed === null || "problem" in parsed ? null : accepted(parsed);
}

function addressOf(text: string | null): Address | null {
  const parsed = text === null ? null : parseAddress(text);
  return parsed === null || "problem" in parsed ? null : accepted(parsed);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
