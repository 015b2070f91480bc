import type { Prefix } from "./address.ts";
import { type Address, addressOf, familyOf, lengthOf } from "./address.ts";
import { type Entry, entryText, entryTitle } from "./entry.ts";
import type { MacAddress } from "./mac.ts";

/** An address of a link with the length of its subnet, `169.254.0.1/32`; unlike a `Prefix` it may have host bits. */
export type LinkAddress = string & { readonly is: "LinkAddress" };

/** net.ipv4.conf.LINK.rp_filter: off, strict (RFC 3704 §2.2), loose. */
export type ReversePathFilter = 0 | 1 | 2;

/**
 * A bridge without an uplink that routed guests have as their gateway, with the same addresses and MAC on each host. What
 * makes it hard: the kernel gives a bridge the lowest MAC of its ports unless it is pinned, and a change of MAC takes all
 * neighbors away; and the same address is on many links, so that ARP has to be told which one answers.
 */
export interface Bridge {
  readonly kind: "bridge";
  readonly link: string;
  readonly mac: MacAddress;
  /** In canonical spelling and sorted. */
  readonly addresses: readonly LinkAddress[];
  readonly forwarding: boolean;
  /** ip-sysctl(7) arp_ignore and arp_announce; null is as the host has it. */
  readonly arpIgnore: number | null;
  readonly arpAnnounce: number | null;
  readonly rpFilter: ReversePathFilter | null;
}

/** A setting of the kernel for one link: the words after /proc/sys/, and the value. */
export interface Sysctl {
  readonly key: string;
  readonly value: string;
}

/** What our files say of a bridge. */
export interface RecordedBridge {
  readonly mac: string | null;
  readonly addresses: readonly string[];
}

/** Complete canonical text; equal texts mean equal bridges. */
export function bridgeText(bridge: Bridge): string {
  const options = [
    bridge.forwarding ? [] : ["forwarding off"],
    bridge.arpIgnore === null ? [] : [`arp_ignore ${bridge.arpIgnore}`],
    bridge.arpAnnounce === null ? [] : [`arp_announce ${bridge.arpAnnounce}`],
    bridge.rpFilter === null ? [] : [`rp_filter ${bridge.rpFilter}`],
  ].flat();
  return [bridge.link, `address ${bridge.mac}`, ...bridge.addresses, ...options].join(" ");
}

/**
 * What the kernel has to be told for this bridge. A guest's router advertisements must not configure the host, so
 * accept_ra is always off.
 */
export function sysctlsOf(bridge: Bridge): Sysctl[] {
  const { link, forwarding, arpIgnore, arpAnnounce, rpFilter } = bridge;
  const at = (family: 4 | 6, name: string, value: number | null): Sysctl[] =>
    value === null ? [] : [{ key: `net/ipv${family}/conf/${link}/${name}`, value: String(value) }];
  return [
    ...at(4, "forwarding", forwarding ? 1 : 0),
    ...at(4, "arp_ignore", arpIgnore),
    ...at(4, "arp_announce", arpAnnounce),
    ...at(4, "rp_filter", rpFilter),
    ...(bridge.addresses.some((address) => familyOfLinkAddress(address) === 6) ? at(6, "disable_ipv6", 0) : []),
    ...at(6, "forwarding", forwarding ? 1 : 0),
    ...at(6, "accept_ra", 0),
  ];
}

export function familyOfLinkAddress(address: LinkAddress): 4 | 6 {
  return familyOf(address as string as Prefix);
}

/** 169.254.0.0/16 is of this link alone: of a wider scope it could become the source of packets on other links. */
export function isLinkScope4(address: LinkAddress): boolean {
  return address.startsWith("169.254.");
}

/** Without the length. */
export function bareAddress(address: LinkAddress): Address {
  return addressOf(address as string as Prefix);
}

export function lengthOfLinkAddress(address: LinkAddress): number {
  return lengthOf(address as string as Prefix);
}

/** What two owners can contradict each other about. */
export type Wanted = Entry | Bridge;

/** As `entryText`. */
export function wantedText(wanted: Wanted): string {
  return wanted.kind === "bridge" ? bridgeText(wanted) : entryText(wanted);
}

/** As `entryTitle`: with the kind in front. */
export function wantedTitle(wanted: Wanted): string {
  return wanted.kind === "bridge" ? `bridge ${bridgeText(wanted)}` : entryTitle(wanted);
}
