/** More [Route] sections than this on one link are refused whatever networkd takes: its reloads get too slow. */
export const ownLimit = 20_000;
/** What the kernel shows in net.ipv*.route.max_size for "no limit". */
const unlimited = 2_147_483_647;
/** networkd's own number where the kernel has none. */
const fallback = 4096;

/**
 * How many [Route] sections networkd loads for one link; it ignores the rest and says so only in its journal. From 257 on
 * the sum of both families' limits, where "no limit" counts as 4096 (measured); older ones take what is there.
 *
 * @param maxSizes net.ipv4.route.max_size and net.ipv6.route.max_size; null if not known
 */
export function routeLimit(version: number | null, maxSizes: readonly [number | null, number | null]): number {
  if (version === null || version < 257) return ownLimit;
  const sum = maxSizes.reduce<number>((total, size) => total + limitOf(size), 0);
  return Math.min(sum, ownLimit);
}

function limitOf(size: number | null): number {
  return size === null || size === unlimited ? fallback : Math.max(size, fallback);
}
