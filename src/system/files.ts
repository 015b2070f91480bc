import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { decode } from "./decode.ts";

// All of it is synchronous below its promises: a call on a small file takes some microseconds, and to hand it to another
// thread and back ten times as much. Programs that are running meanwhile go on.

/** Reads a file, null if it does not exist. */
export async function readTextFile(path: string): Promise<string | null> {
  try {
    return decode(readFileSync(path));
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return null;
    throw fileError("read", path, error);
  }
}

export async function modifiedAt(path: string): Promise<number | null> {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch {
    return null;
  }
}

export async function listDirectory(path: string): Promise<string[]> {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return [];
    throw fileError("list", path, error);
  }
}

/**
 * Writes by way of a temporary file in the same directory. Its name starts with a dot and ends in `.tmp`, so that networkd
 * never takes it for a drop-in; what a killed run has left is replaced by the next write to the same path.
 *
 * @param replaceLink a symbolic link of this name is replaced, and what it names is left alone
 */
export async function writeAtomic(path: string, text: string | Uint8Array, replaceLink = false): Promise<void> {
  const directory = dirname(path);
  try {
    makeDirectory(directory);
    requirePlainFile(path, replaceLink);
    writeSynced(temporaryOf(path), path, text);
    syncDirectory(directory);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

export function requirePlainFile(path: string, replaceLink = false): void {
  const old = lstatSync(path, { throwIfNoEntry: false });
  const fits = old === undefined || old.isFile() || (replaceLink && old.isSymbolicLink());
  if (!fits) throw new Error(`is ${kindOf(old)}; move it away`);
}

export async function openDirectory(path: string): Promise<void> {
  try {
    chmodSync(path, 0o755);
  } catch (error) {
    throw fileError("change the mode of", path, error);
  }
}

function kindOf(found: Stats): string {
  return found.isSymbolicLink() ? "a symbolic link" : found.isDirectory() ? "a directory" : "not a regular file";
}

/** For files of the kernel, which cannot be renamed over. */
export async function writeInPlace(path: string, text: string): Promise<void> {
  try {
    writeFileSync(path, text, { flag: "r+" });
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Removes a file; then its directory, if that is an empty `*.d`. */
export async function removeQuietly(path: string): Promise<void> {
  let removed = false;
  try {
    unlinkSync(path);
    removed = true;
  } catch (error) {
    if (!isCode(error, "ENOENT", "ENOTDIR")) throw fileError("remove", path, error);
  }
  const directory = dirname(path);
  const swept = attempt(() => unlinkSync(temporaryOf(path)));
  const emptied = directory.endsWith(".d") && attempt(() => rmdirSync(directory));
  // Most that is removed was not there, and then the disk is not waited for.
  if (removed || swept || emptied) attempt(() => syncDirectory(emptied ? dirname(directory) : directory));
}

/** What cannot be done need not be done. @returns whether it was */
export function attempt(effect: () => void): boolean {
  try {
    effect();
    return true;
  } catch {
    return false;
  }
}

function writeSynced(temporary: string, path: string, text: string | Uint8Array): void {
  const file = create(temporary);
  try {
    try {
      writeFileSync(file, text);
      // Not the mode of open(): the umask would cut it, and networkd drops a link with a file that it cannot read.
      fchmodSync(file, 0o644);
      if (!isVolatile(path)) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    attempt(() => unlinkSync(temporary));
    throw error;
  }
}

/** One name for each path, so that the next write finds what a killed run has left without a look at the whole directory. */
export function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/** @returns a descriptor */
export function create(temporary: string): number {
  try {
    return openSync(temporary, "wx", 0o600);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    unlinkSync(temporary);
    return openSync(temporary, "wx", 0o600);
  }
}

/** 0755 whatever the umask: a directory that networkd cannot enter empties the link. */
export function makeDirectory(path: string): void {
  const first = makeAll(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}

/** @returns the first one that was made */
function makeAll(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    // What Node says of a read-only file system is that the directory is not there: the first that is missing gets the reason.
    let missing = path;
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    if (isCode(error, "ENOENT")) mkdirSync(missing);
    throw error;
  }
}

/** It is in memory and gone after a power loss, whatever is waited for (file-hierarchy(7)). */
export function isVolatile(path: string): boolean {
  return path.startsWith("/run/");
}

export function syncDirectory(path: string): void {
  if (isVolatile(path)) return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

export function fileError(verb: string, path: string, error: unknown): UserError {
  const reason =
    error instanceof Error ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*)?$/, "") : String(error);
  const code = isCode(error, "EACCES", "EPERM") ? exitCodes.notPermitted : exitCodes.failed;
  return new UserError(code, `cannot ${verb} ${path}: ${reason}`, { cause: error });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
