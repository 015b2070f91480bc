import type { Address } from "./address.ts";
import type { MacAddress } from "./mac.ts";

/** A permanent neighbor: an address on a link that the kernel never resolves or ages (NUD_PERMANENT). */
export interface Neighbor {
  readonly kind: "neighbor";
  readonly link: string;
  readonly address: Address;
  readonly mac: MacAddress;
}

/** The kernel's identity of a neighbor (neigh_lookup): link + address. The MAC is an attribute. As flat as `routeKey`. */
export function neighborKey(neighbor: Pick<Neighbor, "link" | "address">): string {
  return ["neighbor", neighbor.link, neighbor.address].join(" ");
}

/** The words of ip-neighbour(8), without the protocol mark: networkd sets none, so it is no difference. */
export function neighborText(neighbor: Neighbor): string {
  return `${neighbor.address} lladdr ${neighbor.mac} dev ${neighbor.link} nud permanent`;
}

/** Whether their texts are equal. */
export function sameNeighbor(a: Neighbor, b: Neighbor): boolean {
  return a.address === b.address && a.mac === b.mac && a.link === b.link;
}
