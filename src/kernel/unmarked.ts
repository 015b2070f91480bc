import type { Address } from "../model/address.ts";
import { neighborKey } from "../model/neighbor.ts";

/**
 * Whether a listing of neighbors has one with this MAC and without the mark, looked for without parsing the listing: it has
 * tens of thousands of entries on a large host.
 *
 * @param json what `ip -j -N neigh show` printed
 * @param known keys of those that are ours also without it: networkd sets none
 */
export function hasUnmarked(json: string, mac: string, protocol: number, known: ReadonlySet<string>): boolean {
  const word = `"lladdr":"${mac}"`;
  for (let at = json.indexOf(word); at >= 0; at = json.indexOf(word, at + 1)) {
    const end = json.indexOf("}", at);
    if (json.slice(at, end).includes(`"protocol":"${protocol}"`)) continue;
    const { dst, dev } = JSON.parse(json.slice(json.lastIndexOf("{", at), end + 1));
    if (!known.has(neighborKey({ link: dev, address: dst as Address }))) return true;
  }
  return false;
}
