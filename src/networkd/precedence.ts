/**
 * A file below one of the unit directories, as user systemd-network finds it. What stands in a directory that this user
 * cannot enter is left out, for networkd passes over such a directory in silence.
 */
export type FoundFile =
  | { readonly path: string; readonly kind: "text"; readonly text: string }
  /** A symlink to /dev/null. */
  | { readonly path: string; readonly kind: "null" }
  /** A symlink to nothing. */
  | { readonly path: string; readonly kind: "dangling" }
  /** A directory, or a file that user systemd-network may not read. */
  | { readonly path: string; readonly kind: "unreadable"; readonly reason: string };

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
