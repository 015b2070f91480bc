import type { DocumentInput } from "../desired/schema.ts";
import { type Address, familyOf, hostPrefix } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";
import { bootProtocol, defaultMetric, mainTable } from "../model/route.ts";
import type { KernelNeighbor, KernelRoute, KernelState } from "../model/state.ts";
import { cloudstackOwner } from "./cloudstack.ts";

type Entries = Pick<KernelState, "routes" | "neighbors">;
type IsOurs = (entry: KernelRoute | KernelNeighbor) => boolean;
type MayHave = (address: Address) => boolean;

/**
 * What CloudStack's modifymacip.sh has left on a bridge, as documents of the owners that the hook would have made: a
 * permanent neighbor and its /32 or /128 route on the same bridge. A neighbor alone is not its shape.
 *
 * @param mayHave whether a guest may have the address: one that may not would have its whole document refused
 * @returns owner → document
 */
export function agentDocuments(
  { routes, neighbors }: Entries,
  bridge: string,
  isOurs: IsOurs,
  mayHave: MayHave,
): Map<string, DocumentInput> {
  const routed = new Set(routes.filter((route) => isAgentRoute(route, bridge)).map((route) => route.destination));
  const addresses = new Map<string, Address[]>();
  for (const neighbor of neighbors) {
    if (neighbor.link !== bridge || isOurs(neighbor) || !routed.has(hostPrefix(neighbor.address))) continue;
    if ("problem" in parseMac(neighbor.mac) || !mayHave(neighbor.address)) continue;
    addresses.set(neighbor.mac, [...(addresses.get(neighbor.mac) ?? []), neighbor.address]);
  }
  const documents = [...addresses].map(([mac, list]): [string, DocumentInput] => {
    const guest = { name: `${mac} on ${bridge}`, dev: bridge, mac, addresses: list };
    return [cloudstackOwner({ operation: "add", bridge, mac, addresses: [] }), { version: 1, guests: [guest] }];
  });
  return new Map(documents);
}

/**
 * What carries a MAC on a bridge and is nobody's record: its neighbors, and the routes to their addresses.
 *
 * @param only these addresses; null for all
 */
export function agentLeftovers(
  { routes, neighbors }: Entries,
  bridge: string,
  macText: string,
  isOurs: IsOurs,
  only: readonly Address[] | null,
): (KernelRoute | KernelNeighbor)[] {
  const mac = parseMac(macText);
  if ("problem" in mac) return [];
  const gone = neighbors.filter(
    (neighbor) =>
      neighbor.link === bridge &&
      neighbor.mac === mac.value &&
      !isOurs(neighbor) &&
      (only === null || only.includes(neighbor.address)),
  );
  const destinations = new Set(gone.map((neighbor) => hostPrefix(neighbor.address)));
  return [...routes.filter((route) => isAgentRoute(route, bridge) && destinations.has(route.destination)), ...gone];
}

/** `ip route replace` without `proto`: that is what the agent's script runs. */
function isAgentRoute(route: KernelRoute, bridge: string): boolean {
  const plain = route.type === "unicast" && route.gateway === null && route.table === mainTable;
  const host = /\/(32|128)$/.test(route.destination) && route.metric === defaultMetric(familyOf(route.destination));
  return plain && host && route.link === bridge && route.protocol === bootProtocol;
}
