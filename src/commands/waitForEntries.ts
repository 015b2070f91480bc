import type { CommandContext } from "../context.ts";
import type { Entry } from "../model/entry.ts";
import { parseLinkStates } from "../networkd/describe.ts";
import { netdevHints } from "../networkd/matchNetdev.ts";
import { observeKernelLinks } from "../observe/observeKernel.ts";
import { observeNetworkd } from "../observe/observeNetworkd.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import type { System } from "../system/system.ts";
import { missingNow } from "../transact/verify.ts";

const pause = 100;
/** In milliseconds: for networkd to make a link of a .netdev file. */
const creationPatience = 5000;

/**
 * Waits while networkd is still at work on links whose entries are not all in the kernel. It does not wait for what nobody
 * is working on: a link that does not exist, a link that is set up without its entries, a networkd that does not run.
 *
 * @param links the links in question, each of which has just appeared: one that is kept live may take its time to come up;
 *   empty: all links, whenever they came
 * @returns the host as it is at the end of the waiting
 */
export async function waitForEntries(
  { system, settings }: CommandContext,
  seconds: number,
  links: readonly string[],
): Promise<Prepared> {
  const begin = system.now();
  await waitForNetworkd(system, begin + seconds * 1000);
  const options = { given: [], persistence: "persistent", adopt: false, tolerant: true } as const;
  const look = () => prepare(system, settings, options);
  const prepared = await look();
  const { entries, observed, layout } = prepared;
  const concerns = ({ link }: Entry) => links.length === 0 || links.includes(link);
  const expected = new Map([...entries].filter(([, entry]) => concerns(entry)));
  const made = netdevHints(observed.tree, observed.host);
  for (let rounds = 0; ; rounds++) {
    const missing = await missingNow(prepared.look, expected, settings.routeProtocol);
    const elapsed = system.now() - begin;
    if (missing.length === 0 || elapsed > seconds * 1000) return rounds === 0 ? prepared : look();
    const states = observed.networkd.running ? await linkStates(system) : new Map<string, string>();
    const now = links.length === 0 ? null : await observeKernelLinks(system);
    const busy = [...new Set(missing.map(({ entry }) => entry.link))].some((link) => {
      if (layout.live.has(link)) return now?.get(link)?.up === false;
      if (!observed.networkd.running) return false;
      const state = states.get(link);
      if (state === undefined) return made.has(link) && elapsed < creationPatience;
      return /^(pending|initialized|configuring)$/.test(state);
    });
    if (!busy) return rounds === 0 ? prepared : look();
    await system.sleep(pause);
  }
}

async function linkStates(system: System): Promise<Map<string, string>> {
  return parseLinkStates((await system.run("networkctl", ["list", "--no-legend", "--no-pager"])).stdout);
}

/** networkd starts before the bus does: it is up some time before it can be asked. */
async function waitForNetworkd(system: System, end: number): Promise<void> {
  while (!(await observeNetworkd(system)).running && system.now() < end) {
    const unit = await system.run("systemctl", ["is-active", "systemd-networkd.service"]);
    if (!/^(active|activating|reloading)$/.test(unit.stdout.trim())) return;
    await system.sleep(pause);
  }
}
