import type { CommandContext } from "../context.ts";
import { indexedOwner } from "../desired/ownerIndex.ts";
import { hasUnmarked } from "../kernel/unmarked.ts";
import { parseMac } from "../model/mac.ts";
import { places } from "../model/places.ts";
import type { KernelState } from "../model/state.ts";
import { observeLinkText, observeNeighborText } from "../observe/ipText.ts";
import { linkStatesIn } from "../observe/observeKernel.ts";
import { isSameNetworkd } from "../observe/observeNetworkd.ts";
import { type PendingReload, parsePending } from "../observe/pending.ts";
import { readAnnounced } from "./announcedRules.ts";
import { type Memory, recall } from "./memory.ts";

/** The host as a run about few owners sees it: its links, and what the last run knew of the rest. */
export interface NarrowView {
  readonly memory: Memory;
  readonly links: KernelState["links"];
  /** Reloads that wait for a networkd that does not run; null for none. */
  readonly pending: PendingReload | null;
  /** Links that are looked at besides those of the owners: a guest that nothing is known of may be the first call there. */
  readonly around: readonly string[];
  /** What `ip` lists of all neighbors; null if no guest leaves. */
  readonly neighbors: Promise<string> | null;
}

/**
 * null if the last run is not to be relied on: the settings, the documents or networkd are not what they were.
 *
 * @param around links that the run is about besides those of its owners
 * @param leaving whether guests leave, see `hasStrays`
 */
export async function readNarrowView(
  { system, settings }: CommandContext,
  around: readonly string[] = [],
  leaving = false,
): Promise<NarrowView | null> {
  if (system.offline) return null;
  // `ip` is asked before we read, and looks meanwhile.
  const asked = observeLinkText(system);
  asked.catch(nobodyWaits);
  // On a large host it lists as long as the rest of the run takes, so it begins as soon as it can.
  if (leaving) await asked.catch(nobodyWaits);
  const neighbors = leaving ? observeNeighborText(system) : null;
  neighbors?.catch(nobodyWaits);
  const memory = await recall(system, settings);
  if (memory === null) return null;
  const [isSame, pendingText, announced, linkText] = await Promise.all([
    isSameNetworkd(system, memory.networkd),
    system.readText(places.reloadPending),
    readAnnounced(system),
    asked,
  ]);
  if (!isSame) return null;
  const pending = parsePending(pendingText);
  // A run that was killed before or during its reload is to be completed by one that looks at everything.
  const mayBeKilled = memory.networkd.running && pending?.complete !== true;
  const unfinished = pendingText !== null && (mayBeKilled || (pending?.guarded.length ?? 1) > 0);
  return unfinished || announced.length > 0
    ? null
    : { memory, links: linkStatesIn(linkText), pending, around, neighbors };
}

/**
 * Whether guests that leave have neighbors that are not ours: an agent's script may have set them. What is recorded of the
 * guest itself goes with it in any case.
 */
export async function hasStrays(
  { settings }: CommandContext,
  { memory, neighbors }: NarrowView,
  leaving: readonly { readonly owner: string; readonly mac: string }[],
): Promise<boolean> {
  const guests = leaving.flatMap(({ owner, mac: text }) => {
    const mac = parseMac(text);
    return "value" in mac ? [{ mac: mac.value, keys: new Set(indexedOwner(memory.index, owner)?.keys) }] : [];
  });
  if (guests.length === 0 || neighbors === null) return false;
  const listed = await neighbors;
  return guests.some(({ mac, keys }) => hasUnmarked(listed, mac, settings.routeProtocol, keys));
}

/** An answer that is not needed after all is nobody's error. */
function nobodyWaits(): void {}
