import type { FileChange, RenderedFile } from "../model/change.ts";

/**
 * The files as they should be against those on disk. A file whose bytes would not change is not written: a new inode
 * alone makes networkd set the link up anew.
 *
 * @param onDisk path → text of every file that netkeep generated
 */
export function planFiles(rendered: readonly RenderedFile[], onDisk: ReadonlyMap<string, string>): FileChange[] {
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

function byPath(a: { path: string }, b: { path: string }): number {
  const depth = b.path.split("/").length - a.path.split("/").length;
  return depth || (a.path < b.path ? -1 : 1);
}
