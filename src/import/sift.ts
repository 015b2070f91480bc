import { canBeAskedFor } from "../desired/toDocument.ts";
import { type Entry, entryKey, entryText } from "../model/entry.ts";
import type { Extra, LeftOut } from "../model/leftOut.ts";
import { ownerText } from "../model/owner.ts";
import { isOursToReplace, type OwnRecord } from "../model/ownership.ts";
import { daemonOfProtocol } from "../model/protocol.ts";
import { bootProtocol, hasNoLink, kernelProtocol, linksOf, staticProtocol } from "../model/route.ts";
import type { Rule } from "../model/rule.ts";
import type { KernelEntry, KernelState } from "../model/state.ts";

/** What a host says of its entries, read at one moment. */
export interface ImportInput {
  /** The links to import from. */
  readonly links: ReadonlySet<string>;
  /** These are all links that have anything, so that routes without a link are looked at as well. */
  readonly all: boolean;
  /** Rules with their links, see `placeRules`. */
  readonly kernel: Omit<KernelState, "links">;
  readonly record: OwnRecord;
  /** Key → owner, of all that documents ask for already. */
  readonly desired: ReadonlyMap<string, string>;
  /** Key → FILE:LINE, of what stands in files that somebody else wrote. */
  readonly files: ReadonlyMap<string, string>;
  /** FILE:LINE of a rule that somebody else wrote and that the file does not tell in full; null for none. */
  readonly vagueRule: string | null;
  /** What networkd calls the source of the entry: static, DHCPv4, NDisc …; "foreign" also for what it does not know. */
  sourceOf(key: string): string;
  /** By key. */
  readonly extras: ReadonlyMap<string, Extra>;
}

export type Found = KernelEntry;

export interface Sifted {
  readonly kept: readonly Found[];
  readonly leftOut: readonly LeftOut[];
}

/** Which entries nobody looks after, so that an owner can take them; and why not the others. */
export function sift(input: ImportInput): Sifted {
  const kept: Found[] = [];
  const leftOut: LeftOut[] = [];
  const times = new Map<string, number>();
  const all: Found[] = [...input.kernel.routes, ...input.kernel.neighbors, ...input.kernel.rules];
  for (const entry of all) times.set(entryKey(entry), (times.get(entryKey(entry)) ?? 0) + 1);
  for (const entry of all) {
    if (!isOn(entry, input)) continue;
    const key = entryKey(entry);
    const why = lookedAfter(entry, key, input) ?? notSayable(entry, input.extras.get(key)?.words, times.get(key) ?? 1);
    if (why === null) kept.push(entry);
    else leftOut.push(leave(entry, why.kind, why.reason));
  }
  leftOut.push(...[...input.extras].flatMap(([key, extra]) => (times.has(key) ? [] : unread(extra, input.links))));
  return { kept, leftOut };
}

/** What the JSON of `ip` tells too badly to be read at all, such as a route with an encapsulation. */
function unread({ words, text, link, protocol }: Extra, links: ReadonlySet<string>): LeftOut[] {
  if (link === null || !links.has(link)) return [];
  const why = daemonOf({ protocol }) ?? noWords(`a document has no words for "${words}"`);
  return [{ ...why, noun: "route", link, text }];
}

export function leave(entry: Entry, kind: LeftOut["kind"], reason: string): LeftOut {
  const link = entry.link === "" || entry.link === "lo" ? null : entry.link;
  return { kind, noun: entry.kind === "rule" ? "policy rule" : entry.kind, link, text: entryText(entry), reason };
}

type Why = Pick<LeftOut, "kind" | "reason">;

function noWords(reason: string): Why {
  return { kind: "no-words", reason };
}

function lookedAfterBy(reason: string): Why {
  return { kind: "looked-after", reason };
}

function isOn(entry: Found, { links, all }: ImportInput): boolean {
  if (entry.kind === "route" && hasNoLink(entry.type)) return all;
  if (entry.kind === "rule") return all || (entry.link === "" ? concerns(entry, links) : links.has(entry.link));
  return entry.kind === "route" ? linksOf(entry).some((link) => links.has(link)) : links.has(entry.link);
}

/** A rule belongs to no link, but one that names other links only is not about these. */
function concerns({ iif, oif }: Rule, links: ReadonlySet<string>): boolean {
  const named = [iif, oif].filter((link) => link !== null && link !== "lo");
  return named.length === 0 || named.some((link) => link !== null && links.has(link));
}

function lookedAfter(entry: Found, key: string, input: ImportInput): Why | null {
  if (entry.kind === "route" && entry.protocol === kernelProtocol) return lookedAfterBy("of the kernel itself");
  if (isOursToReplace(entry, input.record)) return lookedAfterBy("that netkeep has already");
  const owner = input.desired.get(key);
  if (owner !== undefined) return lookedAfterBy(`under keys that ${ownerText(owner)} asks for already`);
  const file = input.files.get(key);
  if (file !== undefined) {
    return { kind: "file", reason: `it stands in ${file}, which stays the administrator's` };
  }
  // networkd sets all its rules with this protocol, and names the source of none.
  if (entry.kind === "rule" && entry.protocol === staticProtocol && input.vagueRule !== null) {
    return { kind: "file", reason: `it may be what ${input.vagueRule} asks for, which stays the administrator's` };
  }
  const source = input.sourceOf(key);
  if (source !== "foreign") return lookedAfterBy(`of networkd (${source})`);
  return daemonOf(entry);
}

/** Only entries without a mark, or with that of an administrator, are nobody's. */
function daemonOf({ protocol }: Pick<Found, "protocol">): Why | null {
  if (protocol === null || protocol === 0 || protocol === bootProtocol || protocol === staticProtocol) return null;
  const name = daemonOfProtocol(protocol);
  const reason =
    name === null
      ? `of a program that marks its entries with protocol ${protocol}`
      : `of ${name} (protocol ${protocol})`;
  return lookedAfterBy(reason);
}

function notSayable(entry: Found, extra: string | undefined, times: number): Why | null {
  if (times > 1) return noWords("the kernel has more than one under this key, and a document can ask for one only");
  if (entry.kind === "neighbor") {
    return extra === undefined ? null : noWords(`a document has no words for "${extra}"`);
  }
  if (entry.kind === "rule") {
    if (entry.extra !== "") return noWords(`a document has no words for "${entry.extra}"`);
    return entry.link !== ""
      ? null
      : noWords('no route tells its link; in a document "dev" has to say whose drop-in it stands in');
  }
  if (hasNoLink(entry.type)) {
    return noWords('it has no link; in a document "dev" has to say whose drop-in it stands in');
  }
  if (extra !== undefined) return noWords(`a document has no words for "${extra}"`);
  if (entry.objects) return noWords("it uses a nexthop object, and a document has none");
  if (canBeAskedFor(entry)) return null;
  const hops = entry.nextHops.some((hop) => hop.gateway === null || hop.onLink);
  const names = Object.keys(entry.metrics).join(", ");
  return noWords(hops ? "in a document each next hop has a gateway within a subnet" : `it sets ${names}`);
}
