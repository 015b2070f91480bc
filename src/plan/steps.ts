import type { KernelChange } from "../model/change.ts";
import { rank } from "./kernel.ts";

/** The lists of a step can be carried out at the same time, each in its order; the next step comes after all of them. */
type Steps = readonly (readonly (readonly KernelChange[])[])[];

/** From how many changes on a second process is worth its start. */
const many = 1000;

/**
 * Cuts changes in safe order so that two `ip` can work at once, which takes half of the time: setting neighbors and setting
 * routes on the link do not need each other. A packet that finds its route first waits in the kernel for the neighbor.
 */
export function concurrentSteps(changes: readonly KernelChange[]): Steps {
  const firstRoute = changes.findIndex((change) => rank(change) > 0);
  const rest = changes.findIndex((change) => rank(change) > 1);
  const end = rest < 0 ? changes.length : rest;
  if (Math.min(firstRoute, end - firstRoute) < many) return [[changes]];
  // Routes take longer, and so begin first.
  const first = [changes.slice(firstRoute, end), changes.slice(0, firstRoute)];
  return end === changes.length ? [first] : [first, [changes.slice(end)]];
}
