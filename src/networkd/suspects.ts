import { parseAddress } from "../model/address.ts";
import { type Entry, entryText } from "../model/entry.ts";
import { sectionToNeighbor } from "./neighborSection.ts";
import { sectionToRoute } from "./routeSection.ts";
import { assignments, type Section } from "./scan.ts";

/** Something that a unit file asks of a link. */
export interface Configured {
  /** As people read it: `route …`, `neighbor …`, `address …`. */
  readonly title: string;
  /** `PATH:LINE` of its section; null for our own drop-in. */
  readonly place: string | null;
  /** null of an address. */
  readonly entry: Entry | null;
  /** Of an address, canonical and without its prefix length. */
  readonly address: string | null;
}

/**
 * The routes, neighbors and addresses that sections of unit files ask of a link: what networkd has not come through with
 * is among those that the kernel does not have. What cannot be read as such a thing is left out.
 */
export function configuredOn(link: string, sections: readonly Section[]): Configured[] {
  return sections.flatMap((section): Configured[] => {
    const place = `${section.path}:${section.line}`;
    if (section.name === "Address" || section.name === "Network") {
      return assignments([section], section.name, "Address").map(({ value, path, line }) => ({
        title: `address ${value}`,
        place: `${path}:${line}`,
        entry: null,
        address: canonical(value.replace(/\/.*$/, "")),
      }));
    }
    const entry = entryOf(section, link);
    return entry === null ? [] : [{ title: `${entry.kind} ${entryText(entry)}`, place, entry, address: null }];
  });
}

function entryOf(section: Section, link: string): Entry | null {
  const body: Record<string, string | string[]> = {};
  for (const { key, value } of section.assignments) {
    const before = body[key];
    // The one key of a route that may stand several times.
    if (key === "MultiPathRoute" && before !== undefined) body[key] = [before, value].flat();
    else body[key] = value;
  }
  try {
    if (section.name === "Route") return sectionToRoute({ name: section.name, body }, link);
    return section.name === "Neighbor" ? sectionToNeighbor({ name: section.name, body }, link) : null;
  } catch {
    // Written by others: a value that is no address.
    return null;
  }
}

function canonical(text: string): string {
  const parsed = parseAddress(text);
  return "problem" in parsed ? text : parsed.value;
}
