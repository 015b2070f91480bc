import type { ExplainInput, Subject } from "../audit/explain.ts";
import { parseText } from "../desired/parse.ts";
import { pathOf } from "../desired/problem.ts";
import { covers, hostPrefix } from "../model/address.ts";
import { bareAddress, type LinkAddress } from "../model/bridge.ts";
import { type Entry, entryKey, entryText, linksOfEntry, prefixesOf } from "../model/entry.ts";
import type { ExplainedEntry } from "../model/explanation.ts";
import { bridgesOf } from "../model/owner.ts";
import type { LinkStatus } from "../networkd/describe.ts";
import { isGenerated } from "../networkd/paths.ts";
import { placedEntries } from "../networkd/placedEntries.ts";
import { unitFiles } from "../networkd/precedence.ts";
import { linkOfFile } from "../networkd/render.ts";
import { resolveBase } from "../networkd/resolveBase.ts";
import { scanFile } from "../networkd/scan.ts";
import { observeLinks } from "../observe/observeNetworkd.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { adminDocuments, storedDocuments } from "../store/documentFiles.ts";
import type { System } from "../system/system.ts";

/** What networkd says, for the links that the subject is on. */
export interface NetworkdViews {
  get(entry: Entry): ExplainedEntry["networkd"];
  readonly statuses: ReadonlyMap<string, LinkStatus>;
}

/** Which owners ask for entries that the subject could be about, with the line of the document, and who lost. */
export async function wishesOf(
  system: System,
  { desired }: Prepared,
  subject: Subject,
): Promise<ExplainInput["wishes"]> {
  const places = await documentPlaces(system);
  const won = desired.owners.flatMap(({ owner, source, persistence, entries }) =>
    entries
      .filter(({ entry }) => touches(entry, subject))
      .map(({ entry, path }) => {
        const place = path === "" ? source : (places.get(owner)?.(path) ?? source);
        return { entry, wish: { owner, persistence, place, path, lost: null } };
      }),
  );
  const lost = desired.conflicts.flatMap(({ loser: { owner, entry, path } }) => {
    if (entry.kind === "bridge" || !touches(entry, subject)) return [];
    const persistence = desired.owners.find((state) => state.owner === owner)?.persistence ?? "persistent";
    const place = places.get(owner)?.(path) ?? owner;
    return [{ entry, wish: { owner, persistence, place, path, lost: entryText(entry) } }];
  });
  return [...won, ...lost];
}

/** The bridges of netkeep's that the subject is an address of, with the line of the document. */
export async function gatewaysOf(
  system: System,
  { desired, observed }: Prepared,
  subject: Subject,
): Promise<ExplainInput["gateways"]> {
  const isIt = (address: LinkAddress) => hostPrefix(bareAddress(address)) === subject.prefix;
  const found = desired.owners.flatMap(({ owner, persistence, source, links }) =>
    bridgesOf({ links })
      .filter(({ entry }) => (subject.link ?? entry.link) === entry.link && entry.addresses.some(isIt))
      .map(({ entry: { link }, path }) => ({ link, owner, persistence, source, path })),
  );
  if (found.length === 0) return [];
  const places = await documentPlaces(system);
  return found.map(({ source, ...gateway }) => {
    const addresses = observed.kernel.links.get(gateway.link)?.addresses ?? [];
    const there = addresses.some(({ address }) => hostPrefix(address) === subject.prefix);
    return { ...gateway, place: places.get(gateway.owner)?.(gateway.path) ?? source, there };
  });
}

function touches(entry: Entry, { prefix }: Subject): boolean {
  return prefixesOf(entry).some((own) => covers(own, prefix));
}

/** Owner → path in its document → FILE:LINE. A document of the admin comes before a stored one of the same name. */
async function documentPlaces(system: System): Promise<Map<string, (path: string) => string>> {
  const places = new Map<string, (path: string) => string>();
  for (const { owner, path } of await storedDocuments(system)) places.set(owner, () => `${path}:1`);
  for (const { owner, source, text } of await adminDocuments(system)) {
    let parsed: ReturnType<typeof parseText> | undefined;
    places.set(owner, (path) => {
      parsed ??= parseText(text);
      return `${source}:${parsed.locate(pathOf(path), false).line}`;
    });
  }
  return places;
}

/** networkd's view of the links of all entries that the subject could be about. */
export async function networkdViews(
  system: System,
  { observed }: Prepared,
  { subject, kernel, wishes }: Pick<ExplainInput, "subject" | "kernel" | "wishes">,
): Promise<NetworkdViews> {
  const found = [...kernel.routes, ...kernel.neighbors, ...kernel.rules].filter((entry) => touches(entry, subject));
  const links = new Set(
    [...found, ...wishes.map(({ entry }) => entry)].flatMap((entry) => [entry.link, ...linksOfEntry(entry)]),
  );
  const missing = [...links].filter((link) => kernel.links.has(link) && !observed.statuses.has(link));
  const more = observed.networkd.running
    ? await observeLinks(system, kernel.links, missing)
    : new Map<string, LinkStatus>();
  const statuses = new Map([...observed.statuses, ...more]);
  const get = (entry: Entry) => {
    const status = statuses.get(entry.link);
    if (status === undefined) return null;
    const { state, baseFile, entries } = status;
    return { state, baseFile, source: entries.get(entryKey(entry)) ?? null };
  };
  return { get, statuses };
}

/** Sections about the subject in all unit files, whoever wrote them, with the link that the file applies to. */
export function filesAbout({ observed }: Prepared, subject: Subject, views: NetworkdViews): ExplainInput["files"] {
  return unitFiles(observed.tree, ".network").flatMap((unit) =>
    [unit.file, ...unit.dropIns].flatMap((file) => {
      if (file.kind !== "text") return [];
      const ours = isGenerated(file.path);
      const found = placedEntries(scanFile(file.path, file.text).sections, "?");
      const about = found.filter(({ entry }) => entry !== null && touches(entry, subject));
      if (about.length === 0) return [];
      const link = (ours ? linkOfFile(file.text) : null) ?? linkOfUnit(unit.name, observed, views) ?? "?";
      const status = views.statuses.get(link);
      return about.flatMap(({ entry, path, line }) => {
        if (entry === null) return [];
        const here = { ...entry, link };
        const loaded = loads(path, unit.file.path, status);
        return [{ entry: here, file: { place: `${path}:${line}`, entry: entryText(here), ours, loaded } }];
      });
    }),
  );
}

/** The link that a base file applies to, if there is one. */
function linkOfUnit(name: string, { tree, kernel, host }: Prepared["observed"], views: NetworkdViews): string | null {
  for (const link of kernel.links.values()) {
    const base = resolveBase(tree, link.facts, host, views.statuses.get(link.name) ?? null);
    if (base.kind === "base" && base.name === name) return link.name;
  }
  return null;
}

/** 257 names the drop-ins of a link; 252 does not say. */
function loads(path: string, base: string, status: LinkStatus | undefined): boolean | null {
  if (status === undefined) return null;
  if (status.baseFile === null) return false;
  if (path === base) return status.baseFile === base;
  return status.dropIns === null ? null : status.dropIns.includes(path);
}
