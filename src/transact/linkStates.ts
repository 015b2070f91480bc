import type { KernelState } from "../model/state.ts";
import { parseLinkStates } from "../networkd/describe.ts";
import type { System } from "../system/system.ts";

/** Where links stand. */
export interface LinkStates {
  /** SETUP of them as `networkctl list` says it; links that networkd does not know are left out. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** In milliseconds: how long to wait until the next look, according to what one costs. */
  longestPause(): number;
}

const [pauseOfFiles, pauseOfProgram] = [4, 200];

/** In milliseconds: after so long a link that says nothing new is taken for one that has not changed for networkd. */
const patience = 300;
/** Of a link that networkd has not turned to yet. */
const notYet = "pending";

/**
 * To be called before a reload: how the links stand after it. `networkctl list` reads SETUP from networkd's state files, and so do
 * we, without starting it, and can tell what is older than the reload: networkd 252 answers some milliseconds before it begins
 * with a link, and until then the state is that of before. Where a file is missing, or says something else, it is asked.
 */
export async function linkStates(
  system: System,
  links: readonly string[],
  kernelLinks: KernelState["links"],
): Promise<LinkStates> {
  const paths = new Map(links.map((link) => [link, `/run/systemd/netif/links/${kernelLinks.get(link)?.index}`]));
  const before = new Map<string, number | null>();
  for (const [link, path] of paths) before.set(link, await system.modified(path));
  let end: number | null = null;
  let asks = [...before.values()].includes(null);
  const stateOf = async (link: string, path: string): Promise<string | null> => {
    // The time first: a file that is replaced meanwhile is looked at again.
    const modified = await system.modified(path);
    const text = await system.readText(path).catch(() => null);
    const state = /^ADMIN_STATE=(\S+)$/m.exec(text ?? "")?.[1] ?? null;
    return modified === before.get(link) && system.now() < (end ?? 0) ? notYet : state;
  };
  const listed = listedStates(system, links);
  return {
    longestPause: () => (asks ? pauseOfProgram : pauseOfFiles),
    async read() {
      end ??= system.now() + patience;
      const states = new Map<string, string>();
      for (const [link, path] of asks ? [] : paths) {
        const state = await stateOf(link, path);
        if (state === null) asks = true;
        else states.set(link, state);
      }
      return asks ? listed.read() : states;
    },
  };
}

/** By `networkctl list` itself. */
export function listedStates(system: System, links: readonly string[]): LinkStates {
  return {
    longestPause: () => pauseOfProgram,
    async read() {
      const { stdout } = await system.run("networkctl", ["list", "--no-legend", "--no-pager"]);
      const all = parseLinkStates(stdout);
      return new Map(links.flatMap((link) => (all.has(link) ? [[link, all.get(link) ?? ""] as const] : [])));
    },
  };
}
