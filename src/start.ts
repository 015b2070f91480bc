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
  /** By name: how far before the end of the file it begins, its length in bytes, its line, from 0, and what it exports. */
  readonly places: Readonly<
    Record<string, readonly [fromEnd: number, length: number, line: number, names: readonly string[]]>
  >;
};

type Piece = (module: { exports: object }, require: (name: string) => unknown) => void;

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
  const load = loader((name) => places[name]?.[3], evaluate, nodeRequire);

  process.on("exit", (exitCode) => cache.leave(scripts, exitCode));
  evaluate(main);

  function textAt(fromEnd: number, length: number): string {
    const bytes = Buffer.allocUnsafe(length);
    fs.readSync(file, bytes, 0, length, size - fromEnd);
    return bytes.toString();
  }

  function evaluate(name: string): object {
    const [fromEnd, length, lineOffset] = places[name] ?? [0, 0, 0];
    // The end of a comment cannot stand in a comment: the build has put DEL between its two characters.
    const source = textAt(fromEnd, length).replaceAll("*\u007f/", "*/");
    const cachedData = cache.find(name);
    const script = new vm.Script(source, { filename, lineOffset, ...(cachedData === undefined ? {} : { cachedData }) });
    scripts.set(name, script);
    const module = { exports: {} };
    (script.runInThisContext() as Piece)(module, load);
    return module.exports;
  }
}

/**
 * What pieces import: another piece as an object that evaluates it when the first of its exports is used, for most runs use
 * little of what they import; all else as Node gives it.
 *
 * @param namesOf what a piece exports; undefined if it is none
 */
function loader(
  namesOf: (piece: string) => readonly string[] | undefined,
  evaluate: (piece: string) => object,
  otherwise: (name: string) => unknown,
): (name: string) => unknown {
  const imported = new Map<string, object>();
  return (name) => {
    const known = imported.get(name);
    if (known !== undefined) return known;
    const names = namesOf(name);
    if (names === undefined) return otherwise(name);
    const exported = Object.defineProperty({}, "__esModule", { value: true });
    for (const key of names) {
      const get = () => {
        const { __esModule: _, ...all } = Object.getOwnPropertyDescriptors(evaluate(name)) as PropertyDescriptorMap;
        Object.defineProperties(exported, all);
        return exported[key as never];
      };
      Object.defineProperty(exported, key, { get, enumerable: true, configurable: true });
    }
    imported.set(name, exported);
    return exported;
  };
}
