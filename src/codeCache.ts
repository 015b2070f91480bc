import type { Script } from "node:vm";

/** The modules of Node that are needed here, loaded as the head loads them. */
export interface Builtins {
  readonly fs: typeof import("node:fs");
  readonly crypto: typeof import("node:crypto");
}

/** What a run finds in the cache of its command. */
export interface CodeCache {
  /** Compiled code of a piece, as V8 has made it. */
  find(piece: string): Buffer | undefined;
  /**
   * At the end of the process: writes the cache if this run knows more than it does.
   *
   * @param scripts the pieces that the run has compiled, with the cache or without
   */
  leave(scripts: ReadonlyMap<string, Script>, exitCode: number): void;
}

/** Made by the package and by nobody else: where it is missing nothing is cached. */
const directory = "/var/cache/netkeep";

/** The first runs of a command may leave what they have compiled; a function is compiled when it is called first. */
const mostWrites = 3;

const usageError = 64;

/** A file: SHA-256 of what follows, length of the head, the head as JSON, the code of each piece. */
const digestLength = 32;
const headAt = digestLength + 4;

interface Head {
  /** Sources and interpreter. V8 itself looks at its version, its flags and the length of the source. */
  readonly of: string;
  readonly writes: number;
  /** Piece → where its code begins after the head, and its length. */
  readonly places: Readonly<Record<string, readonly [begin: number, length: number]>>;
}

interface Found extends Head {
  readonly code: Buffer;
}

/**
 * The cache of a command: one file, which root alone can have written, with a digest over all of it, because V8 would run
 * what a damaged one says. It is a matter of speed only: whatever is wrong with it, it is as if it were not there.
 *
 * @param sources digest of the text of all pieces
 * @param words the command line
 */
export function openCodeCache(builtins: Builtins, sources: string, words: readonly string[]): CodeCache {
  const [verb] = /^[a-z]{2,20}$/.exec(words[0] ?? "") ?? [];
  if (verb === undefined) return { find: () => undefined, leave: () => undefined };
  const of = `${sources} ${process.version} ${process.arch}`;
  const found = readCache(builtins, `${directory}/${verb}`, of);
  return {
    find(piece) {
      const place = found?.places[piece];
      return place === undefined ? undefined : found?.code.subarray(place[0], place[0] + place[1]);
    },
    leave(scripts, exitCode) {
      const known = found !== null && found.writes >= mostWrites && [...scripts].every(isKnown(found));
      if (known || exitCode === usageError) return;
      try {
        if (mayWrite(builtins, words)) writeCache(builtins, verb, contentOf(builtins, of, found, scripts));
      } catch {
        // No space, a file system that is read-only: the next run compiles again.
      }
    },
  };
}

function isKnown({ places }: Found): (script: readonly [piece: string, script: Script]) => boolean {
  return ([piece, script]) => piece in places && script.cachedDataRejected === false;
}

function readCache({ fs, crypto }: Builtins, path: string, of: string): Found | null {
  try {
    const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      if (!isRoots(fs.lstatSync(directory)) || !isRoots(fs.fstatSync(file))) return null;
      const bytes = fs.readFileSync(file);
      if (!sha256(crypto, bytes.subarray(digestLength)).equals(bytes.subarray(0, digestLength))) return null;
      const codeAt = headAt + bytes.readUInt32LE(digestLength);
      const head = JSON.parse(bytes.toString("latin1", headAt, codeAt)) as Head;
      return head.of === of ? { ...head, code: bytes.subarray(codeAt) } : null;
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Nobody but root can have changed it. */
function isRoots({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === 0 && (mode & 0o022) === 0;
}

/** Not with `--root`, which leaves this machine alone, and not under flags for V8, which would shut out everybody else. */
function mayWrite({ fs }: Builtins, words: readonly string[]): boolean {
  const plain = process.execArgv.length === 0 && process.env["NODE_OPTIONS"] === undefined;
  const here = !words.some((word) => word.startsWith("--root"));
  return plain && here && process.geteuid?.() === 0 && isRoots(fs.lstatSync(directory));
}

/** The file is old or new at any moment, also after a power loss. */
function writeCache({ fs }: Builtins, verb: string, content: Buffer): void {
  const temporary = `${directory}/.${verb}.${process.pid}.tmp`;
  const file = fs.openSync(temporary, "wx", 0o644);
  try {
    fs.writeFileSync(file, content);
    fs.fsyncSync(file);
    fs.renameSync(temporary, `${directory}/${verb}`);
  } catch (error) {
    fs.unlinkSync(temporary);
    throw error;
  } finally {
    fs.closeSync(file);
  }
}

function contentOf(
  { crypto }: Builtins,
  of: string,
  found: Found | null,
  scripts: ReadonlyMap<string, Script>,
): Buffer {
  const codes = new Map<string, Buffer>();
  for (const [piece, [begin, length]] of Object.entries(found?.places ?? {})) {
    if (found !== null) codes.set(piece, found.code.subarray(begin, begin + length));
  }
  for (const [piece, script] of scripts) codes.set(piece, script.createCachedData());
  const places: Record<string, readonly [number, number]> = {};
  const parts: Buffer[] = [];
  let end = 0;
  for (const [piece, code] of codes) {
    places[piece] = [end, code.length];
    const padded = Buffer.concat([code], aligned(code.length));
    parts.push(padded);
    end += padded.length;
  }
  const head: Head = { of, writes: (found?.writes ?? 0) + 1, places };
  const text = JSON.stringify(head);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(aligned(headAt + text.length) - headAt);
  const rest = Buffer.concat([length, Buffer.from(text.padEnd(length.readUInt32LE()), "latin1"), ...parts]);
  return Buffer.concat([sha256(crypto, rest), rest]);
}

/** V8 copies code that does not begin at a multiple of eight. */
function aligned(length: number): number {
  return (length + 7) & ~7;
}

function sha256(crypto: Builtins["crypto"], bytes: Buffer): Buffer {
  return crypto.createHash("sha256").update(bytes).digest();
}
