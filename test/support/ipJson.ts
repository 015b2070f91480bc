import type { RuleJson } from "./fakeRules.ts";

/** The parts of `ip -j -N` output that the fake kernel keeps; unknown fields of captured output are kept as they are. */
export interface HopJson {
  gateway?: string;
  via?: { family: string; host: string };
  dev?: string;
  weight?: number;
  flags: string[];
}

export interface RouteJson extends HopJson {
  dst: string;
  type?: string;
  table?: string;
  protocol?: string;
  scope?: string;
  prefsrc?: string;
  metric?: number;
  metrics?: Record<string, number>[];
  nexthops?: HopJson[];
  nhid?: number;
  pref?: string;
}

export interface NeighborJson {
  dst: string;
  dev: string;
  lladdr?: string;
  state: string[];
  protocol?: string;
}

export interface LinkJson {
  ifindex: number;
  ifname: string;
  flags: string[];
  link_type?: string;
  address?: string;
  group?: string;
  master?: string;
  linkinfo?: { info_kind?: string; info_data?: Record<string, unknown> };
  addr_info: { family: string; local?: string; prefixlen?: number }[];
}

/** What one reading of a host prints. */
export interface IpOutput {
  readonly route4: RouteJson[];
  readonly route6: RouteJson[];
  readonly neigh: NeighborJson[];
  readonly address: LinkJson[];
  /** Policy rules with the kernel's own; absent: there are no others. */
  readonly rule4?: RuleJson[];
  readonly rule6?: RuleJson[];
}

/** An error that `ip` prints before it goes on (`fatal` false) or ends, even with -force, without a line number. */
export class IpError extends Error {
  readonly fatal: boolean;
  readonly status: number;

  constructor(message: string, fatal = false, status = 1) {
    super(message);
    this.fatal = fatal;
    this.status = status;
  }
}

export const isV6 = (text: string) => text.includes(":");

/** inet_ntop(3) writes IPv4-mapped addresses dotted, and netkeep in groups. */
export function asIpPrints(address: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped === null) return address;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

export function routeKey({ table = "254", dst, metric = 0, pref }: RouteJson): string {
  return `${table} ${dst === "default" && pref !== undefined ? "default6" : dst} ${metric}`;
}

export function neighborKey({ dev, dst }: NeighborJson): string {
  return `${dev} ${dst}`;
}

/** Equal texts mean equal content, whatever the order of the fields. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
