import type { Family } from "../model/address.ts";
import type { HostFacts, LinkClaim } from "../model/link.ts";
import { type OwnedEntry, type OwnerState, ownedEntry, type Persistence } from "../model/owner.ts";
import type { RecordedEntries } from "../model/ownership.ts";
import type { KernelState } from "../model/state.ts";
import { chooseBaseFile } from "../networkd/baseFile.ts";
import { readBlocks, readEntries } from "../networkd/block.ts";
import type { LinkStatus } from "../networkd/describe.ts";
import { carriesEntries, isGenerated, isLinkFile, runtimeDirectory, sysctlDirectory } from "../networkd/paths.ts";
import { type UnitTree, unitDirectories } from "../networkd/precedence.ts";
import { isLinkOfOthers, linkOfFile } from "../networkd/render.ts";
import { withoutOurs } from "../networkd/resolveBase.ts";
import { routeLimit } from "../plan/limits.ts";
import type { System } from "../system/system.ts";
import { observeClaims } from "./linkClaims.ts";
import { observeKernel, observeKernelLinks } from "./observeKernel.ts";
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
type ObservedHost = Omit<Observed, "claims" | "statuses">;
type Statuses = Observed["statuses"];

/**
 * First half, needed before the documents can be read: their defaults depend on the host's addresses.
 *
 * @returns `begun` when all its programs run: whoever has something to compute does it then; `statuses` of the links that
 *   have files of ours, for which networkd takes longest
 */
export function observeHost(
  system: System,
  reloadPendingPath: string,
): {
  readonly begun: Promise<unknown>;
  readonly observed: Promise<ObservedHost>;
  readonly statuses: Promise<Statuses>;
} {
  // It is asked twice, and the second answer takes longest of all.
  const networkd = observeNetworkd(system);
  const links = observeKernelLinks(system);
  const kernel = observeKernel(system, links);
  // What was asked goes out before anything is read.
  const units = system.sleep(0).then(() => system.readUnits(unitDirectories, [".network", ".netdev"]));
  const begun = beginStatuses(system, { units, networkd, links });
  const statuses = begun.then(({ answers }) => answers);
  // Who never comes to ask for them has failed in another way, and says so.
  statuses.catch(() => undefined);
  return { begun, statuses, observed: observeAll(system, reloadPendingPath, { kernel, networkd, units }) };
}

/** On most hosts the links in question are those of the files that are there. */
async function beginStatuses(
  system: System,
  asked: {
    readonly units: Promise<UnitTree>;
    readonly networkd: Promise<NetworkdState>;
    readonly links: Promise<KernelState["links"]>;
  },
): Promise<{ readonly answers: Promise<Statuses> }> {
  const links = [...new Set(generatedLinks(generatedFiles(await asked.units)))];
  const asks = links.length > 0 && (await asked.networkd).running;
  const answers = asks ? observeLinks(system, await asked.links, links) : Promise.resolve(new Map());
  // A question goes out when nothing is computed.
  if (asks) await system.sleep(0);
  return { answers };
}

async function observeAll(
  system: System,
  reloadPendingPath: string,
  asked: {
    readonly kernel: Promise<KernelState>;
    readonly networkd: Promise<NetworkdState>;
    readonly units: Promise<UnitTree>;
  },
): Promise<ObservedHost> {
  const [kernel, networkd, tree, sysctls, host, pending, maxSizes] = await Promise.all([
    asked.kernel,
    asked.networkd,
    asked.units,
    system.readUnits([sysctlDirectory], [".conf"]),
    system.offline ? {} : system.hostFacts(false),
    system.readText(reloadPendingPath),
    Promise.all([maxSize(system, 4), maxSize(system, 6)]),
  ]);
  const generated = new Map([...generatedFiles(tree), ...generatedFiles(sysctls)]);
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

/** What stands in our drop-ins now, for who has to know our neighbors without observing the whole host. */
export async function observeRecorded(system: System): Promise<RecordedEntries> {
  return recordedEntries(generatedFiles(await system.readUnits(unitDirectories, [".network"])));
}

/** Second half: who looks after the links that have entries or files of ours, and how networkd sees them. */
export async function observeStatuses(
  system: System,
  observed: ObservedHost,
  known: Statuses | Promise<Statuses>,
  links: readonly string[],
): Promise<Observed> {
  const { kernel, networkd } = observed;
  const [statuses, claims, virtual] = await Promise.all([
    networkd.running ? withUnasked(system, kernel, known, links) : new Map<string, LinkStatus>(),
    observeClaims(
      system,
      links.map((name) => ({ name, index: kernel.links.get(name)?.index ?? null })),
    ),
    asksForVirtualization(system, observed, links) ? system.hostFacts(true) : {},
  ]);
  const host = { ...observed.host, ...virtual };
  return { ...observed, host, statuses, claims };
}

async function withUnasked(
  system: System,
  { links: existing }: KernelState,
  known: Statuses | Promise<Statuses>,
  links: readonly string[],
): Promise<Statuses> {
  const answered = await known;
  const unasked = links.filter((link) => !answered.has(link));
  return new Map([...answered, ...(await observeLinks(system, existing, unasked))]);
}

/** It takes two programs to tell, and few base files that ask for it can be those of a link of this host. */
function asksForVirtualization(
  { offline }: System,
  { tree, kernel, host }: ObservedHost,
  links: readonly string[],
): boolean {
  const asks = ({ path, ...file }: UnitTree[number]) =>
    "text" in file && !isGenerated(path) && /Virtualization|KernelCommandLine/.test(file.text ?? "");
  const asking = offline ? [] : tree.filter(asks);
  if (asking.some(({ path }) => path.includes(".netdev"))) return true;
  if (asking.length === 0) return false;
  const foreign = withoutOurs(tree);
  const existing = [...kernel.links.values()].map(({ facts }) => facts);
  const others = links.filter((link) => !kernel.links.has(link)).map((name) => ({ name }));
  return [...existing, ...others].some((link) => chooseBaseFile(foreign, link, host).kind === "undecided");
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
      for (const entry of readEntries(block.body, link)) entries.push(ownedEntry(entry, ""));
    }
  }
  return entries.length === 0 ? null : { owner, source, persistence, changed: 0, entries, links: new Map() };
}

/** The links that generated files name in their heads. */
export function generatedLinks(generated: ReadonlyMap<string, string>): string[] {
  const texts = [...generated].filter(([path]) => isLinkFile(path)).map(([, text]) => text);
  return texts.map(linkOfFile).filter((link) => link !== null);
}

/** net.ipv4.route.max_size or net.ipv6.route.max_size; null if not known, as for an image. */
async function maxSize(system: System, family: Family): Promise<number | null> {
  const path = `/proc/sys/net/ipv${family}/route/max_size`;
  const text = system.offline ? null : await system.readText(path).catch(() => null);
  return text === null ? null : Number(text);
}

function generatedFiles(tree: UnitTree): Map<string, string> {
  const generated = new Map<string, string>();
  for (const file of tree) {
    if (file.kind === "text" && isGenerated(file.path) && !isLinkOfOthers(file)) generated.set(file.path, file.text);
  }
  return generated;
}
