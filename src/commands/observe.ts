import { type Entry, entryKey } from "../model/entry.ts";
import type { HostFacts } from "../model/link.ts";
import type { KernelState } from "../model/state.ts";
import { readEntries } from "../networkd/block.ts";
import type { LinkStatus } from "../networkd/describe.ts";
import { carriesEntries, isGenerated } from "../networkd/paths.ts";
import { type UnitTree, unitDirectories } from "../networkd/precedence.ts";
import { linkOfFile } from "../networkd/render.ts";
import type { System } from "../system/system.ts";
import { observeKernel } from "./observeKernel.ts";
import { type NetworkdState, observeLinks, observeNetworkd } from "./observeNetworkd.ts";

/** One reading of the host: everything that a plan or an audit is computed from. */
export interface Observed {
  readonly kernel: KernelState;
  readonly networkd: NetworkdState;
  /** What networkd says of the links that matter: empty if it does not run. */
  readonly statuses: ReadonlyMap<string, LinkStatus>;
  readonly tree: UnitTree;
  /** Path → text of what netkeep generated and networkd can read. */
  readonly generated: ReadonlyMap<string, string>;
  /** Key → entry of all that stands in our drop-ins now. */
  readonly recorded: ReadonlyMap<string, Entry>;
  readonly host: HostFacts;
  /** Files were changed that networkd was not told about. */
  readonly reloadPending: boolean;
}

/** First half, needed before the documents can be read: their defaults depend on the host's addresses. */
export async function observeHost(system: System, reloadPendingPath: string): Promise<Omit<Observed, "statuses">> {
  const [kernel, networkd, tree, host, pending] = await Promise.all([
    observeKernel(system),
    observeNetworkd(system),
    system.readUnits(unitDirectories, [".network", ".netdev"]),
    system.offline ? Promise.resolve({}) : system.hostFacts(),
    system.readText(reloadPendingPath),
  ]);
  const generated = new Map<string, string>();
  for (const file of tree) if (file.kind === "text" && isGenerated(file.path)) generated.set(file.path, file.text);
  return {
    kernel,
    networkd,
    tree,
    generated,
    recorded: recordedEntries(generated),
    host: networkd.version === null ? host : { ...host, systemdVersion: networkd.version },
    reloadPending: pending !== null,
  };
}

/** Second half: networkd's view of the links that have entries or files of ours. */
export async function observeStatuses(
  system: System,
  observed: Omit<Observed, "statuses">,
  links: readonly string[],
): Promise<Observed> {
  const existing = links.filter((link) => observed.kernel.links.has(link));
  const statuses = observed.networkd.running ? await observeLinks(system, existing) : new Map<string, LinkStatus>();
  return { ...observed, statuses };
}

/** The links that generated files name in their heads. */
export function generatedLinks(generated: ReadonlyMap<string, string>): string[] {
  return [...generated.values()].map(linkOfFile).filter((link) => link !== null);
}

function recordedEntries(generated: ReadonlyMap<string, string>): Map<string, Entry> {
  const recorded = new Map<string, Entry>();
  for (const [path, text] of generated) {
    const link = carriesEntries(path) ? linkOfFile(text) : null;
    if (link === null) continue;
    for (const entry of readEntries(text, link)) recorded.set(entryKey(entry), entry);
  }
  return recorded;
}
