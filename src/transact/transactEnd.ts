import type { KernelChange } from "../model/change.ts";
import { type Entry, entryKey, entryTitle } from "../model/entry.ts";
import { isOursToRemove } from "../model/ownership.ts";
import type { KernelEntries } from "../model/state.ts";
import { observeKernelLinks } from "../observe/observeKernel.ts";
import { planKernel } from "../plan/kernel.ts";
import type { Threat } from "../plan/threats.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { System } from "../system/system.ts";
import { applyLive } from "./live.ts";
import { findShortfalls, lostForeign, restoreForeign, type Shortfall, type Verified } from "./verify.ts";

/**
 * In milliseconds: what the kernel is given before something is set again, and after that. networkd says that it is done some time
 * before an address that flaps is back; where it was told nothing, nobody else is about to set what is missing.
 */
const withNetworkd = { first: 500, last: 3000 };
const alone = { first: 0, last: 0 };

/** How the kernel is at the end of a transaction. */
export interface Settled {
  readonly shortfalls: readonly Shortfall[];
  /** What was ours to set or take away once more, after all that was planned. */
  readonly again: readonly KernelChange[];
  /** Foreign entries that networkd deleted and that were set again, and those that could not be. */
  readonly restored: readonly string[];
  readonly lost: readonly string[];
}

/** What has to be in the kernel now. Entries that waited for a link count only after networkd had its turn. */
export function expectedLive(
  prepared: Prepared,
  refused: ReadonlySet<string>,
  options: { readonly live: boolean },
  reloaded: boolean,
): ReadonlyMap<string, Entry> {
  if (!options.live && !reloaded) return new Map();
  const { entries, waiting, bridges, layout } = prepared;
  const absent = new Set(
    waiting
      .filter(({ link }) => !reloaded || layout.live.has(link) || !bridges.kernel.links.has(link))
      .map((entry) => entryKey(entry)),
  );
  if (refused.size + absent.size === 0) return entries;
  return new Map([...entries].filter(([key]) => !refused.has(key) && !absent.has(key)));
}

/** Sets again what networkd took away, of others and of ours, and says what is still missing then. */
export async function settle(
  system: System,
  prepared: Prepared,
  expected: ReadonlyMap<string, Entry>,
  threats: readonly Threat[],
  options: { readonly live: boolean; readonly adopt: boolean },
  reloaded: boolean,
): Promise<Settled> {
  if (system.offline || (expected.size === 0 && !reloaded))
    return { shortfalls: [], again: [], restored: [], lost: [] };
  const protocol = prepared.settings.routeProtocol;
  const guarded = threats.flatMap(({ entry, restorable }) =>
    reloaded && restorable && entry.kind !== "rule" ? [entry] : [],
  );
  const { look } = prepared;
  const patience = reloaded ? withNetworkd : alone;
  const first = options.live ? patience.first : patience.last;
  let { shortfalls, entries, others } = await findShortfalls(system, look, expected, protocol, first);
  const astray = options.live && (shortfalls.length > 0 || hasLeftovers(prepared, others));
  const links = guarded.length > 0 || astray ? await observeKernelLinks(system) : new Map();
  const gone = guarded.length === 0 ? [] : lostForeign(guarded, { links, ...entries });
  const lost = gone.length === 0 ? [] : await restoreForeign(system, gone);
  let again: readonly KernelChange[] = [];
  if (astray) {
    const replan = (state: KernelEntries) => planKernel(expected, { links, ...state }, prepared.record, options.adopt);
    const plan = replan(entries);
    again = (await applyLive(system, plan.changes, protocol, (state) => replan(state).changes)).applied;
    // A link that has gone down meanwhile; networkd would have brought it up.
    const absent = new Set(reloaded ? [] : plan.waiting.map(entryKey));
    const present = absent.size === 0 ? expected : new Map([...expected].filter(([key]) => !absent.has(key)));
    ({ shortfalls } = await findShortfalls(system, look, present, protocol, patience.last));
  }
  const stillLost = new Set(lost.map(entryTitle));
  const restored = gone.map(entryTitle).filter((text) => !stillLost.has(text));
  return { shortfalls, again, restored, lost: [...stillLost] };
}

/** Ours and no longer wanted, and still there: networkd 252 leaves removed routes in the kernel. */
function hasLeftovers({ record }: Prepared, others: Verified["others"]): boolean {
  return others.some((entry) => isOursToRemove(entry, record));
}
