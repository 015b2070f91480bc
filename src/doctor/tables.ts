import type { Family } from "../model/address.ts";
import { type Check, fail, type Outcome, ok, skip, warn, withoutKernel } from "./check.ts";
import type { Facts } from "./facts.ts";
import { setSysctls } from "./shell.ts";
import { sysctl } from "./sysctls.ts";

/** Before 5.0 permanent neighbors count too (kernel commit 58956317c8de); before 6.3 IPv6 routes have a limit. */
export const neighborTable: Check = {
  code: "neighbor-table",
  about: "the neighbor tables have room",
  why:
    'Above gc_thresh3 the kernel makes no new neighbor, and hosts on the link cannot be reached ("neighbour: ndisc_cache: ' +
    'neighbor table overflow!"). Permanent neighbors do not count, from kernel 5.0 on.',
  examine: (facts) =>
    facts.offline ? [withoutKernel] : ([4, 6] as const).map((family) => examineNeighbors(family, facts)),
};

function examineNeighbors(family: Family, facts: Facts): Outcome {
  const prefix = `net.ipv${family}.neigh.default.gc_thresh`;
  const [forced, most] = [sysctl(facts, `${prefix}2`), sysctl(facts, `${prefix}3`)];
  if (forced === null || most === null)
    return skip(null, `${prefix}3 is not there: a network namespace shares the host's`);
  const { permanent, others } = facts.neighbors;
  const counted = others[family] + (release(facts) < 5 ? permanent[family] : 0);
  const evidence = `IPv${family}: ${counted} neighbors count, ${permanent[family]} permanent; gc_thresh2 ${forced}, gc_thresh3 ${most}`;
  const size = 2 ** Math.ceil(Math.log2(Math.max(counted * 4, most * 2, 4096)));
  const values = { [`${prefix}1`]: size / 4, [`${prefix}2`]: size / 2, [`${prefix}3`]: size };
  const fix = setSysctls(`neighbors${family}`, values);
  if (counted >= most * 0.9) return fail(null, [evidence], fix);
  return counted >= forced ? warn(null, [evidence], fix) : ok(null, evidence);
}

const unlimited = 2_147_483_647;

export const routeTable: Check = {
  code: "route-table",
  about: "the IPv6 routing table has room",
  why: "Before kernel 6.3 net.ipv6.route.max_size limits IPv6 routes; above it the kernel refuses new ones.",
  examine: (facts) => (facts.offline ? [withoutKernel] : [examineRoutes(facts)]),
};

function examineRoutes(facts: Facts): Outcome {
  const most = sysctl(facts, "net.ipv6.route.max_size");
  if (most === null) return skip(null, "net.ipv6.route.max_size is not there");
  const evidence = `${facts.routes.ipv6} IPv6 routes; net.ipv6.route.max_size ${most}`;
  if (most === unlimited || release(facts) >= 6.03) return ok(null, evidence);
  const fix = setSysctls("routes", { "net.ipv6.route.max_size": Math.max(100_000, facts.routes.ipv6 * 4) });
  if (facts.routes.ipv6 >= most * 0.9) return fail(null, [evidence], fix);
  return facts.routes.ipv6 >= most * 0.5 ? warn(null, [evidence], fix) : ok(null, evidence);
}

/** 6.1.0-13-amd64 → 6.01; not known counts as new. */
function release({ sysctls }: Facts): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(sysctls.get("kernel.osrelease") ?? "99.0") ?? [];
  return Number(major) + Number(minor) / 100;
}
