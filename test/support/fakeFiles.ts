import type { FoundFile } from "../../src/model/file.ts";
import { places } from "../../src/model/places.ts";
import { unitDirectories } from "../../src/networkd/precedence.ts";

export type FakeFile =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly modified: number;
      /** What it names, if it is a symbolic link. */
      readonly target?: string;
    }
  | { readonly kind: "null" };

/** A file system in memory: enough of it for `System`, with the temporary files of an atomic write. */
export class FakeFiles {
  readonly #files = new Map<string, FakeFile>();
  /** Directories of units that networkd may not enter, and files that it may not read. */
  readonly closed = new Set<string>();
  readonly #changes = new Map<string, number>();
  #clock = 0;
  #hasDocuments = false;

  text(path: string): string | null {
    const file = this.#files.get(path);
    return file?.kind === "text" ? file.text : null;
  }

  linkTarget(path: string): string | null {
    const file = this.#files.get(path);
    return file?.kind === "null" ? "/dev/null" : (file?.target ?? null);
  }

  /** Of a directory: a number that is another one after each change of what is in it. */
  modified(path: string): number | null {
    const file = this.#files.get(path);
    if (file === undefined && this.isDirectory(path)) return this.#changes.get(path) ?? 0;
    return file?.kind === "text" ? file.modified : null;
  }

  set(path: string, file: FakeFile): void {
    if (!/^(\/[^/\0]+)+$/.test(path) || path.split("/").includes("..")) throw new Error(`not a path: ${path}`);
    this.#files.set(path, file);
    if (path.startsWith(`${places.documents}/`)) this.#hasDocuments = true;
    this.closed.delete(path);
    this.#touch(path);
  }

  delete(path: string): void {
    if (this.#files.delete(path)) this.#touch(path);
  }

  /** The administrator's directory as a whole; it stays when its last document goes. */
  deleteDocuments(): void {
    for (const name of this.list(places.documents)) this.delete(`${places.documents}/${name}`);
    this.#hasDocuments = false;
  }

  /** The same, without a document in it. */
  makeDocuments(): void {
    this.#hasDocuments = true;
  }

  #touch(path: string): void {
    this.#changes.set(path.slice(0, path.lastIndexOf("/")), ++this.#clock);
  }

  /** Names of files and directories in a directory, sorted. */
  list(directory: string): string[] {
    const inside = [...this.#files.keys()].filter((path) => path.startsWith(`${directory}/`));
    return [...new Set(inside.map((path) => path.slice(directory.length + 1).split("/")[0] ?? ""))].sort();
  }

  isDirectory(path: string): boolean {
    if (path === places.documents && this.#hasDocuments) return true;
    return [...this.#files.keys()].some((other) => other.startsWith(`${path}/`));
  }

  /** As system/units.ts finds them. */
  units(directories: readonly string[], suffixes: readonly string[]): FoundFile[] {
    const closed = (path: string) => ({
      ...{ path, kind: "unreadable" as const, reason: "mode 0700" },
      names: this.list(path),
    });
    return directories.flatMap((directory): FoundFile[] => {
      if (this.closed.has(directory)) return [closed(directory)];
      return this.list(directory).flatMap((name): FoundFile[] => {
        const path = `${directory}/${name}`;
        if (!name.endsWith(".d")) return suffixes.some((suffix) => name.endsWith(suffix)) ? this.#found(path) : [];
        if (this.closed.has(path)) return [closed(path)];
        return this.list(path).flatMap((inner) => (inner.endsWith(".conf") ? this.#found(`${path}/${inner}`) : []));
      });
    });
  }

  /** All units, as networkd finds them. */
  networkdUnits(): FoundFile[] {
    return this.units(unitDirectories, [".network"]);
  }

  /** Path → text below any of these directories; a mask shows as the target of its link. */
  tree(...directories: string[]): Map<string, string> {
    const paths = [...this.#files.keys()].filter((path) => directories.some((top) => path.startsWith(`${top}/`)));
    return new Map(paths.sort().map((path) => [path, this.text(path) ?? "-> /dev/null"]));
  }

  #found(path: string): FoundFile[] {
    const file = this.#files.get(path);
    if (file?.kind === "text" && this.closed.has(path)) {
      return [{ path, kind: "unreadable", reason: "mode 0600", text: file.text }];
    }
    return file === undefined ? [] : [{ path, ...file }];
  }
}
