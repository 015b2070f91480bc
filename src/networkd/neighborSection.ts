import { parseAddress } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";
import type { Neighbor } from "../model/neighbor.ts";
import { fillIn, formOf, type Section } from "./unitFile.ts";

/** systemd.network(5), [NEIGHBOR] SECTION OPTIONS: these two keys are all there are; the state is always permanent. */
const form = formOf("Neighbor", ["Address", "LinkLayerAddress"]);

/** A neighbor as the text of a [Neighbor] section. */
export function writeNeighbor(neighbor: Neighbor): string {
  return fillIn(form, [neighbor.address, neighbor.mac]);
}

/** The reverse; null for a section that networkd would ignore. */
export function sectionToNeighbor(section: Section, link: string): Neighbor | null {
  const { Address: address, LinkLayerAddress: mac } = section.body;
  if (typeof address !== "string" || typeof mac !== "string") return null;
  const parsedAddress = parseAddress(address);
  const parsedMac = parseMac(mac);
  if ("problem" in parsedAddress || "problem" in parsedMac) return null;
  return { kind: "neighbor", link, address: parsedAddress.value, mac: parsedMac.value };
}
