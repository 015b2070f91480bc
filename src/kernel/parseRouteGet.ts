import type { Family } from "../model/address.ts";
import type { KernelRoute } from "../model/state.ts";
import { parseRoutes } from "./parseRoutes.ts";

/** What `ip -j -N route get fibmatch ADDRESS` says: the route that a packet of this host takes, or why none. */
export type RouteGet =
  | { readonly kind: "route"; readonly route: KernelRoute }
  | { readonly kind: "local" }
  | { readonly kind: "none"; readonly reason: string };

/** The errors of fib_lookup() and of fib rules: what the route's type or the rule's action makes of a packet. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/Invalid argument/, "a blackhole drops it"],
  [/No route to host/, "an unreachable route refuses it"],
  [/Permission denied|Operation not permitted/, "a prohibit route refuses it"],
  [/Network is unreachable/, "there is no route"],
];

export function parseRouteGet(result: { readonly stdout: string; readonly stderr: string }, family: Family): RouteGet {
  const text = result.stdout.trim();
  if (!text.startsWith("[")) {
    const said = result.stderr.trim().split("\n")[0] ?? "";
    return { kind: "none", reason: reasons.find(([pattern]) => pattern.test(said))?.[1] ?? said };
  }
  const [route] = parseRoutes(text, family);
  // Of table local only what the kernel set itself is left out: the host's own addresses.
  return route === undefined ? { kind: "local" } : { kind: "route", route };
}
