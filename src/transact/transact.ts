import type { BridgeChange, FileChange, KernelChange } from "../model/change.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { Persistence } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { isForNetworkd } from "../networkd/paths.ts";
import { pendingText } from "../observe/pending.ts";
import { planKernel } from "../plan/kernel.ts";
import type { Threat } from "../plan/threats.ts";
import { announceRules, forgetAnnounced } from "../prepare/announcedRules.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { GivenDocument } from "../store/documents.ts";
import { storeDocuments } from "../store/store.ts";
import type { System } from "../system/system.ts";
import {
  type BridgeFailure,
  beginBridges,
  bridgesDone,
  filesToWrite,
  removeBridges,
  unfinishedBridges,
  withoutEarly,
} from "./bridgesLive.ts";
import { linksWith, markLinks } from "./linkMarks.ts";
import { applyLive, type Refusal } from "./live.ts";
import { holdReleased } from "./release.ts";
import { reconfigureLink, reloadNetworkd } from "./reload.ts";
import { expectedLive, type Settled, settle } from "./transactEnd.ts";
import { missingNow } from "./verify.ts";

/** Of a reload: networkd has nothing to learn. */
const notNeeded = "not needed";
/** Of a reload: somebody does it right after. */
const follows = "follows";

export interface TransactOptions {
  readonly given: readonly GivenDocument[];
  readonly persistence: Persistence;
  readonly live: boolean;
  readonly reload: boolean;
  readonly adopt: boolean;
  /** False: networkd may be told later, see `mayFollow`. */
  readonly wait?: boolean;
}

/** What was done, and what was not. */
export interface Outcome extends Settled {
  readonly stored: readonly string[];
  readonly kernel: readonly KernelChange[];
  readonly files: readonly FileChange[];
  readonly bridges: readonly BridgeChange[];
  readonly refused: readonly Refusal[];
  /** Bridges that are not as they should be. */
  readonly unmade: readonly BridgeFailure[];
  /** "done"; "not needed"; "follows"; or why there was none although files have changed. */
  readonly reload: string;
  /** Links that networkd did not set up: link → SETUP. */
  readonly unsettled: ReadonlyMap<string, string>;
}

/**
 * Carries a plan out, in the order in which it is safe to be killed at any point: the documents first, so that the next
 * run knows what was wanted; then the kernel, whose refusals keep an entry out of the files; then the files; then
 * networkd; then a look at the kernel. The caller holds the lock.
 */
export async function transact(
  system: System,
  prepared: Prepared,
  threats: readonly Threat[],
  options: TransactOptions,
): Promise<Outcome> {
  const winners = new Set(prepared.desired.conflicts.map((conflict) => conflict.winner.owner));
  const stored = await storeDocuments(system, options.given, prepared.documents, options.persistence, winners);
  const goesLive = options.live && !system.offline;
  const announced = goesLive && (await announceRules(system, prepared.plan.kernel, prepared.announced));
  const { early, unmade } = goesLive ? await beginBridges(system, prepared) : { early: [], unmade: [] };
  // What is to be written is rendered while `ip` works; goLive() has started it when it first waits.
  const [live] = await Promise.all([goLive(system, prepared, options), rendered(prepared)]);
  const refusedKeys = new Set([...prepared.blocked, ...live.refused.map((refusal) => entryKey(refusal.entry))]);
  const busy = goesLive ? await removeBridges(system, prepared) : [];
  unmade.push(...busy);
  const files = filesToWrite(filesOf(prepared, refusedKeys), busy);
  await writeFiles(system, prepared, withoutEarly(files, early), threats);
  if (announced) await forgetAnnounced(system);
  const expectedAfter = (reloaded: boolean) => expectedLive(prepared, refusedKeys, options, reloaded);
  const later = options.wait === false && threats.length === 0 && mayFollow(prepared);
  const reload = await tellNetworkd(system, prepared, files, { ...options, later }, expectedAfter(true));
  const expected = expectedAfter(reload.text === "done");
  const released = releasedLinks(prepared, files);
  if (reload.text === "done" && options.live && released.size > 0) {
    await holdReleased(system, prepared, expected, released);
  }
  const after = await settle(system, prepared, expected, threats, options, reload.text === "done");
  const told = reload.text === "done" || (files.length > 0 && reload.text === notNeeded);
  if (told && !system.offline) await system.removeFile(places.reloadPending);
  if (reload.text === follows) {
    const links = [...prepared.observed.pending.links, ...prepared.layout.reloads(files)];
    await system.writeFile(places.reloadPending, pendingText({ links, guarded: [], complete: true }));
  }
  // A run about some owners has only links that were marked before.
  if (prepared.record.scope === null) {
    await markLinks(system, linksWith(prepared.entries.values()));
  }
  return {
    stored,
    files,
    bridges: goesLive ? bridgesDone(prepared, unmade) : [],
    unmade: [...unmade, ...(await unfinishedBridges(system, prepared, unmade, goesLive, reload.text === "done"))],
    reload: reload.text,
    unsettled: reload.unsettled,
    kernel: live.applied,
    refused: live.refused,
    ...after,
  };
}

async function goLive(system: System, prepared: Prepared, options: TransactOptions) {
  if (!options.live || system.offline) return { applied: [], refused: [] };
  const { settings, entries, bridges, record } = prepared;
  return applyLive(system, prepared.plan.kernel, settings.routeProtocol, (state) => {
    const kernel = { ...bridges.kernel, ...state };
    return planKernel(entries, kernel, record, options.adopt).changes;
  });
}

async function rendered({ plan }: Prepared): Promise<readonly FileChange[]> {
  return plan.files;
}

/** Without the entries that the kernel has refused: one of them in a drop-in would put the whole link into `failed`. */
function filesOf(prepared: Prepared, refused: ReadonlySet<string>): readonly FileChange[] {
  if (refused.size === 0) return prepared.plan.files;
  const files = prepared.filesWithout(refused);
  const again = prepared.plan.files.filter((file) => file.action === "write" && file.text === file.before);
  const paths = new Set(files.map((file) => file.path));
  return [...files, ...again.filter((file) => !paths.has(file.path))];
}

async function writeFiles(
  system: System,
  { layout, observed: { pending, reloadPending } }: Prepared,
  files: readonly FileChange[],
  threats: readonly Threat[],
): Promise<void> {
  if (files.length === 0) return;
  const guarded = new Map(pending.guarded.map((entry) => [entryKey(entry), entry]));
  for (const { entry, restorable } of threats)
    if (restorable && entry.kind !== "rule") guarded.set(entryKey(entry), entry);
  const text = pendingText({ links: [...pending.links, ...layout.reloads(files)], guarded: [...guarded.values()] });
  const owed = files.some(({ path }) => isForNetworkd(path));
  const marked = reloadPending && text === pendingText(pending);
  if (!system.offline && owed && !marked) await system.writeFile(places.reloadPending, text);
  for (const file of files) {
    if (file.action === "write") await system.writeFile(file.path, file.text, file.before !== null);
    else await system.removeFile(file.path);
  }
}

async function tellNetworkd(
  system: System,
  prepared: Prepared,
  files: readonly FileChange[],
  options: TransactOptions & { readonly later: boolean },
  expected: ReadonlyMap<string, Entry>,
): Promise<{ text: string; unsettled: ReadonlyMap<string, string> }> {
  const none: ReadonlyMap<string, string> = new Map();
  const { observed, settings } = prepared;
  const changes = files.some(({ path }) => isForNetworkd(path));
  if (system.offline || (!changes && !observed.reloadPending)) return { text: notNeeded, unsettled: none };
  if (!observed.networkd.running && isReleaseOnly(prepared, files)) return { text: notNeeded, unsettled: none };
  if (!options.reload) return { text: "left out (--no-reload): run `netkeep apply` soon", unsettled: none };
  if (!observed.networkd.running) return { text: observed.networkd.reason, unsettled: none };
  if (options.later) return { text: follows, unsettled: none };
  // A link without entries of ours may stay `configuring` for ever, and that is nothing to us.
  const wanted = new Set([...expected.values()].map((entry) => entry.link));
  const changed = new Set([...prepared.layout.reloads(files), ...observed.pending.links]);
  const links = [...changed].filter((link) => wanted.has(link));
  const satisfied = async () => (await missingNow(prepared.look, expected, settings.routeProtocol)).length === 0;
  const { states } = await reloadNetworkd(system, links, observed.kernel.links, settings.reloadSeconds, satisfied);
  const unsettled = new Map([...states].filter(([, state]) => state !== "configured" && state !== "unmanaged"));
  const old = observed.networkd.version !== null && observed.networkd.version < 257;
  for (const [link, state] of unsettled) {
    if (!old || state !== "failed") continue;
    const now = await reconfigureLink(system, link, settings.reloadSeconds);
    if (now === "configured") unsettled.delete(link);
    else unsettled.set(link, now);
  }
  return { text: "done", unsettled };
}

/**
 * The reload of a change of few owners can come after the answer: it deletes nothing of others, and all that it would tell of
 * is live and in the files.
 */
function mayFollow({ record, observed: { pending } }: Prepared): boolean {
  return record.scope !== null && pending.guarded.length === 0;
}

/** Links of which files have gone because netkeep keeps them live now. */
function releasedLinks({ layout }: Prepared, files: readonly FileChange[]): Set<string> {
  return new Set(layout.reloads(files).filter((link) => layout.live.has(link)));
}

/** All that has changed is on links that networkd does not look after: one that starts reads the rest by itself. */
function isReleaseOnly({ layout, observed }: Prepared, files: readonly FileChange[]): boolean {
  const links = [...layout.reloads(files), ...observed.pending.links];
  return links.length > 0 && links.every((link) => layout.live.has(link));
}
