import type { Bridge, Wanted } from "./bridge.ts";
import { type Entry, entryKey } from "./entry.ts";

/** `persistent` survives a reboot (/etc, /var/lib); `runtime` is gone with /run. */
export type Persistence = "persistent" | "runtime";

/** `keep`: entries survive the loss of carrier (ConfigureWithoutCarrier=yes). `follow`: they go and come with it. */
export type Carrier = "keep" | "follow";

/** `networkd`: entries stand in drop-ins. `live`: they are only set in the kernel, by netkeep and its units. */
export const linkModes = ["networkd", "live"] as const;
export type LinkMode = (typeof linkModes)[number];

/** What a document says of a link besides entries. */
export interface LinkSettings {
  readonly carrier?: Carrier;
  /** Where it is not said, it depends on who looks after the link. */
  readonly mode?: LinkMode;
  /** The netdev kind of a link that does not exist yet, for [Match] Kind= and Driver=. */
  readonly kind?: string;
  /** The link is a bridge that netkeep makes. */
  readonly bridge?: Bridge;
}

/** An entry and the place in its owner's document that asks for it, such as `guests.0.addresses.1`. */
export interface OwnedEntry {
  readonly entry: Entry;
  /** `entryKey` of the entry, made once: a large host asks for it at every step. */
  readonly key: string;
  readonly path: string;
  /** The name of the guest or router that it is for, where the document says one. */
  readonly name?: string;
}

export function ownedEntry(entry: Entry, path: string, name?: string): OwnedEntry {
  const key = entryKey(entry);
  return name === undefined ? { entry, key, path } : { entry, key, path, name };
}

/** Everything that one owner wants: the complete form of its document. */
export interface OwnerState {
  readonly owner: string;
  /** The file or program that the document came from, for people. */
  readonly source: string;
  readonly persistence: Persistence;
  /** When the document was last changed, milliseconds since 1970; a later one is newer. */
  readonly changed: number;
  readonly entries: readonly OwnedEntry[];
  readonly links: ReadonlyMap<string, LinkSettings>;
}

/** The bridges that an owner asks for, and where. */
export function bridgesOf({ links }: Pick<OwnerState, "links">): { readonly entry: Bridge; readonly path: string }[] {
  return [...links].flatMap(([link, { bridge }]) =>
    bridge === undefined ? [] : [{ entry: bridge, path: `links.${link}.bridge` }],
  );
}

/** Two owners want different entries under one key, or one bridge in two ways. */
export interface Conflict {
  readonly key: string;
  readonly winner: { readonly owner: string; readonly entry: Wanted };
  readonly loser: { readonly owner: string; readonly entry: Wanted; readonly path: string };
}

/** The merge of all owners: `owners` keep only entries that won. */
export interface DesiredState {
  readonly owners: readonly OwnerState[];
  readonly links: ReadonlyMap<string, LinkSettings>;
  readonly conflicts: readonly Conflict[];
}

/** An owner id for people: agents make them up, and a control character must not reach a terminal or a second line. */
export function ownerText(owner: string): string {
  return owner.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
