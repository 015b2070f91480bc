import {
  type Address,
  accepted,
  addressOf,
  type Family,
  familyOf,
  isLinkLocal6,
  isMulticast,
  lengthOf,
  type Parsed,
  type Prefix,
  parseAddress,
  parsePrefix,
} from "../model/address.ts";
import {
  defaultMetric,
  defaultPreference,
  defaultScope,
  defaultTable,
  hasNoLink,
  mainTable,
  type NextHop,
  noMetrics,
  noNextHops,
  type Route,
  routeMetrics,
} from "../model/route.ts";
import type { Problem } from "./problem.ts";
import type { RouteInput } from "./schema.ts";

/** A route with every default filled in, or what is wrong with it. */
export interface CompletedRoute {
  readonly route: Route | null;
  readonly problems: readonly Problem[];
}

/** `routes[]` as written → the complete route. Checks what depends on several keys of one route. */
export function completeRoute(
  input: RouteInput,
  path: readonly PropertyKey[],
  context: { readonly protocol: number; tableOf(table: number | string): Parsed<number> },
): CompletedRoute {
  const type = input.type ?? "unicast";
  const table = input.table === undefined ? { value: defaultTable(type) } : context.tableOf(input.table);
  const destination = destinationOf(input);
  const family = familyOf(destination);
  const gateway = input.via === undefined ? null : address(input.via);
  const found = routeProblems(input, { destination, family, gateway });
  if ("problem" in table) found.push({ path: ["table"], message: table.problem });
  if (found.length > 0 || "problem" in table) {
    return { route: null, problems: found.map((problem) => ({ ...problem, path: [...path, ...problem.path] })) };
  }
  const nextHops = (input["next-hops"] ?? []).map(completeHop);
  const route: Route = {
    kind: "route",
    table: table.value,
    destination,
    metric: input.metric ?? defaultMetric(family),
    type,
    link: input.dev ?? nextHops[0]?.link ?? "",
    gateway,
    // A link-local next hop is on the link by definition; said so, networkd 252 adopts the live route without a flap.
    onLink: input["on-link"] ?? (gateway !== null && isLinkLocal6(gateway)),
    scope: input.scope ?? defaultScope(family, type, gateway !== null || nextHops.length > 0),
    source: input.src === undefined ? null : address(input.src),
    preference: input.preference ?? defaultPreference(family),
    metrics: metricsOf(input),
    nextHops,
    protocol: context.protocol,
  };
  return { route, problems: [] };
}

/** The route to a guest's address: straight on the link, all else by default. */
export function onLinkRoute(destination: Prefix, link: string, protocol: number): Route {
  const family = familyOf(destination);
  return {
    kind: "route",
    table: mainTable,
    destination,
    metric: defaultMetric(family),
    type: "unicast",
    link,
    gateway: null,
    onLink: false,
    scope: defaultScope(family, "unicast", false),
    source: null,
    preference: defaultPreference(family),
    metrics: noMetrics,
    nextHops: noNextHops,
    protocol,
  };
}

/** What is read once for all checks: a host has thousands of routes. */
interface Read {
  readonly destination: Prefix;
  readonly family: Family;
  readonly gateway: Address | null;
}
type Check = (input: RouteInput, read: Read) => Problem | null;

/** Each check looks at one rule; all of them run. */
const checks: readonly Check[] = [
  (input) =>
    input.to === "default" && input.via === undefined && input["next-hops"] === undefined
      ? { path: ["to"], message: '"default" without "via" has no family: write 0.0.0.0/0 or ::/0' }
      : null,
  (input) =>
    input.dev === undefined && input["next-hops"] === undefined
      ? { path: ["dev"], message: "is missing: the link whose drop-in carries the route" }
      : null,
  (input) =>
    input["next-hops"] !== undefined && (input.via !== undefined || input["on-link"] !== undefined)
      ? { path: ["next-hops"], message: 'stands beside "via" or "on-link": a route has one next hop or several' }
      : null,
  (input) =>
    hasNoLink(input.type ?? "unicast") && (input.via !== undefined || input["next-hops"] !== undefined)
      ? { path: ["type"], message: `a route of type ${input.type} has no next hop` }
      : null,
  ({ via, to, "next-hops": hops }, read) =>
    via === undefined || read.gateway === null || (to === "default" && hops === undefined)
      ? null
      : gatewayProblem(via, read.gateway, read, ["via"]),
  (input) =>
    input["on-link"] === true && input.via === undefined
      ? { path: ["on-link"], message: 'says how the next hop is reached, and there is no "via"' }
      : null,
  (input, { family }) =>
    input.metric === 0 && family === 6
      ? { path: ["metric"], message: "0 is not a metric for IPv6: the kernel makes it 1024" }
      : null,
  (input, { family }) =>
    input.scope !== undefined && family === 6 ? { path: ["scope"], message: "exists for IPv4 routes only" } : null,
  (input, { family }) =>
    input.preference !== undefined && family === 4
      ? { path: ["preference"], message: "exists for IPv6 routes only" }
      : null,
  (input, { family }) =>
    input.src !== undefined && familyOf(address(input.src)) !== family
      ? { path: ["src"], message: `${input.src} is not of the destination's family` }
      : null,
  (input, { family }) =>
    input.mtu !== undefined && input.mtu < 1280 && family === 6
      ? { path: ["mtu"], message: "must be at least 1280 for IPv6" }
      : null,
];

function routeProblems(input: RouteInput, read: Read): Problem[] {
  const problems: Problem[] = [];
  for (const check of checks) {
    const problem = check(input, read);
    if (problem !== null) problems.push(problem);
  }
  for (const [index, hop] of (input["next-hops"] ?? []).entries()) {
    const problem = gatewayProblem(hop.via, address(hop.via), read, ["next-hops", index, "via"]);
    if (problem !== null) problems.push(problem);
  }
  return problems;
}

/** @param via as it is written */
function gatewayProblem(
  via: string,
  gateway: Address,
  { destination, family }: Read,
  path: PropertyKey[],
): Problem | null {
  if (family === 6 && familyOf(gateway) === 4) {
    return { path, message: `${via} is an IPv4 next hop for an IPv6 destination` };
  }
  if (isMulticast(gateway) || /^(0\.0\.0\.0|::|255\.255\.255\.255)$/.test(gateway)) {
    return { path, message: `${via} is not the address of a router` };
  }
  if (lengthOf(destination) === (family === 4 ? 32 : 128) && addressOf(destination) === gateway) {
    return { path, message: `${via} is the destination itself: leave "via" out for an address on the link` };
  }
  return null;
}

function destinationOf(input: RouteInput): Prefix {
  if (input.to !== "default") return prefix(input.to);
  const via = input.via ?? input["next-hops"]?.[0]?.via;
  return (via !== undefined && familyOf(address(via)) === 4 ? "0.0.0.0/0" : "::/0") as Prefix;
}

function completeHop(hop: NonNullable<RouteInput["next-hops"]>[number]): NextHop {
  return { gateway: address(hop.via), link: hop.dev, weight: hop.weight ?? 1, onLink: false };
}

function metricsOf(input: RouteInput): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const name of routeMetrics) {
    const value = input[name];
    if (value !== undefined) metrics[name] = value;
  }
  return metrics;
}

function address(text: string): Address {
  return accepted(parseAddress(text));
}

function prefix(text: string): Prefix {
  return accepted(parsePrefix(text));
}
