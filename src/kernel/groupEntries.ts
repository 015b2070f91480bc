import type { Address, Family } from "../model/address.ts";
import { hostPrefix } from "../model/address.ts";
import { type NeighborsAlike, neighborsOf, type RoutesAlike, routesOf } from "../model/alike.ts";
import type { MacAddress } from "../model/mac.ts";
import type { KernelNeighbor, KernelRoute } from "../model/state.ts";
import { readAlike } from "./alike.ts";
import { parseNeighbors } from "./parseNeighbors.ts";
import { parseRoutes } from "./parseRoutes.ts";

/** Fewer are no group. */
const fewest = 16;

/** A listing: what is in none of the groups stands in `others`. */
export interface Grouped<Group, Item> {
  readonly groups: readonly Group[];
  readonly others: readonly Item[];
}

/** What `parseRoutes` makes of a listing, with those that are alike as groups. */
export function groupRoutes(json: string, family: Family): Grouped<RoutesAlike, KernelRoute> {
  const groups = new Map<string, { like: KernelRoute; addresses: Set<Address> }>();
  const others = readAlike<{ addresses: Set<Address> }>(json, {
    groupOf(element, dst) {
      const [like] = parseRoutes(`[${element}]`, family);
      if (like === undefined) return null;
      if (like.destination !== hostPrefix(dst as Address)) return undefined;
      return found(groups, { ...like, destination: "" }, () => ({ like, addresses: new Set() }));
    },
    add({ addresses }, dst) {
      const { size } = addresses;
      return dst.includes(":") === (family === 6) && addresses.add(dst as Address).size > size;
    },
  });
  const [large, small] = bySize([...groups.values()], ({ addresses }) => addresses.size);
  if (others === null || large.length === 0) return { groups: [], others: parseRoutes(json, family) };
  return { groups: large, others: [...parseRoutes(`[${others.join()}]`, family), ...small.flatMap(routesOf)] };
}

/** What `parseNeighbors` makes of a listing, with those that are alike as groups. */
export function groupNeighbors(json: string): Grouped<NeighborsAlike, KernelNeighbor> {
  const groups = new Map<string, { like: KernelNeighbor; macs: Map<Address, MacAddress> }>();
  const others = readAlike<{ macs: Map<Address, MacAddress> }>(json, {
    groupOf(element, dst, lladdr) {
      const [like] = parseNeighbors(`[${element}]`);
      if (like === undefined) return null;
      if (like.address !== dst || like.mac !== lladdr) return undefined;
      return found(groups, { ...like, address: "", mac: "" }, () => ({ like, macs: new Map() }));
    },
    add({ macs }, dst, lladdr) {
      if (macs.has(dst as Address)) return false;
      macs.set(dst as Address, lladdr as MacAddress);
      return true;
    },
  });
  const [large, small] = bySize([...groups.values()], ({ macs }) => macs.size);
  if (others === null || large.length === 0) return { groups: [], others: parseNeighbors(json) };
  return { groups: large, others: [...parseNeighbors(`[${others.join()}]`), ...small.flatMap(neighborsOf)] };
}

function found<Group>(groups: Map<string, Group>, like: object, make: () => Group): Group {
  const id = JSON.stringify(like);
  const group = groups.get(id) ?? make();
  groups.set(id, group);
  return group;
}

function bySize<Group>(groups: readonly Group[], sizeOf: (group: Group) => number): [Group[], Group[]] {
  return [groups.filter((group) => sizeOf(group) >= fewest), groups.filter((group) => sizeOf(group) < fewest)];
}
