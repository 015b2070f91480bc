import type { KernelChange } from "../model/change.ts";
import { places } from "../model/places.ts";
import type { Rule } from "../model/rule.ts";
import type { System } from "../system/system.ts";

/**
 * Rules that a run is about to set, kept in a file until its drop-ins are written. A rule carries no mark of ours, and before
 * its drop-in is there nothing else tells whose it is: that of a run that was killed in between would stay for ever once
 * nobody wants it any more.
 */
export async function readAnnounced(system: System): Promise<readonly Rule[]> {
  const text = system.offline ? null : await system.readText(places.announcedRules).catch(() => null);
  try {
    const rules: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(rules) ? (rules as Rule[]) : [];
  } catch {
    // Only a whole file is put there; one that is not ours says nothing.
    return [];
  }
}

/**
 * Before the kernel is changed.
 *
 * @param before those of a run that was killed: they stay announced until this one has removed them
 * @returns whether `forgetAnnounced` is to be called once the files are written
 */
export async function announceRules(
  system: System,
  changes: readonly KernelChange[],
  before: readonly Rule[],
): Promise<boolean> {
  const added = changes.flatMap(({ action, entry }) => (action !== "remove" && entry.kind === "rule" ? [entry] : []));
  if (added.length > 0) await system.writeFile(places.announcedRules, `${JSON.stringify([...before, ...added])}\n`);
  return added.length + before.length > 0;
}

export async function forgetAnnounced(system: System): Promise<void> {
  await system.removeFile(places.announcedRules);
}
