import { parseAddress } from "../model/address.ts";
import { type Entry, entryTitle } from "../model/entry.ts";
import { sectionToNeighbor } from "./neighborSection.ts";
import { sectionToRoute } from "./routeSection.ts";
import { sectionToRules } from "./ruleSection.ts";
import { assignments, type Section } from "./scan.ts";

/** Something that a unit file asks of a link. */
export interface Configured {
  /** As people read it: `route …`, `neighbor …`, `rule …`, `address …`. */
  readonly title: string;
  /** `PATH:LINE` of its section; null for our own drop-in. */
  readonly place: string | null;
  /** null of an address. */
  readonly entry: Entry | null;
  /** Of an address, canonical and without its prefix length. */
  readonly address: string | null;
}

/**
 * The routes, neighbors, rules and addresses that sections of unit files ask of a link: what networkd has not come through with
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
    return entriesOf(section, link).map((entry) => ({ title: entryTitle(entry), place, entry, address: null }));
  });
}

function entriesOf(section: Section, link: string): readonly Entry[] {
  const body: Record<string, string | string[]> = {};
  for (const { key, value } of section.assignments) {
    const before = body[key];
    // The one key of a route that may stand several times.
    if (key === "MultiPathRoute" && before !== undefined) body[key] = [before, value].flat();
    else body[key] = value;
  }
  try {
    const found = { name: section.name, body };
    if (section.name === "RoutingPolicyRule") return sectionToRules(found, link);
    const entry =
      section.name === "Route"
        ? sectionToRoute(found, link)
        : section.name === "Neighbor"
          ? sectionToNeighbor(found, link)
          : null;
    return entry === null ? [] : [entry];
  } catch {
    // Written by others: a value that is no address.
    return [];
  }
}

function canonical(text: string): string {
  const parsed = parseAddress(text);
  return "problem" in parsed ? text : parsed.value;
}
