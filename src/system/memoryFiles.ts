import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decode } from "./decode.ts";
import { fileError } from "./files.ts";
import type { ProgramResult } from "./system.ts";

/** In memory, and gone with a boot. */
const runtimeDirectory = "/run/netkeep";
/** Where nobody but root can take the room comes first. */
const inMemory = [runtimeDirectory, "/dev/shm"];
/** A multiple of it is where a file ends that had no room for more: no page is smaller. */
const smallestPage = 4096;

/**
 * A file without a name, in memory. Not a pipe: `ip` writes each entry of a listing by itself, and a reader that is woken
 * up ten thousand times takes longer than `ip`. null where there is no such place.
 */
export function outputFile(): number | null {
  for (const directory of inMemory) {
    try {
      return openSync(directory, constants.O_RDWR | constants.O_APPEND | O_TMPFILE, 0o600);
    } catch {
      // It is not there, it is not ours, or its file system has no files without a name.
    }
  }
  return null;
}

/** The same wherever there is a /run; what is written goes to its end, also after it was made shorter. */
export function scratchFile(): number {
  const made = outputFile();
  if (made !== null) return made;
  const path = runtimeName();
  const file = openSync(path, "ax+", 0o600);
  unlinkSync(path);
  return file;
}

/**
 * The text as a file without a name, open for reading. Not a pipe: killed while it is written, the reader would get half
 * a line at its end, and half a line of `ip -batch` can be another route.
 */
export function inputFile(text: string): number {
  try {
    const path = runtimeName();
    const writer = openSync(path, "wx", 0o600);
    const reader = openSync(path, "r");
    unlinkSync(path);
    writeFileSync(writer, text);
    closeSync(writer);
    return reader;
  } catch (error) {
    throw fileError("write to", runtimeDirectory, error);
  }
}

/** What a program has written, if there was room for it: half of a listing would be a host that lacks the rest. */
export function outputOf(stdout: number | null, stderr: number | null, exitCode: number): ProgramResult {
  const output = { stdout: textIn(stdout), stderr: textIn(stderr), exitCode };
  const mayLack = isCut(stdout, output.stdout) || (output.stderr !== "" && isCut(stderr, output.stderr));
  return mayLack
    ? { stdout: "", stderr: "no room in memory for its output: make room in /run and /dev/shm", exitCode: 126 }
    : output;
}

export function textIn(file: number | null): string {
  if (file === null) return "";
  const { size } = fstatSync(file);
  const bytes = Buffer.allocUnsafe(size);
  let read = 0;
  for (let more = -1; read < size && more !== 0; read += more) more = readSync(file, bytes, read, size - read, read);
  return decode(bytes.subarray(0, read));
}

/** It may be: it ends with a page, within a line or where there is none left. `ip` does not say that it could not write. */
function isCut(file: number | null, text: string): boolean {
  if (file === null || fstatSync(file).size % smallestPage !== 0) return false;
  if (text !== "" && !text.endsWith("\n")) return true;
  const { blocks, bavail } = statfsSync(`/proc/self/fd/${file}`);
  // A file system without a limit has no blocks.
  return blocks > 0 && bavail === 0;
}

/** open(2); Node does not name it. It contains O_DIRECTORY, which differs by architecture. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

function runtimeName(): string {
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  return join(runtimeDirectory, `.input.${randomBytes(6).toString("hex")}.tmp`);
}
