import type { KernelNeighbor, KernelRoute } from "../model/state.ts";

/**
 * What networkd still has to be told, kept in a file from before the first file changes until all is done: a run that is
 * killed, or that may not reload, leaves the rest to the next, which would otherwise see no changed file and so no danger.
 */
export interface PendingReload {
  /** Links whose files have changed. */
  readonly links: readonly string[];
  /** Entries of others that the reload deletes and that are to be set again. */
  readonly guarded: readonly (KernelRoute | KernelNeighbor)[];
  /** All else is done, and somebody is about to tell networkd. Absent: the run may have been killed anywhere. */
  readonly complete?: boolean;
}

export function pendingText({ links, guarded, complete }: PendingReload): string {
  return `${JSON.stringify({ links: [...new Set(links)], guarded, ...(complete === true ? { complete } : {}) })}\n`;
}

/** @param text null if there is no such file; a text that is not ours still says that a reload is pending */
export function parsePending(text: string | null): PendingReload | null {
  if (text === null) return null;
  try {
    const { links, guarded, complete } = JSON.parse(text) as PendingReload;
    const lists = { links: Array.isArray(links) ? links : [], guarded: Array.isArray(guarded) ? guarded : [] };
    return complete === true ? { ...lists, complete } : lists;
  } catch {
    return { links: [], guarded: [] };
  }
}
