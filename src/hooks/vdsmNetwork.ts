import type { Address, Prefix } from "../model/address.ts";

/** The numbers of VDSM's network errors that netkeep's answers have too; 0 is "done". */
export const vdsmErrors = {
  lostConnection: 10,
  badParameters: 21,
  badAddress: 22,
  badNic: 23,
  usedNic: 24,
  badBonding: 25,
  badVlan: 26,
  badBridge: 27,
  failedToBringUp: 29,
  usedBond: 31,
} as const;
export type VdsmError = (typeof vdsmErrors)[keyof typeof vdsmErrors];

/** One thing that is wrong with a payload. `subject`: the network or bond, with the attribute, such as `net1.gateway`. */
export interface VdsmProblem {
  readonly code: VdsmError;
  readonly subject: string;
  readonly message: string;
}

/** An address with the length of its subnet's prefix. */
export interface VdsmAddress {
  readonly address: Address;
  readonly length: number;
}

/**
 * A network of setupNetworks in VDSM's canonical form: every default is filled in, addresses are canonical. Only what
 * routes, rules and the checks depend on; null is "not given".
 */
export interface VdsmNetwork {
  readonly name: string;
  readonly nic: string | null;
  readonly bonding: string | null;
  readonly vlan: number | null;
  readonly bridged: boolean;
  readonly switch: "legacy" | "ovs";
  readonly mtu: number;
  readonly bootproto: "dhcp" | "none";
  readonly ipv4: VdsmAddress | null;
  readonly gateway: Address | null;
  readonly ipv6: VdsmAddress | null;
  readonly ipv6gateway: Address | null;
  readonly ipv6autoconf: boolean;
  readonly dhcpv6: boolean;
  readonly defaultRoute: boolean;
  readonly nameservers: readonly string[];
}

/** What of a host a call is measured against. */
export interface VdsmHost {
  /** The networks that the calls before have set, by name. */
  readonly running: ReadonlyMap<string, VdsmNetwork>;
  /** null below --root, where there are none to look at. */
  readonly links: ReadonlyMap<string, VdsmLink> | null;
  /** Default routes in table main that are not netkeep's. */
  readonly foreignDefaults: readonly { readonly link: string; readonly gateway: Address }[];
}

export interface VdsmLink {
  readonly addresses: readonly LinkAddress[];
  /** Bytes; null where it could not be read. */
  readonly mtu: number | null;
}

/** An address that a link has. */
export interface LinkAddress {
  readonly address: Address;
  readonly subnet: Prefix;
}

/** On whose behalf the routes and rules of a network exist. */
export function vdsmOwner(network: string): string {
  return `${ownerPrefix}${network}`;
}

/** The network of an owner; null for an owner that is none of VDSM's. */
export function vdsmNetworkOf(owner: string): string | null {
  return owner.startsWith(ownerPrefix) ? owner.slice(ownerPrefix.length) : null;
}

const ownerPrefix = "vdsm:";

/** The device under a network: its NIC or bond, with the VLAN; null for one that has none. */
export function southboundOf({ nic, bonding, vlan }: VdsmNetwork): string | null {
  const device = bonding ?? nic;
  if (device === null) return null;
  return vlan === null ? device : `${device}.${vlan}`;
}

/** The link on which a network's routes go: the bridge or Open vSwitch port of its name, else the device under it. */
export function linkOf(network: VdsmNetwork): string {
  if (network.bridged || network.switch === "ovs") return network.name;
  return southboundOf(network) ?? network.name;
}

/** VDSM's table for a link: the Adler-32 checksum (RFC 1950) of its name, always above 65,535. */
export function tableOf(link: string): number {
  let [low, high] = [1, 0];
  for (const byte of new TextEncoder().encode(link)) {
    low = (low + byte) % adlerModulus;
    high = (high + low) % adlerModulus;
  }
  return high * 65_536 + low;
}

const adlerModulus = 65_521;
