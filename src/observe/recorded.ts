import { plainGuestsOf } from "../model/alike.ts";
import type { RenderedFile } from "../model/change.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { once } from "../model/once.ts";
import type { RecordedEntries } from "../model/ownership.ts";
import { readEntries } from "../networkd/block.ts";
import { carriesEntries } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";

/** What the desired state is rendered to: a file that is as it should be need not be read. */
export interface Rendered {
  /** Asked for once, when the first entry is; empty while it is not known. */
  files(): readonly RenderedFile[];
  /** All desired entries by key. */
  readonly entries: ReadonlyMap<string, Entry>;
}

const nothing: Rendered = { files: () => [], entries: new Map() };

/**
 * What stands in our drop-ins now. They are read when it is first asked for: most runs find every kernel entry marked, and
 * never ask.
 *
 * @param generated path → text of what netkeep generated
 */
export function recordedEntries(generated: ReadonlyMap<string, string>, rendered = nothing): RecordedEntries {
  // A host that gets its first entries: nothing has to be rendered to know that none stands in a file.
  if (![...generated.keys()].some(carriesEntries)) return new Map<string, Entry>();
  const files = once(() => readAll(generated, rendered.files()));
  const get = (key: string): Entry | undefined => {
    const { parsed, whole } = files();
    const wanted = rendered.entries.get(key);
    return parsed.get(key) ?? (wanted !== undefined && whole.has(wanted.link) ? wanted : undefined);
  };
  return { get, has: (key) => get(key) !== undefined };
}

/** @returns `whole`: links whose rendered files are all there, so that what is desired on them stands in files; `parsed`: the rest */
function readAll(generated: ReadonlyMap<string, string>, rendered: readonly RenderedFile[]) {
  const withEntries = rendered.filter((file) => linkOf(file) !== "");
  const partial = new Set(withEntries.filter(({ path, text }) => generated.get(path) !== text).map(linkOf));
  const whole = new Set(withEntries.map(linkOf).filter((link) => !partial.has(link)));
  const skipped = new Set(withEntries.filter((file) => whole.has(linkOf(file))).map(({ path }) => path));
  const parsed = new Map<string, Entry>();
  for (const [path, text] of generated) {
    const link = carriesEntries(path) && !skipped.has(path) ? linkOfFile(text) : null;
    if (link !== null) for (const entry of readEntries(text, link)) parsed.set(entryKey(entry), entry);
  }
  return { parsed, whole };
}

/** The link of the entries in a file; empty if it has none. */
function linkOf(file: RenderedFile): string {
  const [plain] = plainGuestsOf(file) ?? [];
  return plain?.route.link ?? file.entries[0]?.link ?? "";
}
