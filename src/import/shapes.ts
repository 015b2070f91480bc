import { onLinkRoute } from "../desired/route.ts";
import type { DocumentInput, GuestInput, RouterInput } from "../desired/schema.ts";
import { toDocument } from "../desired/toDocument.ts";
import { type Address, covers, familyOf, hostPrefix, isLinkLocal6, lengthOf, type Prefix } from "../model/address.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { linkLocalFromMac, type MacAddress } from "../model/mac.ts";
import type { Neighbor } from "../model/neighbor.ts";
import { mainTable, type Route, routeTextOfAnyone } from "../model/route.ts";
import type { KernelLink } from "../model/state.ts";

/** An address of a guest: its neighbor, and the /32 or /128 on the same link. */
export interface GuestAddress {
  readonly neighbor: Neighbor;
  readonly route: Route;
}

/** What a router's shorthand can be told from. */
export interface RouterFacts {
  readonly links: ReadonlyMap<string, KernelLink>;
  /** The next hops of the host's own default routes. */
  readonly gateways: ReadonlySet<Address>;
}

/** Neighbors whose address has its plain host route on the same link, and the entries that are not part of any. */
export function findGuests<T extends Entry>(entries: readonly T[]): { addresses: GuestAddress[]; rest: T[] } {
  const routes = new Map<string, Route>();
  for (const entry of entries) if (entry.kind === "route") routes.set(entryKey(entry), entry);
  const addresses: GuestAddress[] = [];
  const used = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== "neighbor") continue;
    const wanted = onLinkRoute(hostPrefix(entry.address), entry.link, 0);
    const route = routes.get(entryKey(wanted));
    if (route === undefined || routeTextOfAnyone(route) !== routeTextOfAnyone(wanted)) continue;
    addresses.push({ neighbor: entry, route });
    used.add(entryKey(entry)).add(entryKey(route));
  }
  return { addresses, rest: entries.filter((entry) => !used.has(entryKey(entry))) };
}

/** Entries as a document in its shorthands: `guests`, `routers` where that is certain, and plain entries for the rest. */
export function shapedDocument(entries: readonly Entry[], facts: RouterFacts): DocumentInput {
  const { addresses, rest } = findGuests(entries);
  const behind = new Set(
    rest.filter((entry) => entry.kind === "route").filter((route) => isBehindRouter(route, facts)),
  );
  const { version, ...plain } = toDocument(rest.filter((entry) => entry.kind !== "route" || !behind.has(entry)));
  const guests = groupByGuest(addresses).map(guestInput);
  const routers = routersOf([...behind]);
  return {
    version,
    ...(guests.length > 0 ? { guests } : {}),
    ...(routers.length > 0 ? { routers } : {}),
    ...plain,
  };
}

/** What belongs to one MAC on one link. */
export interface FoundGuest {
  readonly link: string;
  readonly mac: MacAddress;
  readonly addresses: readonly GuestAddress[];
}

/** One guest for each MAC on a link, in the order of the first address. */
export function groupByGuest(addresses: readonly GuestAddress[]): FoundGuest[] {
  const groups = new Map<string, { link: string; mac: MacAddress; addresses: GuestAddress[] }>();
  for (const address of addresses) {
    const { link, mac } = address.neighbor;
    const group = groups.get(`${link} ${mac}`) ?? { link, mac, addresses: [] };
    group.addresses.push(address);
    groups.set(`${link} ${mac}`, group);
  }
  return [...groups.values()];
}

/** The guest as a document says it. */
export function guestInput({ link, mac, addresses }: FoundGuest): GuestInput {
  const list = sorted(addresses.map(({ neighbor }) => neighbor.address));
  const own = list.length > 1 ? linkLocalFromMac(mac) : null;
  const named = list.filter((address) => address !== own);
  const guest = { name: `${mac} on ${link}`, dev: link, mac, addresses: named };
  return named.length < list.length ? { ...guest, "link-local": "eui64" } : guest;
}

/** IPv4 before IPv6, link-local last; else as the kernel has them. */
function sorted(addresses: readonly Address[]): Address[] {
  const rank = (address: Address) => (familyOf(address) === 4 ? 0 : isLinkLocal6(address) ? 2 : 1);
  return [...addresses].sort((a, b) => rank(a) - rank(b));
}

/**
 * A prefix through an address in a subnet of a bridge, all else by default. The next hop of a default route is a router
 * of the host and not of guests; a /32 or /128 may be anything.
 */
function isBehindRouter(route: Route, { links, gateways }: RouterFacts): boolean {
  const { gateway, destination, link, table } = route;
  if (gateway === null || isLinkLocal6(gateway) || gateways.has(gateway) || table !== mainTable) return false;
  if (lengthOf(destination) === 0 || lengthOf(destination) === (familyOf(destination) === 4 ? 32 : 128)) return false;
  const within = [...links.values()].filter(({ addresses }) => addresses.some(({ subnet }) => isIn(subnet, gateway)));
  const [only, other] = within;
  if (only?.name !== link || other !== undefined || only.facts.kind !== "bridge") return false;
  const shorthand: Route = { ...onLinkRoute(destination, link, 0), gateway, scope: scopeOf(destination) };
  return routeTextOfAnyone(route) === routeTextOfAnyone(shorthand);
}

function isIn(subnet: Prefix, address: Address): boolean {
  return !/\/(32|128)$/.test(subnet) && covers(subnet, address);
}

function scopeOf(destination: Prefix): Route["scope"] {
  return familyOf(destination) === 4 ? "global" : null;
}

function routersOf(routes: readonly Route[]): RouterInput[] {
  const byUpstream = new Map<string, RouterInput>();
  for (const { gateway, link, destination } of routes) {
    if (gateway === null) continue;
    const router = byUpstream.get(gateway);
    if (router !== undefined) router.prefixes.push(destination);
    else byUpstream.set(gateway, { name: `router ${gateway}`, upstream: gateway, dev: link, prefixes: [destination] });
  }
  return [...byUpstream.values()];
}
