import { CommandError } from "../errors.ts";
import { parseLinkStates } from "../networkd/describe.ts";
import type { System } from "../system/system.ts";

/** Where the links stood when the waiting ended. */
export interface ReloadResult {
  /** SETUP by link: configured, failed, or what they were still doing at the end of the time. */
  readonly states: ReadonlyMap<string, string>;
}

/** In milliseconds: steps of the polls after a reload, from about what a small link takes. */
const firstPause = 10;
const longestPause = 200;
/** Here networkd writes a file anew for each link whose state has changed (sd_network_monitor_new(3)). */
const stateFiles = "/run/systemd/netif/links";
/** In milliseconds: the longest step of the clock that gives files their times (CONFIG_HZ=100). */
const clockTick = 10;
/** How long a link may be `configuring` before the kernel is asked whether there is anything left to wait for. */
const lookEvery = 3000;

/**
 * `networkctl reload`, repeated while networkd says that it is reloading already: the refused one may not have seen our
 * files. Its exit status says nothing about the entries, so the links are watched until they are set up.
 *
 * @param satisfied whether the kernel has all that is wanted; asked from time to time while a link stays `configuring`
 * @throws CommandError if networkd does not take the reload
 */
export async function reloadNetworkd(
  system: System,
  links: readonly string[],
  seconds: number,
  satisfied: () => Promise<boolean>,
): Promise<ReloadResult> {
  const end = system.now() + seconds * 1000;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const result = await system.run("networkctl", ["reload"]);
    if (result.exitCode === 0) break;
    const said = result.stderr.trim();
    if (!/Already ?[Rr]eloading/.test(said) || system.now() > end) {
      throw new CommandError("networkctl reload", `exit status ${result.exitCode}`, said);
    }
    await system.sleep(pause);
  }
  return { states: await waitForLinks(system, links, end, satisfied) };
}

/** `networkctl reconfigure LINK`: on 252 the only way out of `failed`. It flaps the link's own entries. */
export async function reconfigureLink(system: System, link: string, seconds: number): Promise<string> {
  const result = await system.run("networkctl", ["reconfigure", link]);
  if (result.exitCode !== 0) {
    throw new CommandError(`networkctl reconfigure ${link}`, `exit status ${result.exitCode}`, result.stderr);
  }
  const end = system.now() + seconds * 1000;
  return (await waitForLinks(system, [link], end, async () => false)).get(link) ?? "unknown";
}

/**
 * Polls until every link is set up or has failed. A link can be `configuring` for ever (conflict detection without
 * carrier, a tentative address); then the time ends, and the kernel is the judge.
 */
async function waitForLinks(
  system: System,
  links: readonly string[],
  end: number,
  satisfied: () => Promise<boolean>,
): Promise<Map<string, string>> {
  let nextLook = system.now() + lookEvery;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const seen = await lastChange(system);
    const listed = await system.run("networkctl", ["list", "--no-legend", "--no-pager"]);
    const all = parseLinkStates(listed.stdout);
    const states = new Map(links.flatMap((link) => (all.has(link) ? [[link, all.get(link) ?? ""] as const] : [])));
    const busy = [...states.values()].some((state) => /^(pending|initialized|configuring)$/.test(state));
    if (!busy || system.now() > end) return states;
    if (system.now() > nextLook) {
      if (await satisfied()) return states;
      nextLook = system.now() + lookEvery;
    }
    await sleepUntilChange(system, seen, pause);
  }
}

/** null: so short ago that one after it may have the same time. */
async function lastChange(system: System): Promise<number | null> {
  const time = await system.modified(stateFiles);
  return time === null || system.now() - time < 2 * clockTick ? null : time;
}

/** Sleeps `pause` milliseconds, or less if a link's state changes: to look is cheap, to ask networkd is not. */
async function sleepUntilChange(system: System, seen: number | null, pause: number): Promise<void> {
  const end = system.now() + pause;
  do await system.sleep(firstPause);
  while (system.now() < end && (await system.modified(stateFiles)) === seen);
}
