import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FoundFile } from "../model/file.ts";
import { readTextFile } from "./files.ts";

/** User systemd-network: networkd reads its files as this user. */
interface Reader {
  readonly user: number;
  readonly group: number;
}

/**
 * The unit files in `directories` and their `*.d` directories as networkd would find them.
 *
 * @param root prefix of every path on this machine; the paths returned are without it
 */
export async function readUnitFiles(
  root: string,
  directories: readonly string[],
  suffixes: readonly string[],
): Promise<FoundFile[]> {
  const reader = await findReader(root);
  const found: FoundFile[] = [];
  for (const directory of directories) {
    const closed = await closedDirectory(root, directory, reader);
    if (closed !== null) {
      found.push(...closed);
      continue;
    }
    for (const name of await names(root + directory)) {
      const path = join(directory, name);
      if (name.endsWith(".d")) {
        const closedToo = await closedDirectory(root, path, reader);
        if (closedToo !== null) {
          if (suffixes.some((suffix) => name.endsWith(`${suffix}.d`))) found.push(...closedToo);
          continue;
        }
        for (const inner of await names(root + path)) {
          if (inner.endsWith(".conf")) found.push(await classify(root, join(path, inner), reader));
        }
      } else if (suffixes.some((suffix) => name.endsWith(suffix))) found.push(await classify(root, path, reader));
    }
  }
  return found;
}

async function classify(root: string, path: string, reader: Reader | null): Promise<FoundFile> {
  const here = root + path;
  const own = await lstat(here);
  if (own.isSymbolicLink() && (await readlink(here)) === "/dev/null") return { path, kind: "null" };
  const target = await stat(here).catch(() => null);
  if (target === null) return { path, kind: "dangling" };
  if (!target.isFile()) return { path, kind: "unreadable", reason: "it is not a regular file" };
  try {
    const text = await readFile(here, "utf8");
    if (!allows(target, reader, 4)) {
      const reason = `mode ${modeOf(target)}: user systemd-network may not read it`;
      // Through a symbolic link it is somebody else's file.
      return own.isFile() ? { path, kind: "unreadable", reason, text } : { path, kind: "unreadable", reason };
    }
    return { path, kind: "text", text, modified: target.mtimeMs };
  } catch (error) {
    return { path, kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** null if the user can look into it; what is no directory at all is empty. */
async function closedDirectory(root: string, path: string, reader: Reader | null): Promise<FoundFile[] | null> {
  const found = await stat(root + path).catch(() => null);
  if (found?.isDirectory() !== true) return [];
  if (allows(found, reader, 1) && allows(found, reader, 4)) return null;
  const reason = `mode ${modeOf(found)}: user systemd-network may not enter it`;
  return [{ path, kind: "unreadable", reason, names: await names(root + path) }];
}

function modeOf({ mode }: { mode: number }): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** The rule of path_resolution(7): owner, else group, else others. Without such a user (image, tests) others decide. */
function allows(found: { mode: number; uid: number; gid: number }, reader: Reader | null, bit: 1 | 4): boolean {
  if (reader !== null && found.uid === reader.user) return (found.mode & (bit << 6)) !== 0;
  if (reader !== null && found.gid === reader.group) return (found.mode & (bit << 3)) !== 0;
  return (found.mode & bit) !== 0;
}

async function findReader(root: string): Promise<Reader | null> {
  const passwd = await readTextFile(`${root}/etc/passwd`);
  const fields = /^systemd-network:[^:]*:(\d+):(\d+):/m.exec(passwd ?? "");
  return fields === null ? null : { user: Number(fields[1]), group: Number(fields[2]) };
}

async function names(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}
