import type { Entry } from "../model/entry.ts";
import type { KernelEntries } from "../model/state.ts";
import { observeKernelLinks } from "../observe/observeKernel.ts";
import { planKernel } from "../plan/kernel.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { System } from "../system/system.ts";
import { holdBridges } from "./bridgesLive.ts";
import { applyLive } from "./live.ts";

/** In milliseconds. networkd takes its entries away while it answers, and for a little after it. */
const pause = 20;
const [calmRounds, mostRounds] = [5, 150];

/**
 * After a reload that took our files from links: networkd deletes what it had from them, whoever set it live before. What
 * goes is set again at once, until networkd has let go.
 *
 * @param released links that are kept live from now on
 */
export async function holdReleased(
  system: System,
  prepared: Prepared,
  expected: ReadonlyMap<string, Entry>,
  released: ReadonlySet<string>,
): Promise<void> {
  const { look, record, settings } = prepared;
  const here = new Map([...expected].filter(([, entry]) => released.has(entry.link)));
  for (let rounds = 0, calm = 0; calm < calmRounds && rounds < mostRounds; rounds++) {
    const held = await holdBridges(system, prepared, released);
    const [links, entries] = await Promise.all([observeKernelLinks(system), look(here)]);
    const missing = (state: KernelEntries) =>
      planKernel(here, { links, ...state }, record, false).changes.filter(({ action }) => action !== "remove");
    const changes = missing(entries);
    calm = changes.length === 0 && held ? calm + 1 : 0;
    if (changes.length > 0) await applyLive(system, changes, settings.routeProtocol, missing);
    await system.sleep(pause);
  }
}
