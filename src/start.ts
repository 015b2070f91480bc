import { createRequire } from "node:module";
import type { Script } from "node:vm";
import { type Builtins, openCodeCache } from "./codeCache.ts";
import { version } from "./version.ts";

/**
 * The head of the built file, and the only part of it that Node compiles at each start. The rest lies in pieces in a comment
 * below (scripts/build.mjs): V8 passes over a comment ten times faster than over code. A piece is read and compiled when it
 * is asked for, or taken from the cache of compiled code.
 */
declare const NETKEEP_PIECES: {
  /** Of the text of all pieces; it is the last line of the file too. */
  readonly digest: string;
  /** The piece that is the command line. */
  readonly main: string;
  /** By name: how far before the end of the file it begins, its length in bytes, and its line, from 0. */
  readonly places: Readonly<Record<string, readonly [fromEnd: number, length: number, line: number]>>;
};

type Exports = Record<string, unknown>;
type Piece = (exports: Exports, require: (name: string) => unknown) => void;

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
  process.stdout.write(`${version}\n`);
} else {
  loadPieces();
}

function loadPieces(): void {
  // Not as imports: Node makes a module with a list of exports for each of those.
  const nodeRequire = createRequire(import.meta.url);
  const fs = nodeRequire("node:fs") as Builtins["fs"];
  const vm = nodeRequire("node:vm") as typeof import("node:vm");
  const crypto = nodeRequire("node:crypto") as Builtins["crypto"];
  const { digest, main, places } = NETKEEP_PIECES;
  const cache = openCodeCache({ fs, crypto }, digest, words);
  const filename = decodeURIComponent(new URL(import.meta.url).pathname);
  const file = fs.openSync(filename, "r");
  const { size } = fs.fstatSync(file);
  if (textAt(digest.length + 1, digest.length) !== digest) throw new Error(`${filename} was replaced; run it again`);
  const scripts = new Map<string, Script>();
  const loaded = new Map<string, Exports>();

  process.on("exit", (exitCode) => cache.leave(scripts, exitCode));
  load(main);

  function textAt(fromEnd: number, length: number): string {
    const bytes = Buffer.allocUnsafe(length);
    fs.readSync(file, bytes, 0, length, size - fromEnd);
    return bytes.toString();
  }

  function load(name: string): unknown {
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const place = places[name];
    if (place === undefined) return nodeRequire(name);
    const [fromEnd, length, lineOffset] = place;
    // The end of a comment cannot stand in a comment: the build has put DEL between its two characters.
    const source = textAt(fromEnd, length).replaceAll("*\u007f/", "*/");
    const cachedData = cache.find(name);
    const script = new vm.Script(source, { filename, lineOffset, ...(cachedData === undefined ? {} : { cachedData }) });
    scripts.set(name, script);
    const exports: Exports = {};
    (script.runInThisContext() as Piece)(exports, load);
    loaded.set(name, exports);
    return exports;
  }
}
