import type { Entry } from "../model/entry.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";

/**
 * Keeps an empty file for each link that has entries, so that the udev rule can tell such a link by one look at a path and
 * does nothing for the thousands of others (taps, veths). In /run: after a boot there are none until the links that come up
 * with it have been looked after.
 *
 * @param links that have entries; the caller holds the lock
 */
export async function markLinks(system: System, links: Iterable<string>): Promise<void> {
  if (system.offline) return;
  const wanted = new Set(links);
  const marked = new Set(await system.list(places.links));
  for (const link of marked) if (!wanted.has(link)) await system.removeFile(`${places.links}/${link}`);
  for (const link of wanted) if (!marked.has(link)) await system.writeFile(`${places.links}/${link}`, "");
}

export function linksWith(entries: Iterable<Entry>): Set<string> {
  const links = new Set<string>();
  for (const { link } of entries) links.add(link);
  return links;
}
