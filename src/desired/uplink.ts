import { accepted, covers, familyOf, isLinkLocal6, type Parsed, parseAddress } from "../model/address.ts";
import { type OwnedEntry, ownedEntry } from "../model/owner.ts";
import { defaultMetric } from "../model/route.ts";
import type { Problem } from "./problem.ts";
import { completeRoute, onLinkRoute } from "./route.ts";
import { completeRule } from "./rule.ts";
import { parseSubnetOf } from "./scalars.ts";
import type { UplinkInput } from "./schema.ts";

/** That of oVirt's source routing, before main (32766). */
const defaultPriority = 3200;

/**
 * An uplink with a routing table of its own: the subnet and the default route in it, and rules that lead packets from and
 * to the subnet there. So replies leave by the link that they were asked on, whatever the main table says.
 */
export function uplinkEntries(
  input: UplinkInput,
  path: readonly PropertyKey[],
  context: { readonly protocol: number; tableOf(table: number | string): Parsed<number> },
): { readonly entries: readonly OwnedEntry[]; readonly problems: readonly Problem[] } {
  const { dev, priority = defaultPriority } = input;
  const problem = (key: string, message: string) => ({ entries: [], problems: [{ path: [...path, key], message }] });
  const table = context.tableOf(input.table);
  if ("problem" in table) return problem("table", table.problem);
  if (table.value >= 253 && table.value <= 255) {
    return problem(
      "table",
      `${input.table} is a table that all packets are looked up in: an uplink needs one of its own`,
    );
  }
  const subnet = accepted(parseSubnetOf(input.address));
  const gateway = accepted(parseAddress(input.gateway));
  if (familyOf(gateway) !== familyOf(subnet)) {
    return problem("gateway", `${gateway} is not of the family of ${input.address}`);
  }
  if (!covers(subnet, gateway) && !isLinkLocal6(gateway)) {
    return problem("gateway", `${gateway} is not in ${subnet}, the subnet of ${input.address}`);
  }
  if (gateway === accepted(parseAddress(input.address.replace(/\/.*$/, "")))) {
    return problem("gateway", `${gateway} is the address of this host itself`);
  }
  const at = (key: string) => [...path, key].map(String).join(".");
  const metric = input.metric ?? defaultMetric(familyOf(subnet));
  const connected = { ...onLinkRoute(subnet, dev, context.protocol), table: table.value, metric };
  const everywhere = familyOf(subnet) === 4 ? "0.0.0.0/0" : "::/0";
  const route = { to: everywhere, via: gateway, dev, table: table.value, metric };
  const completed = completeRoute(route, [...path, "gateway"], context);
  const rules = (["from", "to"] as const).flatMap((key) => {
    const rule = { [key]: subnet, table: table.value, priority, dev };
    return completeRule(rule, path, { ...context, linksOfTable: () => new Set() }).rules;
  });
  const entries: OwnedEntry[] = [
    ownedEntry(connected, at("address")),
    ...(completed.route === null ? [] : [ownedEntry(completed.route, at("gateway"))]),
    ...rules.map((entry) => ownedEntry(entry, at("table"))),
  ];
  // The route is of its own making: the keys of one that are at fault are those of the uplink.
  const problems = completed.problems.map((one) => ({ ...one, path: [...path, one.path.at(-1) ?? "gateway"] }));
  return { entries, problems };
}
