import type { DocumentContext } from "../desired/document.ts";
import { conflictText, entriesByKey, linksOfDesired, merge } from "../desired/merge.ts";
import { tableOf } from "../desired/table.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Address, Parsed } from "../model/address.ts";
import { covers, lengthOf } from "../model/address.ts";
import { groupsOf } from "../model/alike.ts";
import type { FileChange, KernelChange, Note, Plan } from "../model/change.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { DesiredState, Persistence } from "../model/owner.ts";
import type { OwnRecord } from "../model/ownership.ts";
import { places } from "../model/places.ts";
import type { Rule } from "../model/rule.ts";
import type { Settings } from "../model/settings.ts";
import type { KernelEntries, KernelState } from "../model/state.ts";
import { matchesGlob } from "../networkd/globPattern.ts";
import { carriesEntries } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import { generatedLinks, type Observed, observeHost, observeStatuses, recordedOwner } from "../observe/observe.ts";
import { observeEntries } from "../observe/observeKernel.ts";
import { recordedEntries } from "../observe/recorded.ts";
import type { BridgePlan } from "../plan/bridges.ts";
import { refreshes } from "../plan/files.ts";
import { planKernel } from "../plan/kernel.ts";
import { kernelDiff } from "../plan/kernelDiff.ts";
import { readHostDocuments } from "../store/documentFiles.ts";
import { type GivenDocument, type LoadedDocuments, loadDocuments, shapeDocuments } from "../store/documents.ts";
import { lostOwners } from "../store/lostOwners.ts";
import type { System } from "../system/system.ts";
import { readAnnounced } from "./announcedRules.ts";
import { planHostBridges } from "./bridges.ts";
import { fileChanges, obstacleNotes } from "./filePlan.ts";
import { type Layout, layOut } from "./layout.ts";
import { readTableNames } from "./tableNames.ts";

export interface PrepareOptions {
  readonly given: readonly GivenDocument[];
  readonly persistence: Persistence;
  readonly adopt: boolean;
  /**
   * Two owners that contradict each other, or a broken document on the host, are an error (apply); or they are only told,
   * and the owner of a broken document keeps what the drop-ins say (everything else).
   */
  readonly tolerant: boolean;
}

/** Everything that was read and computed before the first change. */
export interface Prepared {
  readonly settings: Settings;
  readonly documents: LoadedDocuments;
  readonly desired: DesiredState;
  /** Effective entries by key. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** How this run knows its own. */
  readonly record: OwnRecord;
  readonly observed: Observed;
  readonly layout: Layout;
  readonly bridges: BridgePlan;
  readonly plan: Plan;
  /** Entries that cannot be live yet: their link is missing or down. */
  readonly waiting: readonly Entry[];
  /** Entries where something foreign stands: they stay out of the files, or networkd would replace it. */
  readonly blocked: ReadonlySet<string>;
  /** Rules that a run before has announced, and not got into drop-ins. */
  readonly announced: readonly Rule[];
  /** What has to be done to the files if these entries stay out of them. */
  filesWithout(keys: ReadonlySet<string>): FileChange[];
  /** Reads the kernel again, but for its links; at least what it has of these entries. */
  look(expected: ReadonlyMap<string, Entry>): Promise<KernelEntries>;
}

/**
 * Reads the host and the documents and computes the plan. Changes nothing.
 *
 * @throws UserError 65 for bad documents and, if asked, conflicts
 */
export async function prepare(system: System, settings: Settings, options: PrepareOptions): Promise<Prepared> {
  const { begun, observed: observedHost, statuses } = observeHost(system, places.reloadPending);
  const [host, announced, { kept, names, shapes }] = await Promise.all([
    observedHost,
    readAnnounced(system),
    Promise.all([begun.then(() => readHostDocuments(system)), readTableNames(system)]).then(([read, tables]) => ({
      kept: read,
      names: tables,
      shapes: shapeDocuments(read, options.given),
    })),
  ]);
  const context = documentContext(settings, host.kernel, system.offline, names);
  const fallback = options.tolerant ? (owner: string) => recordedOwner(owner, host.generated) : null;
  // `generate` writes files of documents that it does not store.
  const lost = options.tolerant || !system.offline ? await lostOwners(system, host.generated, kept) : [];
  const documents = loadDocuments(
    { ...kept, stored: [...kept.stored, ...lost] },
    { ...options, context, shapes, fallback, now: system.now() },
  );
  const desired = merge(documents.states);
  if (!options.tolerant) refuseConflicts(desired);
  const entries = entriesByKey(desired);
  const links = [...new Set([...linksOfDesired(desired), ...generatedLinks(host.generated)])];
  const observing = observeStatuses(system, host, statuses, links);
  // networkd may still be at work; what the plan will ask for is known then.
  kernelDiff(entries, host.kernel, settings.routeProtocol);
  const observed = await observing;
  let layout: Layout | null = null;
  const recorded = recordedEntries(observed.generated, { files: () => layout?.files ?? [], entries });
  const withFiles = new Set(generatedLinks(host.generated));
  const doubt = documents.broken.length === 0 ? {} : { doubtful: (link: string) => !withFiles.has(link) };
  const known: OwnRecord = { protocol: settings.routeProtocol, recorded, announced, scope: null, ...doubt };
  const doubted = { group: settings.routeProtocol, adopt: options.adopt, doubt: documents.broken.length > 0 };
  const bridges = await planHostBridges(system, desired, observed, doubted);
  const laidOut = layOut(desired, observed, known, (text) => system.digest(text), bridges);
  layout = laidOut;
  const record: OwnRecord = { ...known, live: laidOut.live };
  const kernel = planKernel(entries, bridges.kernel, record, options.adopt);
  const blocked = new Set(kernel.blocked.map(entryKey));
  const filesWithout = (keys: ReadonlySet<string>) => fileChanges(laidOut, observed, keys, options.tolerant);
  const notes = [...laidOut.notes, ...kernel.notes, ...(options.tolerant ? obstacleNotes(laidOut, observed) : [])];
  const compute = () => {
    const changed = filesWithout(blocked);
    return [...changed, ...readoptions(kernel.changes, changed, observed, record)];
  };
  const plan = planOf(system.offline ? [] : kernel.changes, notes, compute, laidOut, observed, bridges.changes);
  const look = () => observeEntries(system, isWithoutRules(entries, observed) ? [] : undefined);
  const base = { settings, documents, desired, entries, record, observed, layout, bridges, plan, announced };
  return { ...base, waiting: kernel.waiting, blocked, filesWithout, look };
}

/** The host has no policy rules, and nothing asks for any: then they need not be read again. */
function isWithoutRules(desired: ReadonlyMap<string, Entry>, { kernel, generated }: Observed): boolean {
  if (kernel.rules.length > 0) return false;
  for (const { kind } of desired.values()) if (kind === "rule") return false;
  return ![...generated.values()].some((text) => text.includes("[RoutingPolicyRule]"));
}

function refuseConflicts({ conflicts }: DesiredState): void {
  if (conflicts.length > 0) throw new UserError(exitCodes.badData, conflicts.map(conflictText).join("\n"));
}

/** The files are rendered when they are first asked for, see `Layout`. */
export function planOf(
  changes: readonly KernelChange[],
  notes: readonly Note[],
  compute: () => readonly FileChange[],
  layout: Layout,
  observed: Observed,
  bridges: Plan["bridges"],
): Plan {
  let files: readonly FileChange[] | null = null;
  return {
    bridges,
    kernel: changes,
    notes,
    get files() {
      files ??= compute();
      return files;
    },
    get reloads() {
      return observed.networkd.running ? [...new Set([...layout.reloads(this.files), ...observed.pending.links])] : [];
    },
  };
}

/** On networkd before 257: the drop-ins whose entries are set live again, for networkd to take them up. */
export function readoptions(
  kernel: readonly KernelChange[],
  files: readonly FileChange[],
  { networkd, generated }: Observed,
  { recorded }: OwnRecord,
): FileChange[] {
  if (!networkd.running || networkd.version === null || networkd.version >= 257) return [];
  const again = kernel.filter((change) => change.action !== "remove" && recorded.has(entryKey(change.entry)));
  const touched = new Set(files.map((file) => linkOfFile(file.action === "write" ? file.text : file.before)));
  const links = new Set(again.map((change) => change.entry.link).filter((link) => !touched.has(link)));
  return refreshes(links, files, generated, (path) =>
    carriesEntries(path) ? linkOfFile(generated.get(path) ?? "") : null,
  );
}

/** What the host and the settings say to whoever reads a document. */
export function documentContext(
  settings: Settings,
  kernel: KernelState,
  offline: boolean,
  tableNames: ReadonlyMap<string, number>,
): DocumentContext {
  const allowed = new Map<string, boolean>();
  return {
    protocol: settings.routeProtocol,
    allowsLink: (link) => {
      const known = allowed.get(link) ?? settings.allowLinks.some((pattern) => matchesGlob(pattern, link));
      allowed.set(link, known);
      return known;
    },
    allowDefaultRoute: settings.allowDefaultRoute,
    hostAddresses: hostAddressesOf(kernel),
    linkOf: (address) => linkOfSubnet(address, kernel, offline),
    tableOf: (table) => tableOf(table, tableNames),
  };
}

/** The host's own addresses and the next hops of its default routes: no guest can have one of them. */
export function hostAddressesOf(kernel: KernelState): Address[] {
  const addresses = [...kernel.links.values()].flatMap((link) => link.addresses.map(({ address }) => address));
  // What is alike are routes to single addresses.
  const routes = groupsOf(kernel)?.others.routes ?? kernel.routes;
  const gateways = routes
    .filter((route) => route.table === 254 && lengthOf(route.destination) === 0 && route.gateway !== null)
    .map((route) => route.gateway as Address);
  return [...new Set([...addresses, ...gateways])];
}

/** The one link that has a subnet with this address; a /32 or /128 is no subnet. */
function linkOfSubnet(address: Address, kernel: KernelState, offline: boolean): Parsed<string> {
  if (offline) return { problem: `with --root the link of ${address} cannot be found: say it with "dev"` };
  if (/^fe[89ab]/.test(address))
    return { problem: `${address} is link-local, it can be on any link: say it with "dev"` };
  const links = [...kernel.links.values()].filter((link) =>
    link.addresses.some(({ subnet }) => !/\/(32|128)$/.test(subnet) && covers(subnet, address)),
  );
  const [first, second] = links;
  if (first === undefined) return { problem: `no link of this host has the subnet of ${address}: say it with "dev"` };
  if (second !== undefined) {
    return { problem: `both ${first.name} and ${second.name} have the subnet of ${address}: say it with "dev"` };
  }
  return { value: first.name };
}
