import { nearest } from "../desired/suggest.ts";
import { isDynamic } from "./vdsmDocument.ts";
import { linkOf, tableOf, type VdsmHost, type VdsmNetwork } from "./vdsmNetwork.ts";
import { type NetworkAttributes, networkKeys, optionKeys, type VdsmPayload } from "./vdsmPayload.ts";

/** Everything in a call that netkeep does not do, so that nobody takes it for done. */
export function leftToOthers({ networks, bondings, options }: VdsmPayload): string[] {
  const bonds = Object.keys(bondings);
  const notes =
    bonds.length === 0 ? [] : [`bondings are not netkeep's: ${bonds.join(", ")} is left to who sets up links`];
  for (const [name, attributes] of Object.entries(networks)) notes.push(...networkNotes(name, attributes));
  for (const key of Object.keys(options).filter((option) => !optionKeys.includes(option) && option !== inRollback)) {
    notes.push(`options.${key}: ${unknown(key, optionKeys)}`);
  }
  if (options.commitOnSuccess === false) {
    notes.push("options.commitOnSuccess: netkeep keeps what it has done over a reboot, also if false");
  }
  return notes;
}

/** VDSM's own mark of a call that takes another back. */
const inRollback = "_inRollback";

/** Of VDSM's own, and of no meaning to routes: known here so that they are not taken for slips. */
const otherKeys = ["hostQos", "onboot", "delay", "bondingOptions", "qosInbound", "qosOutbound", "blockingdhcp"];

/** Custom properties that decide about routes. */
const customKeys = ["default_route", "ovs"];

function networkNotes(name: string, attributes: NetworkAttributes): string[] {
  if (attributes.remove === true) return [];
  const { nameservers = [], stp = false, STP = false, custom = {} } = attributes;
  const left = [
    ...(nameservers.length > 0 ? ["nameservers"] : []),
    ...(stp || STP ? ["stp"] : []),
    ...Object.keys(custom).flatMap((key) => (customKeys.includes(key) ? [] : [`custom.${key}`])),
    ...Object.keys(attributes).filter((key) => otherKeys.includes(key)),
  ];
  const notes = left.length === 0 ? [] : [`${name}: left to others: ${left.join(", ")}`];
  if ("default_route" in custom) notes.push(`${name}.custom.default_route: is deprecated, use defaultRoute`);
  const strange = Object.keys(attributes).filter((key) => !networkKeys.includes(key) && !otherKeys.includes(key));
  return [...notes, ...strange.map((key) => `${name}.${key}: ${unknown(key, networkKeys)}`)];
}

function unknown(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return `unknown, and left out${guess === null ? "" : `; did you mean "${guess}"?`}`;
}

/**
 * Where a network's link is not as the call says: netkeep sets no address and no MTU, gets no lease, and takes no route of
 * somebody else away.
 */
export function linkNotes(network: VdsmNetwork, { links, foreignDefaults }: VdsmHost): string[] {
  const { name, ipv4, ipv6, gateway, ipv6gateway, mtu, defaultRoute } = network;
  const dev = linkOf(network);
  const link = links?.get(dev);
  const notes = links === null || link !== undefined ? [] : [`${name}: there is no link ${dev} yet`];
  for (const own of [ipv4, ipv6]) {
    if (own === null || link === undefined || link.addresses.some(({ address }) => address === own.address)) continue;
    notes.push(`${name}: ${dev} does not have ${own.address}/${own.length}, and netkeep sets no addresses`);
  }
  if (link !== undefined && link.mtu !== null && link.mtu !== mtu) {
    notes.push(`${name}: ${dev} has an MTU of ${link.mtu}, not ${mtu}, and netkeep sets none`);
  }
  if (gateway !== null && gateway === ipv4?.address) notes.push(`${name}.gateway: is the network's own address`);
  if (ipv6gateway !== null && ipv6gateway === ipv6?.address) {
    notes.push(`${name}.ipv6gateway: is the network's own address`);
  }
  for (const route of foreignDefaults) {
    if (defaultRoute || route.link !== dev || (route.gateway !== gateway && route.gateway !== ipv6gateway)) continue;
    notes.push(`${name}: the default route via ${route.gateway} dev ${dev} is somebody else's, and stays`);
  }
  return [...notes, ...leaseNotes(network)];
}

function leaseNotes(network: VdsmNetwork): string[] {
  if (network.defaultRoute) return [];
  const sections = [
    ...(network.bootproto === "dhcp" ? ["[DHCPv4]"] : []),
    ...(isDynamic(network, 6) && network.ipv6autoconf ? ["[IPv6AcceptRA]"] : []),
  ];
  if (sections.length === 0) return [];
  const table = tableOf(linkOf(network));
  return [
    `${network.name}: the routes of its lease are not netkeep's; RouteTable=${table} in ${sections.join(" and ")} of its base file puts them there`,
  ];
}
