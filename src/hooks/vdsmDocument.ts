import type { DocumentInput, RouteInput } from "../desired/schema.ts";
import { type Address, familyOf, isLinkLocal6, networkPrefix, type Prefix } from "../model/address.ts";
import { type LinkAddress, linkOf, tableOf, type VdsmNetwork } from "./vdsmNetwork.ts";

/** VDSM's: before the rules for main and default (32766, 32767). */
export const rulePriority = 3200;

/**
 * The routing of a network: what VDSM does for IPv4, for both families. With a gateway, packets from and to its subnet look
 * up a table of its own, which has the subnet on the link and a default route through the gateway; the network of the
 * default route has that route in table main too. A subnet that comes by DHCP or autoconfiguration is known only once the
 * link has an address of it; then there are the rules, and the routes are those of the program that got the address.
 *
 * @param present the addresses of the network's link now
 * @returns null for a network that needs nothing
 */
export function documentForNetwork(network: VdsmNetwork, present: readonly LinkAddress[]): DocumentInput | null {
  const parts = [partOf(network, 4, present), partOf(network, 6, present)];
  const routes = parts.flatMap((part) => part.routes);
  const rules = parts.flatMap(({ subnets }) => subnets.flatMap((subnet) => rulesFor(subnet, linkOf(network))));
  if (routes.length + rules.length === 0) return null;
  return { version: 1, routes, rules };
}

/** The routes of one family, and the subnets whose packets look up the network's own table. */
function partOf(network: VdsmNetwork, family: 4 | 6, present: readonly LinkAddress[]) {
  const { defaultRoute } = network;
  const dev = linkOf(network);
  const table = tableOf(dev);
  const via = family === 4 ? network.gateway : network.ipv6gateway;
  const subnets = via === null && !waitsForLease(network, family) ? [] : subnetsOf(network, family, present);
  if (via === null) return { routes: [], subnets };
  const to = family === 4 ? "0.0.0.0/0" : "::/0";
  const connected = subnets.map((subnet): RouteInput => ({ to: subnet, dev, table }));
  const own: RouteInput[] = subnets.length === 0 ? [] : [{ to, via, dev, table }];
  const main: RouteInput[] = defaultRoute ? [{ to, via, dev }] : [];
  return { routes: [...connected, ...own, ...main], subnets };
}

function subnetsOf(network: VdsmNetwork, family: 4 | 6, present: readonly LinkAddress[]): Prefix[] {
  const fixed = family === 4 ? network.ipv4 : network.ipv6;
  if (fixed !== null) return [networkPrefix(fixed.address, fixed.length)];
  if (!isDynamic(network, family)) return [];
  const leased = present.filter(({ address }) => familyOf(address) === family && !isLinkLocal(address));
  return [...new Set(leased.map(({ subnet }) => subnet))].sort();
}

/** Whether the gateway comes with the lease; the one of the default-route network goes into table main, which needs no rules. */
function waitsForLease(network: VdsmNetwork, family: 4 | 6): boolean {
  return isDynamic(network, family) && !network.defaultRoute;
}

/** Whether a network gets its addresses of a family from somewhere else. */
export function isDynamic(network: VdsmNetwork, family: 4 | 6): boolean {
  if (family === 4) return network.bootproto === "dhcp";
  return network.ipv6 === null && (network.dhcpv6 || network.ipv6autoconf);
}

function rulesFor(subnet: Prefix, dev: string) {
  const common = { table: tableOf(dev), priority: rulePriority, dev };
  return [
    { from: subnet, ...common },
    { to: subnet, ...common },
  ];
}

/** fe80::/10, and 169.254.0.0/16 (RFC 3927), which a DHCP client takes when nobody answers. */
function isLinkLocal(address: Address): boolean {
  return isLinkLocal6(address) || address.startsWith("169.254.");
}
