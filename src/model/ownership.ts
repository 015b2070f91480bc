import { type Entry, entryKey, sameEntry } from "./entry.ts";
import { staticProtocol } from "./route.ts";
import type { Rule } from "./rule.ts";
import type { KernelEntry } from "./state.ts";

/** Key → entry, of everything that stands in our drop-ins on disk. */
export type RecordedEntries = Pick<ReadonlyMap<string, Entry>, "get" | "has">;

/**
 * How a run without a memory knows its own. Routes carry our protocol number wherever they came from. Neighbors carry it
 * only if netkeep set them live; networkd sets none, so those that it installed are known by our drop-ins. So are rules,
 * which networkd always sets with protocol static; only on links without drop-ins do they carry our number.
 */
export interface OwnRecord {
  readonly protocol: number;
  readonly recorded: RecordedEntries;
  /** Rules that a run that was killed was about to set; the drop-ins may say something else of the same keys. */
  readonly announced?: readonly Rule[];
  /**
   * The keys that this run is about; null for all. A run that has read only some owners must not take what belongs to the
   * others for its own, because it would delete that.
   */
  readonly scope: ReadonlySet<string> | null;
  /** Links without drop-ins: there a neighbor of ours is known by its mark alone. */
  readonly live?: Pick<ReadonlyMap<string, unknown>, "has" | "size">;
  /**
   * Whether a document that cannot be read may want what has our mark on a link: one without drop-ins, which would tell.
   * Absent if all documents can be read.
   */
  readonly doubtful?: (link: string) => boolean;
}

/** We may overwrite this entry: it is ours, or it sits on a key that is ours and was changed by somebody. */
export function isOursToReplace(entry: KernelEntry, record: OwnRecord): boolean {
  return entry.protocol === record.protocol || record.recorded.has(entryKey(entry)) || isAnnounced(entry, record);
}

/** We may delete this entry: only what is ours beyond doubt, by its mark or by being just what our drop-in says. */
export function isOursToRemove(entry: KernelEntry, record: OwnRecord): boolean {
  if (record.scope !== null && !record.scope.has(entryKey(entry))) return false;
  const recorded = record.recorded.get(entryKey(entry));
  if (entry.protocol === record.protocol) return recorded !== undefined || record.doubtful?.(entry.link) !== true;
  // Equal rules of other protocols are there beside ours, and networkd's are static.
  if (entry.kind === "rule" && entry.protocol !== staticProtocol) return false;
  return (recorded !== undefined && sameEntry(recorded, entry)) || isAnnounced(entry, record);
}

function isAnnounced(entry: KernelEntry, { announced = [] }: OwnRecord): boolean {
  return announced.some((rule) => sameEntry(rule, entry));
}
