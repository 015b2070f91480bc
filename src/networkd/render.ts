import { type PlainGuests, plainGuestsOf, plainGuestsOfAll, withPlainGuests } from "../model/alike.ts";
import type { RenderedFile } from "../model/change.ts";
import type { Entry } from "../model/entry.ts";
import type { FoundFile } from "../model/file.ts";
import { once } from "../model/once.ts";
import type { DesiredState, OwnerState, Persistence } from "../model/owner.ts";
import { type Digest, frameBlock, renderBlock } from "./block.ts";
import { type BridgeRendering, bridgeBaseText, netdevFile } from "./bridgeFiles.ts";
import { head } from "./head.ts";
import { dropInPaths, standalonePath } from "./paths.ts";
import { plainBody } from "./plainBody.ts";
import { writeSection } from "./unitFile.ts";

/** What is written for one link. */
export interface LinkRendering {
  readonly link: string;
  /** The name of the base file, or null where netkeep writes one itself. */
  readonly baseName: string | null;
  /** The version of networkd that will read it; null if not known. */
  readonly version: number | null;
  /** Entries survive the loss of carrier. */
  readonly keepCarrier: boolean;
  /** The link is a bridge that netkeep makes. */
  readonly bridge?: (BridgeRendering & { readonly group: number }) | null;
  /** Path → text of files of ours that stay as they are: those of a bridge that cannot go yet. */
  readonly kept?: ReadonlyMap<string, string>;
  readonly owners: readonly OwnerEntries[];
}

export interface OwnerEntries {
  readonly owner: string;
  readonly source: string;
  readonly persistence: Persistence;
  readonly entries: readonly Entry[];
}

/** The link that a generated text belongs to; null if somebody took that line out. */
export function linkOfFile(text: string): string | null {
  return /^# netkeep link=(\S+)$/m.exec(text)?.[1] ?? null;
}

/** Each link's owners with their entries there, in the order of the owners; one look at each entry. */
export function ownersByLink({ owners }: DesiredState): Map<string, OwnerEntries[]> {
  const byLink = new Map<string, OwnerEntries[]>();
  const add = (link: string, ofOwner: OwnerEntries) => {
    const all = byLink.get(link) ?? [];
    all.push(ofOwner);
    byLink.set(link, all);
  };
  for (const state of owners) {
    const { owner, source, persistence } = state;
    const plain = plainGuestsOf(state);
    if (plain !== undefined) {
      for (const link of new Set(plain.map(({ route }) => route.link))) add(link, plainOwner(state, plain, link));
      continue;
    }
    const here = new Map<string, Entry[]>();
    let [link, list]: [string | null, Entry[]] = [null, []];
    for (const { entry } of state.entries) {
      // Most stand beside another of the same link.
      if (entry.link !== link) {
        link = entry.link;
        list = here.get(link) ?? [];
        here.set(link, list);
      }
      list.push(entry);
    }
    for (const [name, entries] of here) add(name, { owner, source, persistence, entries });
  }
  return byLink;
}

function plainOwner(state: OwnerState, plain: readonly PlainGuests[], link: string): OwnerEntries {
  const { owner, source, persistence } = state;
  const entries = once(() => state.entries.flatMap(({ entry }) => (entry.link === link ? [entry] : [])));
  const ofLink = {
    ...{ owner, source, persistence },
    get entries() {
      return entries();
    },
  };
  return withPlainGuests(
    ofLink,
    plain.filter(({ route }) => route.link === link),
  );
}

/** A symbolic link under a name of ours to something else than a text of ours: whoever made it wants what it names. */
export function isLinkOfOthers(file: FoundFile): file is FoundFile & { kind: "text"; target: string } {
  return file.kind === "text" && file.target !== undefined && linkOfFile(file.text) === null;
}

/** The files of one link, complete; a link without owners and settings has none (the caller does not ask). */
export function renderLink(rendering: LinkRendering, digest: Digest): RenderedFile[] {
  const baseName = rendering.baseName ?? standalonePath(rendering.link).replace(/^.*\//, "");
  const paths = dropInPaths(baseName);
  const files: RenderedFile[] = [{ path: paths.link, text: linkText(rendering), entries: [] }];
  if (rendering.baseName === null)
    files.push({ path: standalonePath(rendering.link), text: baseText(rendering), entries: [] });
  if (rendering.bridge != null) files.push(netdevFile(rendering.bridge, digest));
  for (const persistence of ["persistent", "runtime"] as const) {
    const owners = rendering.owners.filter((owner) => owner.persistence === persistence && hasEntries(owner));
    if (owners.length === 0) continue;
    const path = persistence === "persistent" ? paths.entries : paths.runtimeEntries;
    const text = entriesText(
      rendering.link,
      owners.map((owner) => blockOf(owner, digest)),
    );
    files.push(entriesFile(path, text, owners));
  }
  const kept = rendering.kept ?? new Map<string, string>();
  const replaced = files.filter(({ path }) => !kept.has(path));
  return [...replaced, ...[...kept].map(([path, text]) => ({ path, text, entries: [] }))];
}

function hasEntries(owner: OwnerEntries): boolean {
  return plainGuestsOf(owner) !== undefined || owner.entries.length > 0;
}

function blockOf(of: OwnerEntries, digest: Digest): string {
  const plain = plainGuestsOf(of);
  if (plain === undefined) return renderBlock(of.owner, of.source, of.entries, digest);
  return frameBlock(of.owner, of.source, plainBody(plain), digest);
}

function entriesFile(path: string, text: string, owners: readonly OwnerEntries[]): RenderedFile {
  const entries = once(() => owners.flatMap((owner) => owner.entries));
  const file = {
    ...{ path, text },
    get entries() {
      return entries();
    },
  };
  const plain = plainGuestsOfAll(owners);
  return plain === undefined ? file : withPlainGuests(file, plain);
}

function baseText(rendering: LinkRendering): string {
  const { bridge } = rendering;
  if (bridge == null) return standaloneText(rendering);
  return bridgeBaseText(bridge.bridge, keepConfiguration(rendering.version), bridge.group);
}

/** A drop-in with entries; the blocks in the order of their owners. */
export function entriesText(link: string, blocks: readonly string[]): string {
  return `${entriesHead(link)}${blocks.join("\n")}`;
}

/** What stands before the first block. */
export function entriesHead(link: string): string {
  return `${head("the entries", link)}\n`;
}

/**
 * KeepConfiguration= that guards what is foreign on the link at a reload: `yes` from 257 on. `yes` on 252 would flap every
 * entry at each reload; `static` is safe on all versions, so it is also the choice when the version is not known.
 */
export function keepConfiguration(version: number | null): "yes" | "static" {
  return version !== null && version >= 257 ? "yes" : "static";
}

/** Settings of the link. IgnoreCarrierLoss= is implied by ConfigureWithoutCarrier=, unless the base file says no. */
function linkText(rendering: LinkRendering): string {
  const body: Record<string, string> = { KeepConfiguration: keepConfiguration(rendering.version) };
  if (rendering.keepCarrier) {
    body["ConfigureWithoutCarrier"] = "yes";
    body["IgnoreCarrierLoss"] = "yes";
  }
  return `${head("settings", rendering.link)}\n${writeSection({ name: "Network", body })}`;
}

/**
 * A base file that changes nothing else on a link that networkd did not manage: addresses, link-local addressing and
 * foreign entries stay. LLMNR= and MulticastDNS= are named because their default would make networkd start them.
 */
function standaloneText(rendering: LinkRendering): string {
  const sections = [
    { name: "Match", body: { Name: rendering.link } },
    {
      name: "Network",
      body: {
        LinkLocalAddressing: "ipv6",
        IPv6AcceptRA: "no",
        KeepConfiguration: keepConfiguration(rendering.version),
        LLMNR: "no",
        MulticastDNS: "no",
      },
    },
    { name: "Link", body: { RequiredForOnline: "no" } },
  ];
  return `${head("a base file", rendering.link)}\n${sections.map(writeSection).join("\n")}`;
}
