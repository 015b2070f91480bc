import type { FoundFile } from "../model/file.ts";

/** All files found below the unit directories, in any order; paths as on the host, without the root of an image. */
export type UnitTree = readonly FoundFile[];

/** A base file with its drop-ins, before anything was read. */
export interface UnitFile {
  /** `10-br.network`. */
  readonly name: string;
  /** The one that counts, in the highest directory. */
  readonly file: FoundFile;
  /** Those of the same name in lower directories. */
  readonly hidden: readonly FoundFile[];
  /** In the order in which they are read; a mask is left out, an unreadable one is not. */
  readonly dropIns: readonly FoundFile[];
}

/** From the highest to the lowest: NETWORK_DIRS of 252 and 257; Debian's /lib is the same directory as /usr/lib. */
export const unitDirectories = [
  "/etc/systemd/network",
  "/run/systemd/network",
  "/usr/local/lib/systemd/network",
  "/usr/lib/systemd/network",
] as const;

/** A unit directory that networkd may not enter: at its next reload it drops every link with files there, in silence. */
export function closedDirectories(tree: UnitTree): (FoundFile & { kind: "unreadable" })[] {
  const tops = new Set<string>(unitDirectories);
  return tree.filter((file) => file.kind === "unreadable" && tops.has(file.path)) as ReturnType<
    typeof closedDirectories
  >;
}

/**
 * The base files that networkd would look at, in its order: by name over all directories, each name once
 * (conf_files_list_strv() in src/basic/conf-files.c, systemd.network(5) DESCRIPTION). Masks are among them.
 */
export function unitFiles(tree: UnitTree, suffix: ".network" | ".netdev"): UnitFile[] {
  return byPrecedence(tree, "", suffix).map(({ name, files: [file, ...hidden] }) => ({
    name,
    file,
    hidden,
    dropIns: byPrecedence(tree, `/${name}.d`, ".conf")
      .map(({ files: [highest] }) => highest)
      .filter((dropIn) => !isMask(dropIn) && dropIn.kind !== "dangling"),
  }));
}

/** A symlink to /dev/null or a file without a byte: it hides the lower ones and says nothing itself. */
export function isMask(file: FoundFile): boolean {
  return file.kind === "null" || (file.kind === "text" && file.text === "");
}

type SameName = { readonly name: string; readonly files: readonly [FoundFile, ...FoundFile[]] };

function byPrecedence(tree: UnitTree, below: string, suffix: string): SameName[] {
  const found = new Map<string, [FoundFile, ...FoundFile[]]>();
  for (const directory of unitDirectories) {
    for (const file of tree) {
      const name = nameIn(`${directory}${below}/`, file.path);
      // A leading dot hides, as in hidden_or_backup_file(); no other name of that list has one of our suffixes.
      if (name === undefined || name.startsWith(".") || !name.endsWith(suffix)) continue;
      const files = found.get(name);
      if (files === undefined) found.set(name, [file]);
      else files.push(file);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, files]) => ({ name, files }));
}

function nameIn(directory: string, path: string): string | undefined {
  const rest = path.startsWith(directory) ? path.slice(directory.length) : "";
  return rest === "" || rest.includes("/") ? undefined : rest;
}
