import { type Grouped, groupNeighbors, groupRoutes } from "../kernel/groupEntries.ts";
import { parseLinks } from "../kernel/parseLinks.ts";
import { parseNeighbors } from "../kernel/parseNeighbors.ts";
import { parseRoutes } from "../kernel/parseRoutes.ts";
import { parseRules } from "../kernel/parseRules.ts";
import type { Family } from "../model/address.ts";
import { groupsOf, withGroups } from "../model/alike.ts";
import { lastOf, once } from "../model/once.ts";
import type { Rule } from "../model/rule.ts";
import type { KernelEntries, KernelLink, KernelState } from "../model/state.ts";
import type { System } from "../system/system.ts";
import { ip } from "./ipText.ts";

/** A host without a kernel (`--root`): nothing exists. */
export const emptyKernel: KernelState = { links: new Map(), routes: [], neighbors: [], rules: [] };

/**
 * Reads links, routes of all tables, permanent neighbors and policy rules. Everything is listed and filtered here, because `ip` leaves
 * out the fields that it filters on.
 *
 * @param asked the links, asked for before
 * @throws CommandError when `ip` fails
 */
export async function observeKernel(system: System, asked = observeKernelLinks(system)): Promise<KernelState> {
  if (system.offline) return emptyKernel;
  const [links, entries] = await Promise.all([asked, observeEntries(system)]);
  const { rules } = entries;
  const all = { links, rules, routes: () => entries.routes, neighbors: () => entries.neighbors };
  return withGroups(whenAsked(all), groupsOf(entries));
}

/**
 * Without the links.
 *
 * @param rules the policy rules, where they are known already
 * @throws CommandError when `ip` fails
 */
export async function observeEntries(system: System, rules?: KernelEntries["rules"]): Promise<KernelEntries> {
  // Each list is read while `ip` still prints the others.
  const [routes4, routes6, neighbors, found] = await Promise.all([
    observeRoutes(system, 4),
    observeRoutes(system, 6),
    ip(system, ["-j", "-N", "neigh", "show"]).then((text) => listed(groupNeighbors(text), () => parseNeighbors(text))),
    rules ?? observeRules(system),
  ]);
  const entries = whenAsked({
    rules: found,
    routes: () => [...routes4.all(), ...routes6.all()],
    neighbors: neighbors.all,
  });
  return withGroups(entries, {
    routes: [...routes4.groups, ...routes6.groups],
    neighbors: neighbors.groups,
    others: { routes: [...routes4.others, ...routes6.others], neighbors: neighbors.others },
  });
}

async function observeRoutes(system: System, family: Family) {
  const text = await ip(system, ["-j", "-N", `-${family}`, "route", "show", "table", "all"]);
  return listed(groupRoutes(text, family), () => parseRoutes(text, family));
}

/** A listing, and all that is in it, which is made when it is asked for. */
function listed<Group, Item>(grouped: Grouped<Group, Item>, parse: () => readonly Item[]) {
  return { ...grouped, all: grouped.groups.length === 0 ? () => grouped.others : once(parse) };
}

/** The lists are made when they are asked for. */
function whenAsked<Rest extends Pick<KernelEntries, "rules">>({
  routes,
  neighbors,
  ...rest
}: Rest & { routes(): KernelEntries["routes"]; neighbors(): KernelEntries["neighbors"] }) {
  const [allRoutes, allNeighbors] = [once(routes), once(neighbors)];
  return {
    ...rest,
    get routes() {
      return allRoutes();
    },
    get neighbors() {
      return allNeighbors();
    },
  };
}

/** The policy rules of both families, but for the kernel's own. */
export async function observeRules(system: System): Promise<Rule[]> {
  const [rules4, rules6] = await Promise.all([
    ip(system, ["-j", "-N", "-d", "-4", "rule", "show"]),
    ip(system, ["-j", "-N", "-d", "-6", "rule", "show"]),
  ]);
  return [...parseRules(rules4, 4), ...parseRules(rules6, 6)];
}

/**
 * What `observeLinkText` gives, without what a base file may ask of the links. Those of most runs are the links of the run
 * before, in a process that stays.
 */
export const linkStatesIn = lastOf((json): KernelState["links"] => {
  const known = ({ facts: { name, alternativeNames }, ...link }: KernelLink) => ({
    ...link,
    facts: { name, alternativeNames },
  });
  return new Map([...parseLinks(json)].map(([name, link]) => [name, known(link)]));
});

export async function observeKernelLinks(system: System): Promise<KernelState["links"]> {
  if (system.offline) return emptyKernel.links;
  const json = await ip(system, ["-j", "-d", "address", "show"]);
  const types = new Map<string, string>();
  for (const link of parseLinks(json).values()) {
    // Only hardware is asked: for what the kernel makes up, the kind says it.
    if (link.facts.kind !== null) continue;
    const uevent = await system.readText(`/sys/class/net/${link.name}/uevent`);
    if (uevent !== null) types.set(link.name, /^DEVTYPE=(.*)$/m.exec(uevent)?.[1] ?? "");
  }
  return parseLinks(json, types);
}
