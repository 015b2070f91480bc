import { CommandError } from "../errors.ts";
import type { KernelState } from "../model/state.ts";
import type { System } from "../system/system.ts";
import { type LinkStates, linkStates, listedStates } from "./linkStates.ts";

/** Where the links stood when the waiting ended. */
export interface ReloadResult {
  /** SETUP by link: configured, failed, or what they were still doing at the end of the time. */
  readonly states: ReadonlyMap<string, string>;
}

/** In milliseconds: steps of the polls after a reload. */
const firstPause = 1;
/** While networkd is reloading for somebody else. */
const busyPause = 10;
const longestBusyPause = 200;
/** How long a link may be `configuring` before the kernel is asked whether there is anything left to wait for. */
const lookEvery = 3000;

/**
 * `networkctl reload`, repeated while networkd says that it is reloading already: the refused one may not have seen our
 * files. Its exit status says nothing about the entries, so the links are watched until they are set up.
 *
 * @param kernelLinks for the indexes of the links
 * @param satisfied whether the kernel has all that is wanted; asked from time to time while a link stays `configuring`
 * @throws CommandError if networkd does not take the reload
 */
export async function reloadNetworkd(
  system: System,
  links: readonly string[],
  kernelLinks: KernelState["links"],
  seconds: number,
  satisfied: () => Promise<boolean>,
): Promise<ReloadResult> {
  const end = system.now() + seconds * 1000;
  const states = await linkStates(system, links, kernelLinks);
  for (let pause = busyPause; ; pause = Math.min(pause * 2, longestBusyPause)) {
    const result = await system.run("networkctl", ["reload"]);
    if (result.exitCode === 0) break;
    const said = result.stderr.trim();
    if (!/Already ?[Rr]eloading/.test(said) || system.now() > end) {
      throw new CommandError("networkctl reload", `exit status ${result.exitCode}`, said);
    }
    await system.sleep(pause);
  }
  return { states: await waitForLinks(system, states, end, satisfied) };
}

/** `networkctl reconfigure LINK`: on 252 the only way out of `failed`. It flaps the link's own entries. */
export async function reconfigureLink(system: System, link: string, seconds: number): Promise<string> {
  const result = await system.run("networkctl", ["reconfigure", link]);
  if (result.exitCode !== 0) {
    throw new CommandError(`networkctl reconfigure ${link}`, `exit status ${result.exitCode}`, result.stderr);
  }
  const end = system.now() + seconds * 1000;
  const states = await waitForLinks(system, listedStates(system, [link]), end, notYetSatisfied);
  return states.get(link) ?? "unknown";
}

/**
 * Polls until every link is set up or has failed. A link can be `configuring` for ever (conflict detection without
 * carrier, a tentative address); then the time ends, and the kernel is the judge.
 */
async function waitForLinks(
  system: System,
  { read, longestPause }: LinkStates,
  end: number,
  satisfied: () => Promise<boolean>,
): Promise<ReadonlyMap<string, string>> {
  let nextLook = system.now() + lookEvery;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause())) {
    const states = await read();
    const busy = [...states.values()].some((state) => /^(pending|initialized|configuring)$/.test(state));
    if (!busy || system.now() > end) return states;
    if (system.now() > nextLook) {
      if (await satisfied()) return states;
      nextLook = system.now() + lookEvery;
    }
    await system.sleep(pause);
  }
}

async function notYetSatisfied(): Promise<boolean> {
  return false;
}
