import { type Entry, entryKey } from "../model/entry.ts";
import type { RecordedEntries } from "../model/ownership.ts";
import { readEntries } from "../networkd/block.ts";
import { carriesEntries } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";

/** The entries of a file whose text has just been rendered; null for any other text. */
export type RenderedEntries = (path: string, text: string) => readonly Entry[] | null;

/**
 * What stands in our drop-ins now. They are read when it is first asked for: most runs find every kernel entry marked, and
 * never ask.
 *
 * @param generated path → text of what netkeep generated
 * @param rendered spares the reading of a file that is as it should be
 */
export function recordedEntries(
  generated: ReadonlyMap<string, string>,
  rendered: RenderedEntries = () => null,
): RecordedEntries {
  let known: ReadonlyMap<string, Entry> | null = null;
  const all = () => {
    known ??= readAll(generated, rendered);
    return known;
  };
  return { get: (key) => all().get(key), has: (key) => all().has(key) };
}

function readAll(generated: ReadonlyMap<string, string>, rendered: RenderedEntries): Map<string, Entry> {
  const recorded = new Map<string, Entry>();
  for (const [path, text] of generated) {
    const link = carriesEntries(path) ? linkOfFile(text) : null;
    if (link === null) continue;
    for (const entry of rendered(path, text) ?? readEntries(text, link)) recorded.set(entryKey(entry), entry);
  }
  return recorded;
}
