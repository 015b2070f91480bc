import { type Address, covers, isLinkLocal6, networkPrefix, parseAddress } from "../model/address.ts";
import { parsePlace } from "./guest.ts";
import { linkOf, tableOf, type VdsmAddress, type VdsmNetwork, type VdsmProblem, vdsmErrors } from "./vdsmNetwork.ts";
import type { BondAttributes } from "./vdsmPayload.ts";

/** What the checks look at: the networks as they would be after the call. */
export interface VdsmWish {
  /** The networks that the call sets. */
  readonly set: readonly VdsmNetwork[];
  /** The networks that it takes away. */
  readonly removed: readonly string[];
  /** All networks after the call. */
  readonly after: readonly VdsmNetwork[];
  readonly bondings: Readonly<Record<string, BondAttributes>>;
  /** Links that the host has or that networks were on before; null where that is not known. */
  readonly knownLinks: ReadonlySet<string> | null;
}

/** VDSM's rules across attributes, networks and bonds, and the rules on gateways that it leaves to its backend. All at once. */
export function checkWish(wish: VdsmWish): VdsmProblem[] {
  return [
    ...defaultRouteProblems(wish),
    ...wish.set.flatMap((network) => [...addressProblems(network), ...deviceProblems(network, wish)]),
    ...bondProblems(wish),
    ...nicProblems(wish),
    ...vlanProblems(wish),
    ...tableProblems(wish),
    ...switchProblems(wish),
  ];
}

function defaultRouteProblems({ set }: VdsmWish): VdsmProblem[] {
  const names = set.filter(({ defaultRoute }) => defaultRoute).map(({ name }) => name);
  if (names.length < 2) return [];
  return [problem("badParameters", names.join(", "), "only one network can have the default route")];
}

function addressProblems(network: VdsmNetwork): VdsmProblem[] {
  const { name, ipv4, gateway, ipv6, ipv6gateway, bootproto, nameservers, defaultRoute } = network;
  const problems: VdsmProblem[] = [];
  const add = (key: string, message: string) => problems.push(problem("badAddress", `${name}.${key}`, message));
  if (ipv4 !== null && bootproto === "dhcp") add("ipaddr", "a static address does not go with bootproto dhcp");
  if (ipv4 === null && gateway !== null) add("gateway", "is given without ipaddr");
  if (ipv6 === null && ipv6gateway !== null && !network.dhcpv6 && !network.ipv6autoconf) {
    add("ipv6gateway", "is given without ipv6addr, dhcpv6 or ipv6autoconf");
  }
  if (isOutside(gateway, ipv4)) add("gateway", `${gateway} is not in the subnet of ipaddr`);
  if (isOutside(ipv6gateway, ipv6)) add("ipv6gateway", `${ipv6gateway} is not in the subnet of ipv6addr`);
  for (const server of nameservers) {
    // A zone names the link by which it is reached (RFC 6874).
    if ("problem" in parseAddress(server.replace(/%.*$/s, ""))) add("nameservers", `"${server}" is not an address`);
  }
  if (nameservers.length > 0 && !defaultRoute) {
    const message = "only the network of the default route can have name servers";
    problems.push(problem("badParameters", `${name}.nameservers`, message));
  }
  return problems;
}

function isOutside(gateway: Address | null, own: VdsmAddress | null): boolean {
  if (gateway === null || own === null || isLinkLocal6(gateway)) return false;
  return !covers(networkPrefix(own.address, own.length), gateway);
}

function deviceProblems(network: VdsmNetwork, { bondings, knownLinks }: VdsmWish): VdsmProblem[] {
  const { name, nic, bonding, vlan, bridged } = network;
  const problems: VdsmProblem[] = [];
  const southbound = nic !== null || bonding !== null;
  if (nic !== null && bonding !== null) {
    problems.push(problem("badParameters", `${name}.nic`, "stands beside bonding: a network has one of them"));
  }
  if (!bridged && !southbound) {
    problems.push(problem("badParameters", name, "a network that is not bridged needs nic or bonding"));
  }
  if (vlan !== null && !southbound) problems.push(problem("badVlan", `${name}.vlan`, "needs nic or bonding"));
  if (bonding !== null && !hasBond(bonding, bondings, knownLinks)) {
    problems.push(problem("badBonding", `${name}.bonding`, `there is no bond ${bonding}`));
  }
  const linkProblem = nameProblem(network);
  if (linkProblem !== null) problems.push(linkProblem);
  return problems;
}

/** The rules for a bridge are VDSM's; what a document's link cannot be named comes on top. */
function nameProblem(network: VdsmNetwork): VdsmProblem | null {
  const link = linkOf(network);
  const code = link === network.name ? "badBridge" : network.bonding === null ? "badNic" : "badBonding";
  if (network.bridged && (link === "" || link.length > 15 || /[:. \t]|^-/.test(link))) {
    return problem(
      "badBridge",
      network.name,
      "is no name of a bridge: 1 to 15 characters, none of them : . blank or tab, no - in front",
    );
  }
  const place = parsePlace(link, "02:00:00:00:00:01");
  return "problem" in place ? problem(code, network.name, place.problem) : null;
}

function hasBond(
  name: string,
  bondings: Readonly<Record<string, BondAttributes>>,
  knownLinks: ReadonlySet<string> | null,
): boolean {
  const asked = Object.hasOwn(bondings, name) ? bondings[name] : undefined;
  if (asked !== undefined) return asked.remove !== true;
  return knownLinks === null || knownLinks.has(name);
}

function bondProblems({ bondings, after }: VdsmWish): VdsmProblem[] {
  return Object.entries(bondings).flatMap(([name, { nics = [], remove = false }]) => {
    if (!remove) return nics.length === 0 ? [problem("badNic", `${name}.nics`, "a bond needs NICs")] : [];
    const users = after.filter(({ bonding }) => bonding === name).map((network) => network.name);
    return users.length === 0 ? [] : [problem("usedBond", name, `cannot be removed: ${users.join(", ")} is on it`)];
  });
}

/** Between bonds of the call, and between these and networks; what other bonds the host has is not netkeep's to know. */
function nicProblems({ bondings, after }: VdsmWish): VdsmProblem[] {
  const users = new Map<string, Set<string>>();
  const use = (nic: string, user: string) => users.set(nic, (users.get(nic) ?? new Set()).add(user));
  for (const [name, { nics = [], remove = false }] of Object.entries(bondings)) {
    if (!remove) for (const nic of nics) use(nic, name);
  }
  const bonded = new Set(users.keys());
  for (const { nic, name } of after) if (nic !== null && bonded.has(nic)) use(nic, name);
  return [...users]
    .filter(([, by]) => by.size > 1)
    .map(([nic, by]) => problem("usedNic", nic, `is used by ${[...by].join(" and by ")}`));
}

function vlanProblems({ after }: VdsmWish): VdsmProblem[] {
  const placed = after.filter(({ nic, bonding }) => nic !== null || bonding !== null);
  return doubles(
    placed,
    ({ nic, bonding, vlan }) => `${bonding ?? nic}${vlan === null ? "" : ` with VLAN ${vlan}`}`,
  ).map(([device, names]) => problem("badParameters", names.join(", "), `cannot share ${device}`));
}

/** Two names with one checksum would have their routes in one table. */
function tableProblems({ after }: VdsmWish): VdsmProblem[] {
  const links = [...new Set(after.map(linkOf))];
  return doubles(
    links.map((name) => ({ name })),
    ({ name }) => String(tableOf(name)),
  ).map(([table, names]) =>
    problem("badParameters", names.join(", "), `have the same routing table, ${table}: rename one of these links`),
  );
}

function switchProblems({ set, bondings }: VdsmWish): VdsmProblem[] {
  const bonds = Object.values(bondings).filter(({ remove }) => remove !== true);
  const kinds = new Set([...set.map((network) => network.switch), ...bonds.map((bond) => bond.switch ?? "legacy")]);
  return kinds.size < 2 ? [] : [problem("badParameters", "switch", "one call cannot have both legacy and ovs")];
}

/** Keys that several have, each with their names. */
function doubles<T extends { readonly name: string }>(
  items: readonly T[],
  keyOf: (item: T) => string,
): [string, string[]][] {
  const names = new Map<string, string[]>();
  for (const item of items) names.set(keyOf(item), [...(names.get(keyOf(item)) ?? []), item.name]);
  return [...names].filter(([, list]) => list.length > 1);
}

function problem(error: keyof typeof vdsmErrors, subject: string, message: string): VdsmProblem {
  return { code: vdsmErrors[error], subject, message };
}
