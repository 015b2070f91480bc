import { linksOfDesired } from "../desired/merge.ts";
import { parseAddress } from "../model/address.ts";
import type { FileChange, Note, RenderedFile } from "../model/change.ts";
import { entryKey } from "../model/entry.ts";
import { type LinkFacts, virtualLinkFacts } from "../model/link.ts";
import type { DesiredState } from "../model/owner.ts";
import { isOursToRemove, type OwnRecord } from "../model/ownership.ts";
import { kernelProtocol } from "../model/route.ts";
import type { KernelNeighbor, KernelRoute } from "../model/state.ts";
import type { BaseFileChoice } from "../networkd/baseFile.ts";
import type { Digest } from "../networkd/block.ts";
import { isExclusive } from "../networkd/exclusive.ts";
import { netdevHints } from "../networkd/matchNetdev.ts";
import { baseNameOf, standaloneLink, standalonePath } from "../networkd/paths.ts";
import { type LinkRendering, linkOfFile, ownersByLink, renderLink } from "../networkd/render.ts";
import { type BaseResolution, linksSharing, resolveBase } from "../networkd/resolveBase.ts";
import { assignments, type Section, scanFile } from "../networkd/scan.ts";
import { hopNotes } from "./hopNotes.ts";
import { liveNotes, whyLive } from "./linkMode.ts";
import { generatedLinks, type Observed } from "./observe.ts";

/** Which files the desired state becomes on this host. */
export interface Layout {
  /** Rendered when they are first asked for: a bulk apply does that while the kernel takes the entries. */
  readonly files: readonly RenderedFile[];
  readonly notes: readonly Note[];
  /** Link → sections of its base file and drop-ins, as far as known. */
  readonly sections: ReadonlyMap<string, readonly Section[]>;
  /** Link → its base file, where one is in force, and what networkd will choose instead at its next reload. */
  readonly bases: ReadonlyMap<string, { readonly name: string; readonly upcoming: BaseFileChoice | null }>;
  /** Links that networkd gets no file of → why. */
  readonly live: ReadonlyMap<string, string>;
  /** No base file has changed since networkd's last reload, so that ours cannot make it choose another one. */
  readonly certain: boolean;
  /** A file of a link whose base file is in doubt: not to be removed meanwhile. */
  keeps(change: FileChange): boolean;
  /** The same files without the entries of these keys, which the kernel has refused. */
  without(keys: ReadonlySet<string>): RenderedFile[];
  /** The links that networkd sets up anew when these files have changed. */
  reloads(changes: readonly FileChange[]): string[];
}

/** Finds each link's base file and renders what belongs to it. */
export function layOut(desired: DesiredState, observed: Observed, record: OwnRecord, digest: Digest): Layout {
  const notes: Note[] = [];
  const renderings: LinkRendering[] = [];
  const bases = new Map<string, BaseResolution & { kind: "base" }>();
  const live = new Map<string, string>();
  let certain = true;
  const wanted = linksOfDesired(desired);
  const byLink = ownersByLink(desired);
  for (const link of [...wanted, ...linksStillGuarded(wanted, record, observed)]) {
    const facts = factsOf(link, desired, observed);
    const base = resolveBase(observed.tree, facts, observed.host, observed.statuses.get(link) ?? null);
    const why = wanted.includes(link) ? whyLive(link, base, desired.links.get(link), observed) : null;
    if (why !== null) {
      live.set(link, why);
      notes.push(...liveNotes(link, why, base, observed));
      // Our settings go with the entries, unless they still guard what others have.
      if (base.kind !== "base" || !isStillGuarded(link, record, observed)) continue;
    }
    if (base.kind === "refused") {
      notes.push({ level: "refusal", link, text: base.problem });
      continue;
    }
    if (base.kind === "base") {
      bases.set(link, base);
      certain &&= base.certain;
    }
    const owners = why === null ? (byLink.get(link) ?? []) : [];
    const about = why !== null ? [] : fileNotes(link, base, owners, observed);
    notes.push(...about);
    if (about.some((note) => note.level === "refusal")) continue;
    const [baseName, version] = [base.kind === "base" ? base.name : null, observed.networkd.version];
    renderings.push({ link, baseName, version, keepCarrier: keepsCarrier(link, facts, desired), owners });
  }
  const doubtful = new Set(notes.filter((note) => note.level === "refusal").map((note) => note.link));
  let files: readonly RenderedFile[] | null = null;
  return {
    get files() {
      files ??= renderings.flatMap((rendering) => renderLink(rendering, digest));
      return files;
    },
    notes,
    sections: new Map([...bases].map(([link, base]) => [link, base.sections])),
    bases,
    live,
    certain,
    keeps: (change) => change.action === "remove" && doubtful.has(linkOfChange(change)),
    without: (keys) => renderings.flatMap((rendering) => renderLink(withoutKeys(rendering, keys), digest)),
    reloads: (changes) => [...new Set(changes.map((change) => linkOfChange(change)).filter((link) => link !== null))],
  };
}

/**
 * Links that netkeep has no entries on any more, and whose settings still guard what others have there: without
 * KeepConfiguration= the very reload that takes our files away would delete that too. The settings stay as long.
 */
function linksStillGuarded(wanted: readonly string[], record: OwnRecord, observed: Observed): string[] {
  const left = generatedLinks(observed.generated).filter((link) => !wanted.includes(link));
  return [...new Set(left)].filter((link) => isStillGuarded(link, record, observed));
}

function isStillGuarded(link: string, record: OwnRecord, observed: Observed): boolean {
  const { kernel, generated, statuses } = observed;
  const status = statuses.get(link);
  if (status === undefined || status.baseFile === null || standaloneLink(status.baseFile) !== null) return false;
  if (!generatedLinks(generated).includes(link)) return false;
  const isForeign = (entry: KernelRoute | KernelNeighbor) =>
    entry.link === link &&
    entry.protocol !== kernelProtocol &&
    !isOursToRemove(entry, record) &&
    (status.entries.get(entryKey(entry)) ?? "foreign") === "foreign";
  const own = new Set(addressesOf(observed, status.baseFile));
  const foreignAddress = status.foreignAddresses.some((address) => !own.has(address));
  return foreignAddress || [...kernel.routes, ...kernel.neighbors].some(isForeign);
}

/** Addresses that a base file sets: networkd 257 calls them foreign too when they were there before it started. */
function addressesOf(observed: Observed, path: string): string[] {
  const file = observed.tree.find((candidate) => candidate.path === path);
  if (file?.kind !== "text") return [];
  const { sections } = scanFile(path, file.text);
  const texts = ["Network", "Address"].flatMap((section) => assignments(sections, section, "Address"));
  return texts.flatMap(({ value }) => {
    const parsed = parseAddress(value.replace(/\/.*$/, ""));
    return "problem" in parsed ? [] : [parsed.value];
  });
}

function withoutKeys(rendering: LinkRendering, keys: ReadonlySet<string>): LinkRendering {
  const owners = rendering.owners.map((owner) => ({
    ...owner,
    entries: owner.entries.filter((entry) => !keys.has(entryKey(entry))),
  }));
  return { ...rendering, owners };
}

/** What is known of a link: from the kernel; else from its .netdev file; else from the document. */
function factsOf(link: string, desired: DesiredState, observed: Observed): LinkFacts {
  const existing = observed.kernel.links.get(link);
  if (existing !== undefined) return existing.facts;
  const hint = netdevHints(observed.tree, observed.host).get(link);
  const kind = hint?.kind ?? desired.links.get(link)?.kind;
  // A link that does not exist has no other name yet.
  return kind === undefined ? { name: link, alternativeNames: [] } : virtualLinkFacts(link, kind, hint?.mac);
}

/** By default entries outlive the last port of a bridge; a link that nothing is known of is taken for a bridge. */
function keepsCarrier(link: string, facts: LinkFacts, desired: DesiredState): boolean {
  const carrier = desired.links.get(link)?.carrier;
  return carrier === undefined ? facts.kind === undefined || facts.kind === "bridge" : carrier === "keep";
}

function fileNotes(
  link: string,
  base: Exclude<BaseResolution, { kind: "refused" }>,
  owners: LinkRendering["owners"],
  observed: Observed,
): Note[] {
  return [
    ...(base.kind === "base" ? sharingNotes(link, base, observed) : standaloneNotes(link, observed)),
    ...absentNotes(link, observed),
    ...limitNotes(link, owners, observed),
    ...hopNotes(link, owners, observed),
  ];
}

function absentNotes(link: string, observed: Observed): Note[] {
  if (observed.kernel.links.has(link) || observed.kernel.links.size === 0) return [];
  const text = `${link} does not exist yet; its files are written, and networkd applies them when it appears`;
  return [{ level: "info", link, text }];
}

function standaloneNotes(link: string, observed: Observed): Note[] {
  const notes: Note[] = [];
  if (!observed.generated.has(standalonePath(link))) {
    notes.push({ level: "info", link, text: `no base file matches ${link}: netkeep writes ${standalonePath(link)}` });
  }
  if (livesOnAdvertisements(link, observed)) {
    const text =
      `${link} has addresses or routes from router advertisements that the kernel handles, and networkd would end ` +
      `that; give ${link} a base file with IPv6AcceptRA=yes first`;
    notes.push({ level: "refusal", link, text });
  }
  return notes;
}

/** A drop-in of a base file gives its entries to every link that the file applies to, now or when it appears. */
function sharingNotes(link: string, base: BaseResolution & { kind: "base" }, observed: Observed): Note[] {
  const remedy = `give ${link} a base file of its own, with [Match] Name=${link}, that sorts before it`;
  const facts = [...observed.kernel.links.values()].map((other) => other.facts);
  const sharing = linksSharing(observed.tree, base.name, link, facts, observed.host);
  if (sharing.length > 0) {
    const text =
      `the base file ${base.name} of ${link} also applies to ${sharing.join(", ")}, so a drop-in would give the entries to ` +
      `all of them; ${remedy}`;
    return [{ level: "refusal", link, text }];
  }
  if (base.sections.length === 0 || isExclusive(base.sections, link)) return [];
  const text =
    `the base file ${base.name} of ${link} matches more than this one name, so the next link that it applies to would get ` +
    `the entries too; ${remedy}`;
  return [{ level: "refusal", link, text }];
}

/** networkd ignores what is over its limit, and says so only in its journal. */
function limitNotes(link: string, owners: LinkRendering["owners"], observed: Observed): Note[] {
  const { networkd, routeLimit } = observed;
  let routes = 0;
  for (const { entries } of owners) for (const { kind } of entries) if (kind === "route") routes += 1;
  if (routes <= routeLimit) return [];
  const text =
    `${link} gets ${routes} routes, and systemd-networkd${networkd.version === null ? "" : ` ${networkd.version}`} on this ` +
    `host loads ${routeLimit} for one link; set net.ipv6.route.max_size higher (sysctl.d(5)) and restart ` +
    "systemd-networkd, or spread the routes over several links; more than 20000 are never taken";
  return [{ level: "refusal", link, text }];
}

/** Protocol ra (9), or dynamic addresses: who set them up is not networkd, for it does not know the link. */
function livesOnAdvertisements(link: string, observed: Observed): boolean {
  const kernel = observed.kernel;
  const managed = observed.statuses.get(link)?.baseFile != null;
  if (managed) return false;
  return (
    kernel.routes.some((route) => route.link === link && route.protocol === 9) ||
    (kernel.links.get(link)?.addresses.some((address) => address.dynamic) ?? false)
  );
}

function linkOfChange(change: FileChange): string | null {
  const text = change.action === "write" ? change.text : change.before;
  return linkOfFile(text) ?? standaloneLink(change.path) ?? baseNameOf(change.path).replace(/^\d+-|\.network$/g, "");
}
