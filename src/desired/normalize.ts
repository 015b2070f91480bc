import { type Address, accepted, hostPrefix, type Parsed, parseAddress } from "../model/address.ts";
import { linkLocalFromMac, type MacAddress, parseMac } from "../model/mac.ts";
import { type LinkSettings, type OwnedEntry, ownedEntry } from "../model/owner.ts";
import { completeLinks } from "./link.ts";
import type { Problem } from "./problem.ts";
import { completeRoute, onLinkRoute } from "./route.ts";
import { completeRule } from "./rule.ts";
import type { DocumentInput, GuestInput, RouterInput } from "./schema.ts";
import { uplinkEntries } from "./uplink.ts";

/** What the host and the settings say, as far as defaults depend on them. */
export interface NormalizeContext {
  /** The protocol of netkeep's routes (RouteProtocol=). */
  readonly protocol: number;
  /** The link that has the subnet of `address`, or a sentence that says why it is not known. */
  linkOf(address: Address): Parsed<string>;
  /** The number of a routing table that may have a name. */
  tableOf(table: number | string): Parsed<number>;
}

export interface Normalized {
  readonly entries: readonly OwnedEntry[];
  readonly links: ReadonlyMap<string, LinkSettings>;
  readonly problems: readonly Problem[];
}

/**
 * The document as written → the complete model: canonical addresses, shorthands expanded. The only place where defaults
 * are applied (with `completeRoute`). Values have passed the schema.
 *
 * @param positions where each element of `input` stood in the text, see `Validated`
 */
export function normalize(
  input: DocumentInput,
  positions: Readonly<Record<string, readonly number[]>>,
  context: NormalizeContext,
): Normalized {
  const entries: OwnedEntry[] = [];
  const problems: Problem[] = [];
  const place = (list: string, index: number) => [list, positions[list]?.[index] ?? index];
  input.guests?.forEach((guest, index) => {
    addGuest(entries, guest, `guests.${positions["guests"]?.[index] ?? index}`, context);
  });
  for (const [index, router] of (input.routers ?? []).entries()) {
    const path = place("routers", index);
    const link =
      router.dev === undefined ? context.linkOf(accepted(parseAddress(router.upstream))) : { value: router.dev };
    if ("problem" in link) problems.push({ path: [...path, "upstream"], message: link.problem });
    else entries.push(...routerEntries(router, link.value, path, context, problems));
  }
  for (const [index, route] of (input.routes ?? []).entries()) {
    const path = place("routes", index);
    const completed = completeRoute(route, path, context);
    problems.push(...completed.problems);
    if (completed.route !== null) entries.push(ownedEntry(completed.route, path.join(".")));
  }
  for (const [index, neighbor] of (input.neighbors ?? []).entries()) {
    const entry = {
      kind: "neighbor" as const,
      link: neighbor.dev,
      address: accepted(parseAddress(neighbor.address)),
      mac: accepted(parseMac(neighbor.mac)),
    };
    entries.push(ownedEntry(entry, place("neighbors", index).join(".")));
  }
  for (const [index, uplink] of (input.uplinks ?? []).entries()) {
    const made = uplinkEntries(uplink, place("uplinks", index), context);
    problems.push(...made.problems);
    entries.push(...made.entries);
  }
  const ruleContext = { ...context, linksOfTable: linksByTable(entries) };
  for (const [index, rule] of (input.rules ?? []).entries()) {
    const path = place("rules", index);
    const completed = completeRule(rule, path, ruleContext);
    problems.push(...completed.problems);
    entries.push(...completed.rules.map((entry) => ownedEntry(entry, path.join("."))));
  }
  const { links, problems: linkProblems } = completeLinks(input.links ?? {});
  return { entries, links, problems: [...problems, ...linkProblems] };
}

/** Which links the routes of a table are on; looked up at the first question only, for few documents have rules. */
function linksByTable(entries: readonly OwnedEntry[]): (table: number) => ReadonlySet<string> {
  let known: Map<number, Set<string>> | null = null;
  return (table) => {
    if (known === null) {
      known = new Map();
      for (const { entry } of entries) {
        if (entry.kind === "route") known.set(entry.table, (known.get(entry.table) ?? new Set()).add(entry.link));
      }
    }
    return known.get(table) ?? new Set();
  };
}

/** Adds to a list instead of making one: a host has ten thousand guests. */
function addGuest(entries: OwnedEntry[], guest: GuestInput, path: string, context: NormalizeContext): void {
  const mac = accepted(parseMac(guest.mac));
  guest.addresses.forEach((text, index) => {
    addAddress(entries, guest, mac, accepted(parseAddress(text)), `${path}.addresses.${index}`, context);
  });
  if (guest["link-local"] === "eui64") {
    addAddress(entries, guest, mac, linkLocalFromMac(mac), `${path}.link-local`, context);
  }
}

/** A guest's address: the /32 or /128 on the link, and the neighbor that says where on the link. */
function addAddress(
  entries: OwnedEntry[],
  { dev: link, name }: GuestInput,
  mac: MacAddress,
  address: Address,
  path: string,
  context: NormalizeContext,
): void {
  entries.push(ownedEntry(onLinkRoute(hostPrefix(address), link, context.protocol), path, name));
  entries.push(ownedEntry({ kind: "neighbor", link, address, mac }, path, name));
}

function routerEntries(
  router: RouterInput,
  link: string,
  path: PropertyKey[],
  context: NormalizeContext,
  problems: Problem[],
): OwnedEntry[] {
  const entries: OwnedEntry[] = [];
  for (const list of ["prefixes", "extra-prefixes"] as const) {
    for (const [index, text] of (router[list] ?? []).entries()) {
      const completed = completeRoute({ to: text, via: router.upstream, dev: link }, [...path, list, index], context);
      for (const problem of completed.problems) problems.push({ ...problem, path: [...path, list, index] });
      if (completed.route !== null) {
        const entryPath = [...path, list, index].map(String).join(".");
        entries.push(ownedEntry(completed.route, entryPath, router.name));
      }
    }
  }
  return entries;
}
