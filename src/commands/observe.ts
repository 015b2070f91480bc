import type { Family } from "../model/address.ts";
import type { HostFacts, LinkClaim } from "../model/link.ts";
import type { OwnedEntry, OwnerState, Persistence } from "../model/owner.ts";
import type { RecordedEntries } from "../model/ownership.ts";
import type { KernelState } from "../model/state.ts";
import { readBlocks, readEntries } from "../networkd/block.ts";
import type { LinkStatus } from "../networkd/describe.ts";
import { carriesEntries, isGenerated, runtimeDirectory } from "../networkd/paths.ts";
import { type UnitTree, unitDirectories } from "../networkd/precedence.ts";
import { linkOfFile } from "../networkd/render.ts";
import { routeLimit } from "../plan/limits.ts";
import type { System } from "../system/system.ts";
import { observeClaims } from "./linkClaims.ts";
import { observeKernel } from "./observeKernel.ts";
import { type NetworkdState, observeLinks, observeNetworkd } from "./observeNetworkd.ts";
import { type PendingReload, parsePending } from "./pending.ts";
import { recordedEntries } from "./recorded.ts";

/** One reading of the host: everything that a plan or an audit is computed from. */
export interface Observed {
  readonly kernel: KernelState;
  readonly networkd: NetworkdState;
  /** What networkd says of the links that matter: empty if it does not run. */
  readonly statuses: ReadonlyMap<string, LinkStatus>;
  /** Other programs that look after the links that matter; a link that nobody claims is left out. */
  readonly claims: ReadonlyMap<string, readonly LinkClaim[]>;
  readonly tree: UnitTree;
  /** Path → text of what netkeep generated and networkd can read. */
  readonly generated: ReadonlyMap<string, string>;
  readonly host: HostFacts;
  /** How many [Route] sections networkd loads for one link. */
  readonly routeLimit: number;
  /** Files were changed that networkd was not told about. */
  readonly reloadPending: boolean;
  readonly pending: PendingReload;
}

/** What is known before it is known which links matter. */
type ObservedHost = Omit<Observed, "statuses" | "claims">;

/**
 * First half, needed before the documents can be read: their defaults depend on the host's addresses.
 *
 * @returns `begun` when all its programs run: whoever has something to compute does it then
 */
export function observeHost(
  system: System,
  reloadPendingPath: string,
): { readonly begun: Promise<unknown>; readonly observed: Promise<ObservedHost> } {
  const units = system.readUnits(unitDirectories, [".network", ".netdev"]);
  const facts = units.then((tree) => ({
    read: system.offline ? Promise.resolve({}) : system.hostFacts(asksForVirtualization(tree)),
  }));
  const host = facts.then(({ read }) => read);
  return { begun: facts, observed: observeAll(system, reloadPendingPath, units, host) };
}

async function observeAll(
  system: System,
  reloadPendingPath: string,
  units: Promise<UnitTree>,
  facts: Promise<HostFacts>,
): Promise<ObservedHost> {
  const [kernel, networkd, tree, host, pending, maxSizes] = await Promise.all([
    observeKernel(system),
    observeNetworkd(system),
    units,
    facts,
    system.readText(reloadPendingPath),
    Promise.all([maxSize(system, 4), maxSize(system, 6)]),
  ]);
  const generated = generatedFiles(tree);
  return {
    kernel,
    networkd,
    tree,
    generated,
    host: networkd.version === null ? host : { ...host, systemdVersion: networkd.version },
    routeLimit: routeLimit(networkd.version, maxSizes),
    reloadPending: pending !== null,
    pending: parsePending(pending) ?? { links: [], guarded: [] },
  };
}

/** Few base files do, and it takes two programs to tell; that of PID 1 depends on it. */
function asksForVirtualization(tree: UnitTree): boolean {
  return tree.some(
    (file) => file.kind === "text" && !isGenerated(file.path) && /Virtualization|KernelCommandLine/.test(file.text),
  );
}

/** What stands in our drop-ins now, for who has to know our neighbors without observing the whole host. */
export async function observeRecorded(system: System): Promise<RecordedEntries> {
  return recordedEntries(generatedFiles(await system.readUnits(unitDirectories, [".network"])));
}

/** Second half: who looks after the links that have entries or files of ours, and how networkd sees them. */
export async function observeStatuses(
  system: System,
  observed: ObservedHost,
  links: readonly string[],
): Promise<Observed> {
  const existing = links.filter((link) => observed.kernel.links.has(link));
  const [statuses, claims] = await Promise.all([
    observed.networkd.running ? observeLinks(system, existing) : new Map<string, LinkStatus>(),
    observeClaims(
      system,
      links.map((name) => ({ name, index: observed.kernel.links.get(name)?.index ?? null })),
    ),
  ]);
  return { ...observed, statuses, claims };
}

/** What the drop-ins say of an owner; null if nothing. Its age is unknown: it counts as the oldest. */
export function recordedOwner(owner: string, generated: ReadonlyMap<string, string>): OwnerState | null {
  const entries: OwnedEntry[] = [];
  let persistence: Persistence = "persistent";
  let source = "its last drop-ins";
  for (const [path, text] of generated) {
    const link = carriesEntries(path) ? linkOfFile(text) : null;
    if (link === null) continue;
    for (const block of readBlocks(text)) {
      if (block.owner !== owner) continue;
      if (path.startsWith(runtimeDirectory)) persistence = "runtime";
      // As it was, or every byte that changes would have networkd set up the link anew.
      if (block.source !== "") source = block.source;
      for (const entry of readEntries(block.body, link)) entries.push({ entry, path: "" });
    }
  }
  return entries.length === 0 ? null : { owner, source, persistence, changed: 0, entries, links: new Map() };
}

/** The links that generated files name in their heads. */
export function generatedLinks(generated: ReadonlyMap<string, string>): string[] {
  return [...generated.values()].map(linkOfFile).filter((link) => link !== null);
}

/** net.ipv4.route.max_size or net.ipv6.route.max_size; null if not known, as for an image. */
async function maxSize(system: System, family: Family): Promise<number | null> {
  const path = `/proc/sys/net/ipv${family}/route/max_size`;
  const text = system.offline ? null : await system.readText(path).catch(() => null);
  return text === null ? null : Number(text);
}

function generatedFiles(tree: UnitTree): Map<string, string> {
  const generated = new Map<string, string>();
  for (const file of tree) if (file.kind === "text" && isGenerated(file.path)) generated.set(file.path, file.text);
  return generated;
}
