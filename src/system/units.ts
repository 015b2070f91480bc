import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { FoundFile } from "../model/file.ts";
import { decode } from "./decode.ts";
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
    const closed = closedDirectory(root, directory, reader);
    if (closed !== null) {
      found.push(...closed);
      continue;
    }
    for (const name of names(root + directory)) {
      const path = join(directory, name);
      if (name.endsWith(".d")) {
        const closedToo = closedDirectory(root, path, reader);
        if (closedToo !== null) {
          if (suffixes.some((suffix) => name.endsWith(`${suffix}.d`))) found.push(...closedToo);
          continue;
        }
        for (const inner of names(root + path)) {
          if (inner.endsWith(".conf")) found.push(classify(root, join(path, inner), reader));
        }
      } else if (suffixes.some((suffix) => name.endsWith(suffix))) found.push(classify(root, path, reader));
    }
  }
  return found;
}

function classify(root: string, path: string, reader: Reader | null): FoundFile {
  const here = root + path;
  const own = lstatSync(here);
  if (own.isSymbolicLink() && readlinkSync(here) === "/dev/null") return { path, kind: "null" };
  const target = statOf(here);
  if (target === null) return { path, kind: "dangling" };
  if (!target.isFile()) return { path, kind: "unreadable", reason: "it is not a regular file" };
  try {
    const text = decode(readFileSync(here));
    if (!allows(target, reader, 4)) {
      const reason = `mode ${modeOf(target)}: user systemd-network may not read it`;
      // Through a symbolic link it is somebody else's file.
      return own.isFile() ? { path, kind: "unreadable", reason, text } : { path, kind: "unreadable", reason };
    }
    const found = { path, kind: "text", text, modified: target.mtimeMs } as const;
    return own.isSymbolicLink() ? { ...found, target: readlinkSync(here) } : found;
  } catch (error) {
    return { path, kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** null if the user can look into it; what is no directory at all is empty. */
function closedDirectory(root: string, path: string, reader: Reader | null): FoundFile[] | null {
  const found = statOf(root + path);
  if (found?.isDirectory() !== true) return [];
  if (allows(found, reader, 1) && allows(found, reader, 4)) return null;
  const reason = `mode ${modeOf(found)}: user systemd-network may not enter it`;
  return [{ path, kind: "unreadable", reason, names: names(root + path) }];
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

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** null also for a link that leads nowhere, or to itself. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
