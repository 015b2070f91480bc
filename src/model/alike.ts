import { type Address, addressOf, hostPrefix } from "./address.ts";
import { type Entry, entryKey } from "./entry.ts";
import type { MacAddress } from "./mac.ts";
import { once } from "./once.ts";
import type { Route } from "./route.ts";
import type { KernelEntries, KernelNeighbor, KernelRoute } from "./state.ts";

// Nearly all entries of a large host are alike. Here they are once more, as addresses and MACs without an object for each:
// who finds in these what it needs spares the making of the entries, which are made when somebody asks for one. They are
// kept beside what they describe, so that a copy with other entries has none.

/** The guests of a document on one link and of one family: for each address a route straight on the link, and a neighbor. */
export interface PlainGuests {
  /** The first one's; those of the others differ in their destination alone. */
  readonly route: Route;
  readonly macs: ReadonlyMap<Address, MacAddress>;
}

/** Routes that differ in their destination alone, which is an address: a /32 or /128. */
export interface RoutesAlike {
  readonly like: KernelRoute;
  readonly addresses: ReadonlySet<Address>;
}

/** Neighbors that differ in address and MAC alone. */
export interface NeighborsAlike {
  readonly like: KernelNeighbor;
  readonly macs: ReadonlyMap<Address, MacAddress>;
}

/** All routes and neighbors of one reading of the kernel. */
export interface GroupedEntries {
  readonly routes: readonly RoutesAlike[];
  readonly neighbors: readonly NeighborsAlike[];
  readonly others: Listed;
}

type Listed = Pick<KernelEntries, "routes" | "neighbors">;

const guests = new WeakMap<object, readonly PlainGuests[]>();
const groups = new WeakMap<Listed, GroupedEntries>();

/** @param plain what all entries of `whose` are */
export function withPlainGuests<Whose extends object>(whose: Whose, plain: readonly PlainGuests[]): Whose {
  guests.set(whose, plain);
  return whose;
}

/** What the entries of this are, if they are plain guests and nothing else. */
export function plainGuestsOf(whose: object): readonly PlainGuests[] | undefined {
  return guests.get(whose);
}

/** Of all these; undefined if any has other entries. */
export function plainGuestsOfAll(all: readonly object[]): readonly PlainGuests[] | undefined {
  const found: PlainGuests[] = [];
  for (const one of all) {
    const plain = plainGuestsOf(one);
    if (plain === undefined) return undefined;
    found.push(...plain);
  }
  return found;
}

export function withGroups<Entries extends Listed>(entries: Entries, grouped: GroupedEntries | undefined): Entries {
  if (grouped !== undefined) groups.set(entries, grouped);
  return entries;
}

/** The same routes and neighbors as in the lists. */
export function groupsOf(entries: Listed): GroupedEntries | undefined {
  return groups.get(entries);
}

/** The routes and neighbors that do not carry this protocol. */
export function entriesOfOthers(entries: Listed, protocol: number): Listed {
  const isForeign = (entry: KernelRoute | KernelNeighbor) => entry.protocol !== protocol;
  const grouped = groupsOf(entries);
  if (grouped === undefined) {
    return { routes: entries.routes.filter(isForeign), neighbors: entries.neighbors.filter(isForeign) };
  }
  const { routes, neighbors, others } = grouped;
  return {
    routes: [...others.routes.filter(isForeign), ...routes.filter(({ like }) => isForeign(like)).flatMap(routesOf)],
    neighbors: [
      ...others.neighbors.filter(isForeign),
      ...neighbors.filter(({ like }) => isForeign(like)).flatMap(neighborsOf),
    ],
  };
}

export function routesOf({ like, addresses }: RoutesAlike): KernelRoute[] {
  return [...addresses].map((address) => ({ ...like, destination: hostPrefix(address) }));
}

export function neighborsOf({ like, macs }: NeighborsAlike): KernelNeighbor[] {
  return [...macs].map(([address, mac]) => ({ ...like, address, mac }));
}

/**
 * The entries of plain guests by key. Whether there is one under a key can be told without making them.
 *
 * @param make all of them
 */
export function plainEntries(
  plain: readonly PlainGuests[],
  make: () => ReadonlyMap<string, Entry>,
): ReadonlyMap<string, Entry> {
  const all = once(make);
  const has = (key: string) => plain.some((guests) => hasKey(guests, key));
  const entries: ReadonlyMap<string, Entry> = {
    size: plain.reduce((sum, { macs }) => sum + 2 * macs.size, 0),
    has,
    get: (key) => (has(key) ? all().get(key) : undefined),
    forEach(each) {
      for (const [key, entry] of all()) each(entry, key, entries);
    },
    keys: () => all().keys(),
    values: () => all().values(),
    entries: () => all().entries(),
    [Symbol.iterator]: () => all()[Symbol.iterator](),
  };
  return withPlainGuests(entries, plain);
}

function hasKey({ route, macs }: PlainGuests, key: string): boolean {
  const [kind, , word = ""] = key.split(" ");
  const address = (kind === "route" ? addressOf(word as Route["destination"]) : word) as Address;
  const mac = macs.get(address);
  if (mac === undefined) return false;
  const { link } = route;
  return (
    key ===
    entryKey(
      kind === "route" ? { ...route, destination: hostPrefix(address) } : { kind: "neighbor", link, address, mac },
    )
  );
}
