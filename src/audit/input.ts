import type { Note } from "../model/change.ts";
import type { Entry } from "../model/entry.ts";
import type { Conflict } from "../model/owner.ts";
import type { OwnRecord } from "../model/ownership.ts";
import type { KernelState } from "../model/state.ts";
import type { BridgePlan } from "../plan/bridges.ts";

/** A generated file, as it should be and as it is, with the entries that stand in both, read when they are asked for. */
export interface FileComparison {
  readonly path: string;
  readonly link: string | null;
  /** null: should not exist, or does not exist. */
  readonly expectedText: string | null;
  readonly actualText: string | null;
  readonly expected: ReadonlyMap<string, Entry>;
  readonly actual: ReadonlyMap<string, Entry>;
  /** Whose block an entry stands in, by the entry's key. */
  ownerOf(key: string): string | null;
  /** networkd does not load it for a link: a `.netdev`, or a file for sysctls. */
  readonly apart?: boolean;
  /** A block's text does not fit its digest, or something stands outside of the blocks. */
  readonly editedByHand: boolean;
  /** Why networkd does not read what stands there; null if it does. */
  readonly obstacle: Obstacle | null;
  /** What changes nothing in the file and still is later than networkd's last look at the link. */
  readonly outdated: boolean;
  /** The name of a base file that does not apply to the link (any more); null for a file in its place. */
  readonly orphanOf: string | null;
}

export interface Obstacle {
  /** `unreadable`: by its mode or kind. `masked`: by a file that says nothing. `shadowed`: by a file that says other things. */
  readonly kind: "unreadable" | "masked" | "shadowed";
  /** What is in the way. */
  readonly reason: string;
  /** What is in the way is ours to take away. */
  readonly ours: boolean;
}

/** What networkd says of one link. */
export interface NetworkdView {
  readonly state: string;
  readonly baseFile: string | null;
  /** null on 252, which does not say. */
  readonly dropIns: readonly string[] | null;
  readonly entries: ReadonlyMap<string, string>;
  /** Key → protocol (null of a neighbor) of what networkd holds as its own by a file. */
  readonly held: ReadonlyMap<string, number | null>;
}

/** What is known of a link besides networkd's own words. */
export interface LinkView {
  /** A base file other than the one in force that networkd chooses at its next reload, or why it has none then. */
  readonly upcoming: string | null;
  /** Settings of ours that a later drop-in undoes: `KEY=VALUE` of ours and of the other, and where that stands. */
  readonly overrides: readonly { readonly ours: string; readonly theirs: string; readonly place: string }[];
  /** What unit files ask of the link and the kernel does not have: `route … (PATH:LINE)`. */
  readonly absent: readonly { readonly text: string; readonly ours: boolean }[];
  /** Keys of neighbors that unit files of others ask for; null if these files are not known. */
  readonly configuredByOthers: ReadonlySet<string> | null;
}

/** A guest that does not run here any more, by all that is known. */
export interface StaleOwner {
  readonly owner: string;
  /** Why it is taken to be gone. */
  readonly evidence: string;
}

/** Documents that are in force for a time, and those that they stand for still stored. */
export interface TrialView {
  readonly sources: readonly string[];
  /** Until it is taken back; below 0 if that is overdue. */
  readonly secondsLeft: number;
}

/** A foreign entry that the next reload that touches its link deletes. */
export interface AtRisk {
  readonly entry: Entry;
  /** netkeep sets it again after its own reloads. */
  readonly restorable: boolean;
}

/** The four layers, read at one moment; the audit itself reads nothing. */
export interface AuditInput {
  /** `--root`: there are documents and files only. */
  readonly offline: boolean;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The owners that want the entry under this key. */
  ownersOf(key: string): readonly string[];
  readonly conflicts: readonly Conflict[];
  /** `source`: the document, or the directory that is missing with it. */
  readonly broken: readonly { readonly owner: string; readonly source: string; readonly problems: readonly string[] }[];
  readonly staleOwners: readonly StaleOwner[];
  readonly notes: readonly Note[];
  /** What is being tried; null if nothing is. */
  readonly trial: TrialView | null;
  /** Unit directories that networkd may not enter. */
  readonly closedDirectories: readonly { readonly path: string; readonly reason: string }[];
  readonly kernel: KernelState;
  readonly record: OwnRecord;
  readonly bridges: Pick<BridgePlan, "changes" | "kept" | "uplinks">;
  /** The owners that ask for a bridge of this name. */
  bridgeOwnersOf(link: string): readonly string[];
  readonly files: readonly FileComparison[];
  /** `mask`: how systemd is told not to start it; null if it may, or where it runs. */
  readonly networkd: {
    readonly running: boolean;
    readonly reason: string;
    readonly mask: "persistent" | "runtime" | null;
  };
  readonly statuses: ReadonlyMap<string, NetworkdView>;
  readonly links: ReadonlyMap<string, LinkView>;
  /** Links that networkd gets no file of → why. */
  readonly live: ReadonlyMap<string, string>;
  readonly atRisk: readonly AtRisk[];
  readonly reloadPending: boolean;
}
