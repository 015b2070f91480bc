import type { Address, Prefix } from "./address.ts";
import type { LinkFacts } from "./link.ts";
import type { Neighbor } from "./neighbor.ts";
import type { Route } from "./route.ts";
import type { Rule } from "./rule.ts";

/** A route as the kernel has it. `objects`: it uses a nexthop object (nhid), which netkeep never makes. */
export interface KernelRoute extends Route {
  readonly objects: boolean;
}

/** A permanent neighbor as the kernel has it; `protocol` null is "no mark", as networkd leaves it. */
export interface KernelNeighbor extends Neighbor {
  readonly protocol: number | null;
}

/** An entry as the kernel has it. A rule carries its protocol in any case. */
export type KernelEntry = KernelRoute | KernelNeighbor | Rule;

/** A link that exists: facts for [Match], whether it can take entries, and its addresses. */
export interface KernelLink {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  /** Bytes; absent where `ip` says none. */
  readonly mtu?: number;
  readonly carrier: boolean;
  /** Its group, 0 for most; null where that has a name. */
  readonly group?: number | null;
  /** The bridge that it is a port of. */
  readonly master?: string | null;
  /** Of a bridge: whether it runs the spanning tree protocol. */
  readonly stp?: boolean | null;
  readonly facts: LinkFacts;
  readonly addresses: readonly { readonly address: Address; readonly subnet: Prefix; readonly dynamic: boolean }[];
}

/** What changes when netkeep works: routes of all tables and permanent neighbors, of both families. */
export interface KernelEntries {
  readonly routes: readonly KernelRoute[];
  readonly neighbors: readonly KernelNeighbor[];
  /** Without those that the kernel makes by itself; in the order in which it asks them, IPv4 before IPv6. */
  readonly rules: readonly Rule[];
}

/** What one reading of the kernel found. */
export interface KernelState extends KernelEntries {
  readonly links: ReadonlyMap<string, KernelLink>;
}
