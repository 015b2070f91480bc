import type { FileChange, RenderedFile } from "../model/change.ts";

type RenderedText = Pick<RenderedFile, "path" | "text">;

/**
 * The files as they should be against those on disk. A file whose bytes would not change is not written: a new inode
 * alone makes networkd set the link up anew.
 *
 * @param onDisk path → text of every file that netkeep generated
 */
export function planFiles(rendered: readonly RenderedText[], onDisk: ReadonlyMap<string, string>): FileChange[] {
  const wanted = new Set(rendered.map((file) => file.path));
  const writes = rendered.flatMap((file): FileChange[] => {
    const before = onDisk.get(file.path) ?? null;
    return before === file.text ? [] : [{ action: "write", path: file.path, text: file.text, before }];
  });
  const removals = [...onDisk].flatMap(([path, before]): FileChange[] =>
    wanted.has(path) ? [] : [{ action: "remove", path, before }],
  );
  // A standalone base file must not appear before its drop-ins: KeepConfiguration= guards from the first reload on.
  return [...writes.sort(byPath), ...removals.sort(byPath)];
}

/**
 * Files to write once more although their bytes stay, so that networkd takes up entries that are set live under it. 257
 * and later make no difference; 252 would not know such an entry as its own (its JSON leaves it out).
 *
 * @param links links on which an entry is set that already stands in the drop-in
 */
export function refreshes(
  links: ReadonlySet<string>,
  changes: readonly FileChange[],
  onDisk: ReadonlyMap<string, string>,
  linkOf: (path: string) => string | null,
): FileChange[] {
  const changed = new Set(changes.map((change) => change.path));
  return [...onDisk].flatMap(([path, text]): FileChange[] => {
    const link = changed.has(path) ? null : linkOf(path);
    return link !== null && links.has(link) ? [{ action: "write", path, text, before: text }] : [];
  });
}

function byPath(a: { path: string }, b: { path: string }): number {
  const depth = b.path.split("/").length - a.path.split("/").length;
  return depth || (a.path < b.path ? -1 : 1);
}
