import { type Address, familyOf, parseAddress } from "../model/address.ts";
import { type VdsmAddress, type VdsmError, type VdsmNetwork, type VdsmProblem, vdsmErrors } from "./vdsmNetwork.ts";
import type { NetworkAttributes } from "./vdsmPayload.ts";

/** Bytes; what VDSM takes for a network that says none. */
const defaultMtu = 1500;
/** The highest VLAN tag that VDSM takes. */
const highestVlan = 4094;

/**
 * A network as the call says it → VDSM's canonical form, with every problem of its values by themselves. A value with a
 * problem counts as not given.
 */
export function canonicalNetwork(
  name: string,
  attributes: NetworkAttributes,
): { readonly network: VdsmNetwork; readonly problems: readonly VdsmProblem[] } {
  const problems: VdsmProblem[] = [];
  const wrong = (code: VdsmError, key: string, message: string) => {
    problems.push({ code, subject: `${name}.${key}`, message });
    return null;
  };
  const { custom = {} } = attributes;
  const network: VdsmNetwork = {
    name,
    nic: attributes.nic ?? null,
    bonding: attributes.bonding ?? null,
    vlan: vlanOf(attributes, wrong),
    bridged: attributes.bridged ?? true,
    switch: isTrue(custom["ovs"]) ? "ovs" : (attributes.switch ?? "legacy"),
    mtu: mtuOf(attributes, wrong),
    bootproto: attributes.bootproto ?? "none",
    ipv4: ipv4Of(attributes, wrong),
    gateway: addressOf(4, "gateway", attributes, wrong),
    ipv6: ipv6Of(attributes, wrong),
    ipv6gateway: addressOf(6, "ipv6gateway", attributes, wrong),
    ipv6autoconf: attributes.ipv6autoconf ?? false,
    dhcpv6: attributes.dhcpv6 ?? false,
    defaultRoute: "default_route" in custom ? isTrue(custom["default_route"]) : (attributes.defaultRoute ?? false),
    nameservers: attributes.nameservers ?? [],
  };
  return { network, problems };
}

/** The canonical form in VDSM's own keys, which `canonicalNetwork` reads back; what is not given is left out. */
export function attributesOf(network: VdsmNetwork): NetworkAttributes {
  const { name: _, ipv4, ipv6, ...rest } = network;
  const given = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    ...Object.fromEntries(given),
    nameservers: [...network.nameservers],
    ...(ipv4 === null ? {} : { ipaddr: ipv4.address, netmask: netmaskOf(ipv4.length) }),
    ...(ipv6 === null ? {} : { ipv6addr: `${ipv6.address}/${ipv6.length}` }),
  };
}

type Wrong = (code: VdsmError, key: string, message: string) => null;

function vlanOf({ vlan = null }: NetworkAttributes, wrong: Wrong): number | null {
  if (vlan === null || vlan === "") return null;
  const tag = wholeNumber(vlan);
  if (tag !== null && tag <= highestVlan) return tag;
  return wrong(vdsmErrors.badVlan, "vlan", `${JSON.stringify(vlan)} is not a VLAN tag, 0 to ${highestVlan}`);
}

/** 68 is the smallest of IPv4 (RFC 791), 65,535 the largest that a route can have. */
function mtuOf({ mtu = defaultMtu }: NetworkAttributes, wrong: Wrong): number {
  const size = wholeNumber(mtu);
  if (size !== null && size >= 68 && size <= 65_535) return size;
  wrong(vdsmErrors.badParameters, "mtu", `${JSON.stringify(mtu)} is not an MTU, 68 to 65535`);
  return defaultMtu;
}

function ipv4Of({ ipaddr, netmask, prefix = null }: NetworkAttributes, wrong: Wrong): VdsmAddress | null {
  const byLength = prefix !== null && prefix !== "";
  if (byLength && netmask !== undefined) {
    return wrong(vdsmErrors.badParameters, "prefix", "stands beside netmask: give one of them");
  }
  const length = byLength ? wholeNumber(prefix) : netmask === undefined ? null : lengthOfNetmask(netmask);
  if (byLength && (length === null || length < 1 || length > 32)) {
    return wrong(vdsmErrors.badAddress, "prefix", `${JSON.stringify(prefix)} is not a prefix length, 1 to 32`);
  }
  if (netmask !== undefined && length === null)
    wrong(vdsmErrors.badAddress, "netmask", `"${netmask}" is not a netmask`);
  if (ipaddr === undefined) {
    const key = byLength ? "prefix" : "netmask";
    return length === null ? null : wrong(vdsmErrors.badAddress, key, "is given without ipaddr");
  }
  const address = familyAddress(4, ipaddr);
  if (address === null) return wrong(vdsmErrors.badAddress, "ipaddr", `"${ipaddr}" is not an IPv4 address`);
  if (length === null) {
    return netmask === undefined ? wrong(vdsmErrors.badAddress, "ipaddr", "needs a netmask or prefix") : null;
  }
  return { address, length };
}

function ipv6Of({ ipv6addr }: NetworkAttributes, wrong: Wrong): VdsmAddress | null {
  if (ipv6addr === undefined) return null;
  const [, text = "", , digits = "128"] = /^([^/]*)(\/(.*))?$/s.exec(ipv6addr) ?? [];
  const address = familyAddress(6, text);
  const length = wholeNumber(digits);
  if (address !== null && length !== null && length >= 1 && length <= 128) return { address, length };
  return wrong(vdsmErrors.badAddress, "ipv6addr", `"${ipv6addr}" is not an IPv6 address with prefix length`);
}

function addressOf(
  family: 4 | 6,
  key: "gateway" | "ipv6gateway",
  attributes: NetworkAttributes,
  wrong: Wrong,
): Address | null {
  const text = attributes[key];
  if (text === undefined) return null;
  return familyAddress(family, text) ?? wrong(vdsmErrors.badAddress, key, `"${text}" is not an IPv${family} address`);
}

function familyAddress(family: 4 | 6, text: string): Address | null {
  const parsed = parseAddress(text);
  return "value" in parsed && familyOf(parsed.value) === family ? parsed.value : null;
}

/** The length of a dotted mask: ones, then zeros; null if it is none, or all zeros. */
function lengthOfNetmask(text: string): number | null {
  const length = netmasks.indexOf(text);
  return length > 0 ? length : null;
}

function netmaskOf(length: number): string {
  return netmasks[length] ?? "";
}

/** By their length. */
const netmasks = Array.from({ length: 33 }, (_, length) =>
  [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - from)))).join("."),
);

/** Digits only: `Number` takes more, such as "" and "0x10". */
function wholeNumber(value: number | string): number | null {
  return /^\d{1,9}$/.test(String(value)) ? Number(value) : null;
}

/** As VDSM reads its custom properties. */
function isTrue(value: unknown): boolean {
  return /^(true|yes|on|1)$/i.test(String(value));
}
