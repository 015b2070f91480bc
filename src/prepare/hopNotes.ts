import { plainGuestsOf } from "../model/alike.ts";
import type { Note } from "../model/change.ts";
import { linksOf } from "../model/route.ts";
import type { LinkRendering } from "../networkd/render.ts";
import type { Observed } from "../observe/observe.ts";

/**
 * networkd 252 sets a route over several links only while each of the others has carrier (route_is_ready_to_configure());
 * 257 does not ask.
 */
export function hopNotes(link: string, owners: LinkRendering["owners"], { networkd, kernel }: Observed): Note[] {
  const { version } = networkd;
  if (version === null || version >= 257) return [];
  const others = new Set<string>();
  for (const owner of owners) {
    if (plainGuestsOf(owner) !== undefined) continue;
    for (const entry of owner.entries) {
      if (entry.kind === "route" && entry.nextHops.length > 0) for (const name of linksOf(entry)) others.add(name);
    }
  }
  others.delete(link);
  const without = [...others].filter((name) => kernel.links.get(name)?.carrier !== true);
  return without.map((name) => ({
    level: "warning",
    link,
    text:
      `networkd ${version} sets routes over several links only while all of them have carrier, and ${name} has none; until ` +
      `then it says "configuring" of ${link}. What is set live is not touched; 257 sets them in any case`,
  }));
}
