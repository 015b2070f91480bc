import { bootProtocol, kernelProtocol, staticProtocol } from "./route.ts";

/** rtnetlink(7) and include/uapi/linux/rtnetlink.h: RTPROT_* of those that set routes by themselves. */
const daemons: Readonly<Record<number, string>> = {
  1: "ICMP redirects",
  8: "gated",
  9: "router advertisements",
  10: "mrt",
  11: "zebra",
  12: "bird",
  13: "DECnet",
  14: "xorp",
  15: "netsukuku",
  16: "DHCP",
  17: "mrouted",
  18: "keepalived",
  42: "babel",
  99: "openr",
  186: "BGP",
  187: "IS-IS",
  188: "OSPF",
  189: "RIP",
  192: "EIGRP",
};

/** Who sets routes of this protocol by itself, by name; null for nobody that is known. */
export function daemonOfProtocol(protocol: number): string | null {
  return daemons[protocol] ?? null;
}

/**
 * Who set an entry, in words.
 *
 * @param protocol of the entry; null for a neighbor without a mark
 * @param own RouteProtocol=
 */
export function installerText(protocol: number | null, own: number): string {
  if (protocol === null) return "somebody who leaves no mark (networkd, a script, a hand)";
  if (protocol === own) return `netkeep or its drop-in (protocol ${protocol})`;
  if (protocol === kernelProtocol) return "the kernel itself";
  if (protocol === bootProtocol) return "a script or by hand (protocol boot)";
  if (protocol === staticProtocol) return "an administrator or networkd (protocol static)";
  const name = daemonOfProtocol(protocol);
  return name === null ? `a program of protocol ${protocol}` : `${name} (protocol ${protocol})`;
}
