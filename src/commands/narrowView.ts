import { hasUnmarked } from "../kernel/unmarked.ts";
import { parseMac } from "../model/mac.ts";
import { places } from "../model/places.ts";
import type { KernelState } from "../model/state.ts";
import type { CommandContext } from "./context.ts";
import { type Memory, recall } from "./memory.ts";
import { observeKernelLinks, observeNeighborText } from "./observeKernel.ts";
import { findNetworkd } from "./observeNetworkd.ts";
import { type PendingReload, parsePending } from "./pending.ts";

/** The host as a run about few owners sees it: its links, and what the last run knew of the rest. */
export interface NarrowView {
  readonly memory: Memory;
  readonly links: KernelState["links"];
  /** Reloads that wait for a networkd that does not run; null for none. */
  readonly pending: PendingReload | null;
}

/**
 * null if the last run is not to be relied on: the settings, the documents or networkd are not what they were.
 *
 * @param leaving MACs of guests; null too if one of them has neighbors that are not ours
 */
export async function readNarrowView(
  { system, settings }: CommandContext,
  leaving: readonly string[] = [],
): Promise<NarrowView | null> {
  const memory = await recall(system, settings);
  if (memory === null) return null;
  const [neighbors, networkd, pendingText, links] = await Promise.all([
    leaving.length > 0 ? observeNeighborText(system) : "[]",
    findNetworkd(system),
    system.readText(places.reloadPending),
    observeKernelLinks(system),
  ]);
  if (networkd.identity !== memory.networkd.identity) return null;
  const macs = leaving.map((text) => parseMac(text)).flatMap((mac) => ("value" in mac ? [mac.value] : []));
  if (macs.some((mac) => hasUnmarked(neighbors, mac, settings.routeProtocol))) return null;
  const pending = parsePending(pendingText);
  // A run that was killed before or during its reload is to be completed by one that looks at everything.
  const unfinished = pendingText !== null && (memory.networkd.running || (pending?.guarded.length ?? 1) > 0);
  return unfinished ? null : { memory, links, pending };
}
