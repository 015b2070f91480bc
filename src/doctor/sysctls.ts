import type { Facts } from "./facts.ts";

/** A sysctl as a number; null if it is not there, or was not asked for. */
export function sysctl(facts: Facts, key: string): number | null {
  const text = facts.sysctls.get(key);
  return text === undefined || text.trim() === "" ? null : Number(text);
}

/** net.ipv4.conf.LINK.KEY or net.ipv6.conf.LINK.KEY. */
export function linkSysctl(facts: Facts, family: "ipv4" | "ipv6", link: string, key: string): number | null {
  return sysctl(facts, `net.${family}.conf.${link}.${key}`);
}

/** The settings that the checks read, of each link that matters, and of `all` and `default`. */
export const linkKeys: readonly (readonly ["ipv4" | "ipv6", string])[] = [
  ["ipv4", "forwarding"],
  ["ipv4", "rp_filter"],
  ["ipv6", "forwarding"],
  ["ipv6", "force_forwarding"],
  ["ipv6", "accept_ra"],
  ["ipv6", "disable_ipv6"],
];

/** The settings of the host that the checks read. */
export const hostKeys: readonly string[] = [
  "net.ipv4.route.max_size",
  "net.ipv6.route.max_size",
  "net.ipv4.neigh.default.gc_thresh2",
  "net.ipv4.neigh.default.gc_thresh3",
  "net.ipv6.neigh.default.gc_thresh2",
  "net.ipv6.neigh.default.gc_thresh3",
  "net.bridge.bridge-nf-call-iptables",
  "net.bridge.bridge-nf-call-ip6tables",
  "kernel.osrelease",
];
