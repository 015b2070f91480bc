import type { Address } from "../model/address.ts";
import {
  type GroupedEntries,
  groupsOf,
  type NeighborsAlike,
  neighborsOf,
  type PlainGuests,
  plainGuestsOf,
  type RoutesAlike,
  routesOf,
} from "../model/alike.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { MacAddress } from "../model/mac.ts";
import { samePlainRoute } from "../model/route.ts";
import type { KernelEntries } from "../model/state.ts";

/**
 * Plain guests against the groups of entries that the kernel has, without making an entry of either.
 *
 * @returns what the kernel has besides, if it has all of them as desired; null if that does not tell: anything is missing or different, or there are no plain guests or groups
 */
export function besidesPlain(desired: ReadonlyMap<string, Entry>, kernel: KernelEntries): KernelEntries | null {
  const [plain, grouped] = [plainGuestsOf(desired), groupsOf(kernel)];
  if (plain === undefined || grouped === undefined) return null;
  const routes = new Set<RoutesAlike>();
  const neighbors = new Set<NeighborsAlike>();
  for (const guests of plain) {
    const group = routesFor(guests, grouped);
    const groups = neighborsFor(guests, grouped);
    if (group === null || groups === null) return null;
    routes.add(group);
    for (const one of groups) neighbors.add(one);
  }
  const wanted = sizeOf(plain.map(({ macs }) => macs));
  const [routesThere, neighborsThere] = [
    sizeOf([...routes].map(({ addresses }) => addresses)),
    sizeOf([...neighbors].map(({ macs }) => macs)),
  ];
  // More of the same kind is somebody's leftover.
  if (routesThere !== wanted || neighborsThere !== wanted) return null;
  const rest = {
    routes: [...grouped.others.routes, ...grouped.routes.filter((group) => !routes.has(group)).flatMap(routesOf)],
    neighbors: [
      ...grouped.others.neighbors,
      ...grouped.neighbors.filter((group) => !neighbors.has(group)).flatMap(neighborsOf),
    ],
    rules: kernel.rules,
  };
  // Another one under a desired key: the one that counts has to be found out.
  const isTwice = [...rest.routes, ...rest.neighbors, ...rest.rules].some((entry) => desired.has(entryKey(entry)));
  return isTwice ? null : rest;
}

/** The group that has all of their routes. */
function routesFor({ route, macs }: PlainGuests, { routes }: GroupedEntries): RoutesAlike | null {
  const { destination } = route;
  const group = routes.find(({ like }) => samePlainRoute({ ...like, destination }, route));
  if (group === undefined) return null;
  for (const address of macs.keys()) if (!group.addresses.has(address)) return null;
  return group;
}

/** The groups that have their neighbors, each in one of them. */
function neighborsFor({ route, macs }: PlainGuests, { neighbors }: GroupedEntries): NeighborsAlike[] | null {
  const groups = neighbors.filter(({ like }) => like.link === route.link);
  // Most often networkd or netkeep has set all of them.
  const [only] = groups.length === 1 ? groups : [];
  for (const [address, mac] of macs) {
    const found = only?.macs.get(address) ?? inOneOf(groups, address);
    if (found !== mac) return null;
  }
  return groups;
}

/** null if several have it. */
function inOneOf(groups: readonly NeighborsAlike[], address: Address): MacAddress | null {
  const found = groups.flatMap(({ macs }) => macs.get(address) ?? []);
  return found.length === 1 ? (found[0] ?? null) : null;
}

function sizeOf(all: readonly { readonly size: number }[]): number {
  return all.reduce((sum, { size }) => sum + size, 0);
}
