import { entriesByKey, merge } from "../desired/merge.ts";
import { indexedOwner, ownersWanting } from "../desired/ownerIndex.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { OwnRecord } from "../model/ownership.ts";
import type { Settings } from "../model/settings.ts";
import type { KernelState } from "../model/state.ts";
import { groupByKind, lookAt, lookUp } from "../observe/lookUp.ts";
import type { Observed } from "../observe/observe.ts";
import { noBridges } from "../plan/bridges.ts";
import { planKernel } from "../plan/kernel.ts";
import { readStoredOwners } from "../store/documentFiles.ts";
import { type LoadedDocuments, loadDocuments, shapeDocuments } from "../store/documents.ts";
import type { System } from "../system/system.ts";
import { fileChanges } from "./filePlan.ts";
import { narrowLayout, type RecordedLinks, readRecordedLinks } from "./layoutNarrow.ts";
import type { Memory } from "./memory.ts";
import { endangersOthers } from "./narrowThreats.ts";
import type { NarrowView } from "./narrowView.ts";
import { documentContext, type Prepared, type PrepareOptions, planOf, readoptions } from "./prepare.ts";
import { readHeldLive } from "./recordedLive.ts";

/** With more owners than this there is nothing to win. */
const mostOwners = 64;

/**
 * What `prepare` gives, computed from the given owners and those who want the same keys, for agents. The rest of the host
 * is as the last run left it; where that is in doubt, or the change goes beyond the blocks of these owners, null says that
 * everything has to be read.
 */
export async function prepareNarrow(
  system: System,
  settings: Settings,
  options: PrepareOptions,
  view: NarrowView,
): Promise<Prepared | null> {
  const { memory, links } = view;
  // A document that names a table is for a run that reads the names.
  const context = documentContext(settings, { links, routes: [], neighbors: [], rules: [] }, false, new Map());
  const hostAddresses = [...context.hostAddresses, ...memory.gateways.map(({ address }) => address)];
  const within = { ...context, hostAddresses };
  const documents = await closeOver(system, options, within, memory);
  if (documents === null) return null;
  const owners = new Set([...documents.states, ...options.given].map(({ owner }) => owner));
  const touched = linksTouched(documents, owners, view);
  const live = new Set(touched.filter((link) => memory.live.includes(link)));
  const filed = touched.filter((link) => !live.has(link));
  if (filed.some((link) => memory.bases[link] === undefined)) return null;
  if (touched.some((link) => links.get(link)?.up !== true)) return null;
  const recorded = await readRecordedLinks(system, filed, memory, owners, settings.routeProtocol);
  const held = await readHeldLive(system, live, owners, memory, within);
  if (recorded === null || held === null) return null;
  const desired = merge(documents.states);
  const entries = entriesByKey(desired);
  // A link that is left without entries is looked after no more.
  const kept = new Set([...entries.values()].map(({ link }) => link));
  if ([...live].some((link) => !kept.has(link) && !held.isShared(link))) return null;
  const before = new Map([...recorded.entries, ...held.entries]);
  const scope = new Set([...entries.keys(), ...before.keys()]);
  const record: OwnRecord = { protocol: settings.routeProtocol, recorded: recorded.entries, scope, live };
  const samples = [...recorded.samples, ...held.samples];
  const asked = kernelNearby(system, view, [...before.values()], samples, [...entries.values()]);
  // While `ip` looks.
  const layout = narrowLayout(desired, recorded, live, owners, (text) => system.digest(text));
  const kernel = await asked;
  if (kernel === null || layout === null || layout.mostRoutes > memory.routeLimit) return null;
  const observed = observedNearby(view, kernel, recorded);
  const { changes, notes, waiting } = planKernel(entries, kernel, record, true);
  const filesWithout = (keys: ReadonlySet<string>) => fileChanges(layout, observed, keys, options.tolerant);
  const compute = () => {
    const changed = filesWithout(new Set());
    return [...changed, ...readoptions(changes, changed, observed, record)];
  };
  const bridges = noBridges(kernel);
  const plan = planOf(changes, notes, compute, layout, observed, bridges.changes);
  if (plan.files.length > 0 && (await endangersOthers(system, observed, recorded, entries))) return null;
  const look = (expected: ReadonlyMap<string, Entry>) => lookAt(system, expected);
  const base = { settings, documents, desired, entries, record, observed, layout, bridges, plan, waiting };
  return { ...base, announced: [], blocked: new Set(), filesWithout, look };
}

/** The given documents and those of everybody who wants one of their keys, now or before; null if that is beyond us. */
async function closeOver(
  system: System,
  options: PrepareOptions,
  context: ReturnType<typeof documentContext>,
  memory: Memory,
): Promise<LoadedDocuments | null> {
  const names = new Set(options.given.map(({ owner }) => owner));
  for (;;) {
    // A lone surrogate is another character in a drop-in.
    if (names.size > mostOwners || [...names].some((owner) => /\p{Surrogate}/u.test(owner))) return null;
    const indexed = [...names].flatMap((owner) => indexedOwner(memory.index, owner) ?? []);
    const host = await readStoredOwners(system, [...names], memory.newest);
    if (indexed.some(({ plain }) => !plain) || host.stored.some(({ problems }) => problems.length > 0)) return null;
    if (host.stored.length !== indexed.length) return null;
    const shapes = shapeDocuments(host, options.given);
    const documents = loadDocuments(host, { ...options, context, shapes, fallback: () => null, now: system.now() });
    if (documents.broken.length + documents.rejected.length > 0) return null;
    if (documents.states.some(({ links }) => links.size > 0)) return null;
    const keys = new Set([
      ...indexed.flatMap((owner) => owner.keys),
      ...documents.states.flatMap(({ entries }) => entries.map(({ key }) => key)),
    ]);
    // Rules have no index in the kernel to be found by, and agents of guests have none.
    if ([...keys].some((key) => key.startsWith("rule "))) return null;
    const others = ownersWanting(memory.index, keys).filter(({ owner }) => !names.has(owner));
    if (others.length === 0) return documents;
    for (const { owner } of others) names.add(owner);
  }
}

function linksTouched(
  { states }: LoadedDocuments,
  owners: ReadonlySet<string>,
  { memory, around }: NarrowView,
): string[] {
  const before = [...owners].flatMap((owner) => indexedOwner(memory.index, owner)?.links ?? []);
  const nearby = around.filter((link) => memory.bases[link] !== undefined || memory.live.includes(link));
  return [
    ...new Set([...nearby, ...before, ...states.flatMap(({ entries }) => entries.map(({ entry }) => entry.link))]),
  ].sort();
}

/**
 * The kernel's entries under the keys that matter. A neighbor that is new is taken to be absent, for setting it is the same
 * whether it is or not. All that is recorded must be there, and so must some entries of others on the same links: a change
 * of a bridge's MAC flushes all its neighbors, and then everything is to be looked at.
 */
async function kernelNearby(
  system: System,
  { links, memory }: NarrowView,
  before: readonly Entry[],
  samples: readonly Entry[],
  wanted: readonly Entry[],
): Promise<KernelState | null> {
  const routes = new Map([...before, ...wanted].map((entry) => [entryKey(entry), entry]));
  const expected = [...before, ...samples];
  const asked = [...groupByKind([...routes.values()]).route, ...groupByKind(samples).route];
  const found = await lookUp(system, asked, groupByKind(expected).neighbor, memory.gateways);
  if (found === null) return null;
  const there = new Set(found.routes.map(entryKey));
  const whole = groupByKind(expected).route.every((route) => there.has(entryKey(route)));
  return whole ? { links, rules: [], ...found } : null;
}

function observedNearby({ memory, pending }: NarrowView, kernel: KernelState, recorded: RecordedLinks): Observed {
  return {
    kernel,
    networkd: memory.networkd,
    statuses: new Map(),
    claims: new Map(),
    tree: [],
    generated: recorded.texts,
    host: {},
    routeLimit: memory.routeLimit,
    reloadPending: pending !== null,
    pending: pending ?? { links: [], guarded: [] },
  };
}
