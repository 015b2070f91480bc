import type { AuditInput, LinkView, TrialView } from "../audit/input.ts";
import { ownersOf } from "../desired/ownersOf.ts";
import { type Entry, entryKey, entryTitle } from "../model/entry.ts";
import { ownerText } from "../model/owner.ts";
import type { KernelLink } from "../model/state.ts";
import type { BaseFileChoice } from "../networkd/baseFile.ts";
import { readEntries } from "../networkd/block.ts";
import { overridesOf } from "../networkd/overrides.ts";
import { carriesEntries } from "../networkd/paths.ts";
import { closedDirectories } from "../networkd/precedence.ts";
import { linkOfFile } from "../networkd/render.ts";
import { type Configured, configuredOn } from "../networkd/suspects.ts";
import { maskOfNetworkd } from "../observe/networkdStart.ts";
import { indexKernel } from "../plan/kernelDiff.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { standingThreats } from "../prepare/threats.ts";
import { isPending, readTrial } from "../store/trial.ts";
import type { System } from "../system/system.ts";
import { compareFiles } from "./compareFiles.ts";
import { findStaleOwners } from "./staleOwners.ts";

/** The four layers as one value. */
export async function auditInput(prepared: Prepared, system: System): Promise<AuditInput> {
  const { observed, settings, layout, desired, documents } = prepared;
  const [setUp, staleOwners, trial] = await Promise.all([
    setUpTimes(prepared, system),
    findStaleOwners(system, documents.states, settings.staleOwnerSeconds),
    trialView(system),
  ]);
  return {
    offline: system.offline,
    entries: prepared.entries,
    ownersOf: (key) => ownersOf(desired, key).map(ownerText),
    conflicts: desired.conflicts,
    broken: documents.broken,
    staleOwners,
    notes: layout.notes,
    trial,
    closedDirectories: closedDirectories(observed.tree),
    kernel: observed.kernel,
    record: prepared.record,
    bridges: prepared.bridges,
    bridgeOwnersOf: (link) =>
      desired.owners.filter(({ links }) => links.get(link)?.bridge !== undefined).map(({ owner }) => ownerText(owner)),
    files: compareFiles(prepared, (text) => system.digest(text), setUp),
    networkd: { ...observed.networkd, mask: observed.networkd.running ? null : await maskOfNetworkd(system) },
    statuses: observed.statuses,
    links: new Map([...observed.statuses.keys()].map((link) => [link, linkView(link, prepared)])),
    live: layout.live,
    atRisk: standingThreats(prepared),
    reloadPending: observed.reloadPending,
  };
}

async function trialView(system: System): Promise<TrialView | null> {
  const trial = await readTrial(system).catch(() => null);
  if (!isPending(trial)) return null;
  return { sources: trial.documents.map(({ source }) => source), secondsLeft: (trial.until - system.now()) / 1000 };
}

/**
 * networkd writes a link's state file anew whenever it has set up the link, and at other events, so that what is later than
 * the file was not loaded. What stands in it is networkd's own business.
 */
async function setUpTimes({ observed }: Prepared, system: System): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const link of observed.statuses.keys()) {
    const index = observed.kernel.links.get(link)?.index;
    const time = index === undefined ? null : await system.modified(`/run/systemd/netif/links/${index}`);
    if (time !== null) times.set(link, time);
  }
  return times;
}

function linkView(link: string, prepared: Prepared): LinkView {
  const { layout, observed } = prepared;
  const base = layout.bases.get(link);
  const sections = layout.sections.get(link) ?? [];
  const configured = configuredOn(link, sections);
  const isSetUp = observed.statuses.get(link)?.state === "configured";
  return {
    upcoming: base?.upcoming == null ? null : choiceText(base.upcoming),
    overrides: (base === undefined ? [] : overridesOf(observed.tree, base.name)).map((found) => ({
      ours: `${found.key}=${found.ours}`,
      theirs: `${found.key}=${found.theirs}`,
      place: `${found.path}:${found.line}`,
    })),
    absent: isSetUp ? [] : absentOf(link, [...configured, ...recordedOn(link, prepared)], prepared),
    configuredByOthers:
      sections.length === 0
        ? null
        : new Set(configured.flatMap(({ entry }) => (entry === null ? [] : entryKey(entry)))),
  };
}

function recordedOn(link: string, { observed }: Prepared): Configured[] {
  return [...observed.generated]
    .filter(([path, text]) => carriesEntries(path) && linkOfFile(text) === link)
    .flatMap(([, text]) => readEntries(text, link))
    .map((entry) => ({ title: entryTitle(entry), place: null, entry, address: null }));
}

/** What is asked for and not there, with a reason where one is plain to see. */
function absentOf(
  link: string,
  configured: readonly Configured[],
  { observed, settings }: Prepared,
): LinkView["absent"] {
  const kernel = indexKernel(observed.kernel, settings.routeProtocol);
  const own = new Set<string>([...observed.kernel.links.values()].flatMap(addressesOf));
  const addresses = new Set<string>(addressesOf(observed.kernel.links.get(link)));
  const isThere = ({ entry, address }: Configured) =>
    entry === null ? address === null || addresses.has(address) : kernel.has(entryKey(entry));
  return configured
    .filter((item) => !isThere(item))
    .map(({ title, place, entry }) => ({
      text: `${title} (${place ?? "our drop-in"})${reasonOf(entry, own)}`,
      ours: place === null,
    }));
}

function addressesOf(link: KernelLink | undefined): string[] {
  return link?.addresses.map(({ address }) => address) ?? [];
}

function reasonOf(entry: Entry | null, own: ReadonlySet<string>): string {
  if (entry?.kind !== "route" || entry.gateway === null) return "";
  if (own.has(entry.gateway)) return ": its gateway is an address of this host";
  return /^(ff|22[4-9]\.|23\d\.)/.test(entry.gateway) ? ": its gateway is a multicast address" : "";
}

function choiceText(choice: BaseFileChoice): string {
  switch (choice.kind) {
    case "file":
      return choice.path;
    case "unmanaged":
      return `no file: Unmanaged=yes at ${choice.setAt.path}:${choice.setAt.line}`;
    case "managedElsewhere":
      return `no file: the link is managed by ${choice.by}`;
    case "masked":
      return `no file: ${choice.path} is masked by ${choice.maskedBy}`;
    case "broken":
      return `no file: ${choice.breakage.path}${choice.breakage.line > 0 ? `:${choice.breakage.line}` : ""}: ${choice.breakage.reason}`;
    default:
      return "no file";
  }
}
