import type { FileChange, Note, RenderedFile } from "../model/change.ts";
import { entryKey } from "../model/entry.ts";
import { type LinkFacts, virtualLinkFacts } from "../model/link.ts";
import type { DesiredState } from "../model/owner.ts";
import type { OwnRecord } from "../model/ownership.ts";
import type { BaseFileChoice } from "../networkd/baseFile.ts";
import type { Digest } from "../networkd/block.ts";
import { netdevHints } from "../networkd/matchNetdev.ts";
import {
  baseNameOf,
  isForNetworkd,
  netdevLink,
  standaloneLink,
  standalonePath,
  sysctlLink,
} from "../networkd/paths.ts";
import { type LinkRendering, linkOfFile, ownersByLink, renderLink } from "../networkd/render.ts";
import { type BaseResolution, resolveBase } from "../networkd/resolveBase.ts";
import type { Section } from "../networkd/scan.ts";
import type { Observed } from "../observe/observe.ts";
import type { BridgePlan } from "../plan/bridges.ts";
import { isStillGuarded, linksStillGuarded } from "./guarded.ts";
import { bridgeOn, sysctlFiles } from "./layoutBridges.ts";
import { fileNotes } from "./layoutNotes.ts";
import { liveNotes, whyLive } from "./linkMode.ts";

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
export function layOut(
  desired: DesiredState,
  observed: Observed,
  record: OwnRecord,
  digest: Digest,
  bridges: BridgePlan,
): Layout {
  const notes: Note[] = [...bridges.notes];
  const renderings: LinkRendering[] = [];
  const bases = new Map<string, BaseResolution & { kind: "base" }>();
  const live = new Map<string, string>();
  const byLink = ownersByLink(desired);
  const wanted = [...new Set([...desired.links.keys(), ...byLink.keys()])].sort();
  for (const link of new Set([...wanted, ...linksStillGuarded(wanted, record, observed), ...bridges.kept.keys()])) {
    // A bridge that was kept live has no file, and needs none to go.
    const hasFiles = observed.generated.has(standalonePath(link));
    if (!wanted.includes(link) && bridges.kept.has(link) && !hasFiles) continue;
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
    if (base.kind === "base") bases.set(link, base);
    const owners = why === null ? (byLink.get(link) ?? []) : [];
    const about = why !== null ? [] : fileNotes(link, base, owners, observed, bridges.made.has(link));
    notes.push(...about);
    if (about.some((note) => note.level === "refusal")) continue;
    const keepCarrier = keepsCarrier(link, facts, desired);
    const where = { link, baseName: base.kind === "base" ? base.name : null, version: observed.networkd.version };
    const bridge = bridgeOn(link, record.protocol, desired, observed, bridges);
    renderings.push({ ...where, keepCarrier, owners, ...bridge });
  }
  return layoutOf(renderings, { notes, bases, live, sysctls: sysctlFiles(bridges, observed) }, digest);
}

/** What was found of all links, as the caller needs it. */
function layoutOf(
  renderings: readonly LinkRendering[],
  found: {
    readonly notes: readonly Note[];
    readonly bases: ReadonlyMap<string, BaseResolution & { kind: "base" }>;
    readonly live: ReadonlyMap<string, string>;
    readonly sysctls: readonly RenderedFile[];
  },
  digest: Digest,
): Layout {
  const { notes, bases, live, sysctls } = found;
  const doubtful = new Set(notes.filter((note) => note.level === "refusal").map((note) => note.link));
  let files: readonly RenderedFile[] | null = null;
  return {
    get files() {
      files ??= [...renderings.flatMap((rendering) => renderLink(rendering, digest)), ...sysctls];
      return files;
    },
    notes,
    sections: new Map([...bases].map(([link, base]) => [link, base.sections])),
    bases,
    live,
    certain: [...bases.values()].every(({ certain }) => certain),
    keeps: (change) => change.action === "remove" && doubtful.has(linkOfChange(change)),
    without: (keys) => [
      ...renderings.flatMap((rendering) => renderLink(withoutKeys(rendering, keys), digest)),
      ...sysctls,
    ],
    reloads: (changes) => [...new Set(changes.map(linkToReload).filter((link) => link !== null))],
  };
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
  const settings = desired.links.get(link);
  const kind = hint?.kind ?? settings?.bridge?.kind ?? settings?.kind;
  // A link that does not exist has no other name yet.
  return kind === undefined
    ? { name: link, alternativeNames: [] }
    : virtualLinkFacts(link, kind, hint?.mac ?? settings?.bridge?.mac);
}

/** By default entries outlive the last port of a bridge; a link that nothing is known of is taken for a bridge. */
function keepsCarrier(link: string, facts: LinkFacts, desired: DesiredState): boolean {
  const carrier = desired.links.get(link)?.carrier;
  return carrier === undefined ? facts.kind === undefined || facts.kind === "bridge" : carrier === "keep";
}

function linkOfChange({ path, ...change }: FileChange): string | null {
  const text = change.action === "write" ? change.text : change.before;
  const named = linkOfFile(text) ?? standaloneLink(path) ?? netdevLink(path) ?? sysctlLink(path);
  return named ?? baseNameOf(path).replace(/^\d+-|\.network$/g, "");
}

/** What networkd does not read is no reason for a reload. */
function linkToReload(change: FileChange): string | null {
  return isForNetworkd(change.path) ? linkOfChange(change) : null;
}
