import type { FileChange, Note, RenderedFile } from "../model/change.ts";
import type { FoundFile } from "../model/file.ts";
import { isGenerated } from "../networkd/paths.ts";
import { isLinkOfOthers, linkOfFile } from "../networkd/render.ts";
import type { Observed } from "../observe/observe.ts";
import { planFiles } from "../plan/files.ts";
import type { Layout } from "./layout.ts";

/**
 * What has to be done to the files.
 *
 * @param without keys of entries that stay out of the files
 * @param tolerant what cannot be written is left out; else it is an error when it is written
 */
export function fileChanges(
  layout: Layout,
  observed: Observed,
  without: ReadonlySet<string>,
  tolerant: boolean,
): FileChange[] {
  const rendered = without.size === 0 ? layout.files : layout.without(without);
  const all = [...planFiles(rendered, observed.generated), ...unreadableLeftovers(observed, rendered)];
  return all.filter((file) => !layout.keeps(file) && !(tolerant && obstructed(file.path, observed) !== null));
}

/** Files that are left out because something of others is in their place. */
export function obstacleNotes(layout: Layout, observed: Observed): Note[] {
  const isSuspect = (file: FoundFile) => (file.kind !== "text" && isGenerated(file.path)) || isClosed(file);
  const suspects = observed.tree.some((file) => isSuspect(file) || (isGenerated(file.path) && isLinkOfOthers(file)));
  if (!suspects) return [];
  return layout.files.flatMap((file): Note[] => {
    const reason = obstructed(file.path, observed);
    const text = `${file.path} is left as it is: ${reason}`;
    return reason === null ? [] : [{ level: "warning", link: linkOfFile(file.text), text }];
  });
}

/** A closed `*.d` that netkeep may open, because nobody else has put anything there. */
export function holdsOnlyOurs(file: FoundFile): boolean {
  const names = isClosed(file) ? (file.names ?? []) : [];
  return names.length > 0 && names.every((name) => isGenerated(`${file.path}/${name}`));
}

/** A `*.d` that networkd may not enter. */
export function isClosed(file: FoundFile): file is FoundFile & { kind: "unreadable" } {
  return file.kind === "unreadable" && file.names !== undefined && file.path.endsWith(".network.d");
}

/** Files of ours that nobody needs and whose mode keeps networkd from reading them: the link is lost as long as they stay. */
function unreadableLeftovers({ tree }: Observed, rendered: readonly Pick<RenderedFile, "path">[]): FileChange[] {
  const wanted = new Set(rendered.map(({ path }) => path));
  return tree.flatMap((file): FileChange[] => {
    const ours = file.kind === "unreadable" && file.text !== undefined && isGenerated(file.path);
    return ours && !wanted.has(file.path) ? [{ action: "remove", path: file.path, before: file.text ?? "" }] : [];
  });
}

export function linkOfOthers(target: string): string {
  return `it is a symbolic link to ${target}, which netkeep did not write`;
}

/** What stands where the file should be and is not ours to replace: a mask, a directory, a pipe, a closed directory. */
function obstructed(path: string, { tree }: Observed): string | null {
  const directory = path.slice(0, path.lastIndexOf("/"));
  for (const found of tree) {
    if (found.path !== path && found.path !== directory) continue;
    if (isLinkOfOthers(found)) return linkOfOthers(found.target);
    if (found.kind === "text") continue;
    if (isClosed(found)) return holdsOnlyOurs(found) ? null : `its directory has ${found.reason}`;
    if (found.kind === "unreadable") return found.text === undefined ? found.reason : null;
    return found.kind === "null" ? "somebody has masked it (a link to /dev/null)" : "it is a symbolic link";
  }
  return null;
}
