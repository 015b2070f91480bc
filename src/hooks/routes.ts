import type { DocumentInput, RouterInput } from "../desired/schema.ts";
import { type Address, accepted, familyOf, type Prefix, parseAddress, parsePrefix } from "../model/address.ts";
import type { Persistence } from "../model/owner.ts";
import { oneLine } from "./oneLine.ts";
import { type Payload, parsePayload } from "./routesPayload.ts";

/** What a router's payload asks for; `document` is null for a delete. */
export interface RoutesRequest {
  readonly owner: string;
  readonly action: "add" | "delete" | "sync";
  readonly persistence: Persistence;
  readonly document: DocumentInput | null;
  /** What was decided between routes that cannot all be there. */
  readonly notes: readonly string[];
}

/**
 * The payload of `netkeep hook routes`: the pairs of CloudStack's SetupIpv6RoutesCommand (discussion #13316), or the lists
 * of its API (`ip6routes`, `ip4routes` of listNetworks). All problems at once.
 */
export function readRoutesPayload(text: string): RoutesRequest | { readonly problems: readonly string[] } {
  const parsed = parsePayload(text);
  if ("problems" in parsed) return parsed;
  const { payload } = parsed;
  const { router, action } = payload;
  const owner = `router:${router}`;
  const persistence = payload.persist ? ("persistent" as const) : ("runtime" as const);
  if (action === "delete") return { owner, action, persistence, document: null, notes: [] };
  const pairs = pairsOf(payload);
  const problems = [...listProblems(payload), ...familyProblems(pairs)];
  const chosen = chooseGateways(pairs);
  const extras = placeExtras(payload.extraPrefixes, chosen.gateways);
  problems.push(...extras.problems);
  if (problems.length > 0) return { problems: problems.map(oneLine) };
  const routers = routersOf(router, chosen.gateways, extras.gateways);
  const notes = [...chosen.notes, ...extras.notes];
  return { owner, action, persistence, document: { version: 1, routers }, notes };
}

const apiLists = ["ip6routes", "ip4routes"] as const;

interface Pair {
  readonly path: string;
  readonly prefix: Prefix;
  readonly via: Address;
}

function pairsOf(payload: Payload): Pair[] {
  const own = (payload.routes ?? []).map((pair, index) => ({ ...pair, path: `routes.${index}` }));
  const fromApi = apiLists.flatMap((list) =>
    (payload[list] ?? []).map(({ subnet, gateway }, index) => ({
      prefix: subnet,
      via: gateway,
      path: `${list}.${index}`,
    })),
  );
  return [...own, ...fromApi].map((pair) => ({
    path: pair.path,
    prefix: accepted(parsePrefix(pair.prefix)),
    via: accepted(parseAddress(pair.via)),
  }));
}

/** No list at all is a fault of the sender; an empty one says that the router has nothing, as with BGP. */
function listProblems(payload: Payload): string[] {
  const given = payload.routes ?? payload.ip6routes ?? payload.ip4routes;
  return given === undefined ? ["routes: is missing; an empty list says that there are none"] : [];
}

function familyProblems(pairs: readonly Pair[]): string[] {
  return pairs
    .filter((pair) => familyOf(pair.prefix) === 6 && familyOf(pair.via) === 4)
    .map((pair) => `${pair.path}: ${pair.via} is an IPv4 next hop for the IPv6 prefix ${pair.prefix}`);
}

/**
 * CloudStack lists a prefix once per redundant router (PR #5786). The same pair twice is one route. Of several gateways the
 * first listed counts: the payload does not say which router is active, and two routes with one key cannot be.
 */
function chooseGateways(pairs: readonly Pair[]): { gateways: Map<Prefix, Address>; notes: string[] } {
  const gateways = new Map<Prefix, Address>();
  const notes = new Set<string>();
  for (const { path, prefix, via } of pairs) {
    const first = gateways.get(prefix);
    if (first === undefined) gateways.set(prefix, via);
    else if (first !== via)
      notes.add(`${path}: ${prefix} goes via ${first}, which is listed first, and not via ${via}`);
  }
  return { gateways, notes: [...notes] };
}

/** Extra prefixes name no gateway: they go through the one that the routes of their family have. */
function placeExtras(extraPrefixes: readonly string[], routes: ReadonlyMap<Prefix, Address>) {
  const gateways = new Map<Prefix, Address>();
  const [problems, notes]: [string[], string[]] = [[], []];
  const all = [...new Set(routes.values())];
  for (const [index, text] of extraPrefixes.entries()) {
    const extra = accepted(parsePrefix(text));
    const family = familyOf(extra);
    const vias = all.filter((via) => familyOf(via) === family);
    const [via, other] = vias;
    const path = `extraPrefixes.${index}`;
    if (routes.has(extra)) continue;
    if (via === undefined) notes.push(`${path}: ${extra} is left out: no route has an IPv${family} gateway`);
    else if (other === undefined) gateways.set(extra, via);
    else problems.push(`${path}: ${extra} could go via ${vias.join(" or ")}: list it in routes with one of them`);
  }
  return { gateways, problems, notes };
}

function routersOf(
  router: string,
  routes: ReadonlyMap<Prefix, Address>,
  extras: ReadonlyMap<Prefix, Address>,
): RouterInput[] {
  const via = (gateways: ReadonlyMap<Prefix, Address>, wanted: Address) =>
    [...gateways].filter(([, gateway]) => gateway === wanted).map(([prefix]) => prefix);
  return [...new Set(routes.values())].map((upstream) => {
    const extra = via(extras, upstream);
    const element = { name: router, upstream, prefixes: via(routes, upstream) };
    return extra.length === 0 ? element : { ...element, "extra-prefixes": extra };
  });
}
