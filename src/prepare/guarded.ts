import { type Address, isLinkLocal6, parseAddress } from "../model/address.ts";
import { entryKey } from "../model/entry.ts";
import { isOursToRemove, type OwnRecord } from "../model/ownership.ts";
import { kernelProtocol } from "../model/route.ts";
import type { KernelNeighbor, KernelRoute } from "../model/state.ts";
import { baseNameOf, isLinkFile, standaloneLink, standalonePath } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import { assignments, scanFile } from "../networkd/scan.ts";
import { generatedLinks, type Observed } from "../observe/observe.ts";

/**
 * Links that netkeep has no entries on any more, and whose settings still guard what others have there: without
 * KeepConfiguration= the very reload that takes our files away would delete that too. The settings stay as long.
 */
export function linksStillGuarded(wanted: readonly string[], record: OwnRecord, observed: Observed): string[] {
  const left = generatedLinks(observed.generated).filter((link) => !wanted.includes(link));
  return [...new Set(left)].filter((link) => isStillGuarded(link, record, observed));
}

export function isStillGuarded(link: string, record: OwnRecord, observed: Observed): boolean {
  const { kernel, generated, statuses, networkd } = observed;
  if (!generatedLinks(generated).includes(link)) return false;
  const status = statuses.get(link);
  // One that is only stopped, and deletes what it does not know when it starts, does not tell what is its own.
  const stopped = !networkd.running && networkd.absent === null;
  const baseFile = status?.baseFile ?? (stopped ? baseOfDropIns(link, observed) : null);
  if (baseFile === null || standaloneLink(baseFile) !== null) return false;
  const isForeign = (entry: KernelRoute | KernelNeighbor) =>
    entry.link === link &&
    entry.protocol !== kernelProtocol &&
    !isOursToRemove(entry, record) &&
    (status?.entries.get(entryKey(entry)) ?? "foreign") === "foreign";
  const own = new Set(addressesOf(observed, baseFile));
  const addresses = status?.foreignAddresses ?? addressesOn(link, observed);
  return addresses.some((address) => !own.has(address)) || [...kernel.routes, ...kernel.neighbors].some(isForeign);
}

/** The path of the base file that our drop-ins of a link belong to; null if there is none. */
function baseOfDropIns(link: string, { generated, tree }: Observed): string | null {
  if (generated.has(standalonePath(link))) return null;
  for (const [path, text] of generated) {
    if (!isLinkFile(path) || linkOfFile(text) !== link) continue;
    const base = tree.find((file) => file.kind === "text" && file.path.endsWith(`/${baseNameOf(path)}`));
    if (base !== undefined) return base.path;
  }
  return null;
}

/** Without those that the kernel gives a link by itself. */
function addressesOn(link: string, { kernel }: Observed): Address[] {
  const addresses = kernel.links.get(link)?.addresses ?? [];
  return addresses.map(({ address }) => address).filter((address) => !isLinkLocal6(address));
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
