import { type Address, hostPrefix } from "../model/address.ts";
import type { PlainGuests } from "../model/alike.ts";
import { writeNeighbor } from "./neighborSection.ts";
import { writeRoute } from "./routeSection.ts";

/**
 * What `renderBlock` writes of the entries of plain guests on one link: neighbors before routes, and both in the order of
 * their addresses, for the `/` behind that of a route comes before all that an address can go on with.
 */
export function plainBody(plain: readonly PlainGuests[]): string {
  const addresses = plain.flatMap(({ macs }) => [...macs.keys()]).sort();
  const writers = plain.map(writerOf);
  const writerFor = (address: Address) => writers.find(({ macs }) => macs.has(address)) ?? writers[0];
  const [only, ...others] = writers;
  const parts: string[] = [];
  for (const write of ["neighbor", "route"] as const) {
    for (const address of addresses) (others.length === 0 ? only : writerFor(address))?.[write](parts, address);
  }
  // A blank line stands between two sections.
  return parts.join("").slice(1);
}

/** Sections that differ in address and MAC are cut out of one that is written as any other. */
function writerOf({ route, macs }: PlainGuests) {
  const [[address, mac] = ["", ""] as never] = macs;
  const section = writeNeighbor({ kind: "neighbor", link: route.link, address, mac });
  const [beforeAddress = "", afterAddress = ""] = section.split(address);
  const [beforeMac = "", afterMac = ""] = afterAddress.split(mac);
  const [beforePrefix = "", afterPrefix = ""] = writeRoute(route).split(route.destination);
  const [opening, length] = [`\n${beforePrefix}`, `${hostPrefix(address).slice(address.length)}${afterPrefix}`];
  return {
    macs,
    neighbor(parts: string[], to: Address): void {
      parts.push("\n", beforeAddress, to, beforeMac, macs.get(to) ?? "", afterMac);
    },
    route(parts: string[], to: Address): void {
      parts.push(opening, to, length);
    },
  };
}
