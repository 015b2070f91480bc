import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";

/** Reads a file, null if it does not exist. */
export async function readTextFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return null;
    throw fileError("read", path, error);
  }
}

export async function modifiedAt(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : found.mtimeMs;
}

export async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return [];
    throw fileError("list", path, error);
  }
}

async function directoryExists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/**
 * Writes by way of a temporary file in the same directory. Its name starts with a dot and ends in `.tmp`, so that networkd
 * never takes it for a drop-in; what a killed run has left is replaced by the next write to the same path.
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  try {
    await makeDirectory(directory);
    const old = await lstat(path).catch(() => null);
    if (old !== null && !old.isFile()) throw new Error("is not a regular file; move it away");
    await writeSynced(temporaryOf(path), path, text);
    await syncDirectory(directory);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

export async function openDirectory(path: string): Promise<void> {
  try {
    await chmod(path, 0o755);
  } catch (error) {
    throw fileError("change the mode of", path, error);
  }
}

/** For files of the kernel, which cannot be renamed over. */
export async function writeInPlace(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "r+" });
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Removes a file; then its directory, if that is an empty `*.d`. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, "ENOENT", "ENOTDIR")) throw fileError("remove", path, error);
  }
  const directory = dirname(path);
  await unlink(temporaryOf(path)).catch(() => undefined);
  const kept = await directoryExists(directory);
  if (kept && directory.endsWith(".d")) await rmdir(directory).catch(() => undefined);
  await syncDirectory(dirname(directory)).catch(() => undefined);
}

async function writeSynced(temporary: string, path: string, text: string): Promise<void> {
  const file = await create(temporary);
  try {
    await file.writeFile(text);
    // Not the mode of open(): the umask would cut it, and networkd drops a link with a file that it cannot read.
    await file.chmod(0o644);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** One name for each path, so that the next write finds what a killed run has left without a look at the whole directory. */
function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

async function create(temporary: string): Promise<FileHandle> {
  const make = () => open(temporary, "wx", 0o600);
  try {
    return await make();
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    await unlink(temporary);
    return make();
  }
}

/** 0755 whatever the umask: a directory that networkd cannot enter empties the link. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    const directory = await open(made, "r");
    await directory.chmod(0o755).finally(() => directory.close());
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}

function fileError(verb: string, path: string, error: unknown): UserError {
  const reason =
    error instanceof Error ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+ '.*$/, "") : String(error);
  const code = isCode(error, "EACCES", "EPERM") ? exitCodes.notPermitted : exitCodes.failed;
  return new UserError(code, `cannot ${verb} ${path}: ${reason}`, { cause: error });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
