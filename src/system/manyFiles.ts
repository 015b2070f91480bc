import { closeSync, fchmodSync, fsync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import {
  attempt,
  create,
  fileError,
  isVolatile,
  makeDirectory,
  requirePlainFile,
  syncDirectory,
  temporaryOf,
} from "./files.ts";

/** How many files are open at once: 1024 descriptors are the usual limit. */
const chunk = 256;

/**
 * Each of the files as by `writeAtomic`. Threads wait for the disk, for many files at once, and it is waited for once for a
 * directory: 0.2 ms for a file on ext4 instead of 7. If a file cannot be written, those of earlier chunks are.
 */
export async function writeManyAtomic(files: readonly NamedText[]): Promise<void> {
  const directories = new Set<string>();
  for (let at = 0; at < files.length; at += chunk) await writeChunk(files.slice(at, at + chunk), directories);
  for (const directory of directories) explained(directory, () => syncDirectory(directory));
}

/** A file and what is to stand in it. */
export interface NamedText {
  readonly path: string;
  readonly text: string;
}

async function writeChunk(files: readonly NamedText[], directories: Set<string>): Promise<void> {
  const begun: { path: string; temporary: string; file: number }[] = [];
  try {
    for (const { path, text } of files) {
      explained(path, () => {
        const directory = dirname(path);
        if (!directories.has(directory)) makeDirectory(directory);
        directories.add(directory);
        requirePlainFile(path);
        const temporary = temporaryOf(path);
        const file = create(temporary);
        begun.push({ path, temporary, file });
        writeFileSync(file, text);
        fchmodSync(file, 0o644);
      });
    }
    const synced = await Promise.allSettled(begun.map(({ path, file }) => (isVolatile(path) ? null : syncFile(file))));
    for (const [index, { path, temporary }] of begun.entries()) {
      explained(path, () => {
        const outcome = synced[index];
        if (outcome?.status === "rejected") throw outcome.reason;
        renameSync(temporary, path);
      });
    }
  } finally {
    for (const { temporary, file } of begun) {
      closeSync(file);
      attempt(() => unlinkSync(temporary));
    }
  }
}

const syncFile = promisify(fsync);

function explained(path: string, effect: () => void): void {
  try {
    effect();
  } catch (error) {
    throw fileError("write", path, error);
  }
}
