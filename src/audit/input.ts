import type { Note } from "../model/change.ts";
import type { Entry } from "../model/entry.ts";
import type { Conflict } from "../model/owner.ts";
import type { OwnRecord } from "../model/ownership.ts";
import type { KernelState } from "../model/state.ts";

/** A generated file, as it should be and as it is, with the entries that stand in both, read when they are asked for. */
export interface FileComparison {
  readonly path: string;
  readonly link: string | null;
  /** null: should not exist, or does not exist. */
  readonly expectedText: string | null;
  readonly actualText: string | null;
  readonly expected: ReadonlyMap<string, Entry>;
  readonly actual: ReadonlyMap<string, Entry>;
  /** A block's text does not fit its digest, or something stands outside of the blocks. */
  readonly editedByHand: boolean;
  /** Why networkd cannot read the file; null if it can. */
  readonly unreadable: string | null;
}

/** What networkd says of one link. */
export interface NetworkdView {
  readonly state: string;
  readonly baseFile: string | null;
  /** null on 252, which does not say. */
  readonly dropIns: readonly string[] | null;
  readonly entries: ReadonlyMap<string, string>;
}

/** The four layers, read at one moment; the audit itself reads nothing. */
export interface AuditInput {
  /** `--root`: there are documents and files only. */
  readonly offline: boolean;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The owners that want the entry under this key. */
  ownersOf(key: string): readonly string[];
  readonly conflicts: readonly Conflict[];
  readonly broken: readonly { readonly owner: string; readonly problems: readonly string[] }[];
  readonly notes: readonly Note[];
  readonly kernel: KernelState;
  readonly record: OwnRecord;
  readonly files: readonly FileComparison[];
  readonly networkd: { readonly running: boolean; readonly reason: string };
  readonly statuses: ReadonlyMap<string, NetworkdView>;
  readonly reloadPending: boolean;
}
