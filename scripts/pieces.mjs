// Makes a function of a part of the bundle: (exports, require) => void, as text in ASCII without the end of a comment.
import { Script } from "node:vm";

const importPattern = /(?<=^|[;}\n])import(?:(?: ([\w$]+)[ ,])?(?:\*as ([\w$]+) |\{([^}]*)\})?from)?"([^"]+)";/g;
const exportPattern = /export\{([^}]*)\};\s*$/;

/** What a part exports that is a function and nothing else, by the name that it is exported by. */
export function functionsOf(text) {
  return new Set(
    exportsOf(text)
      .filter(([local]) => new RegExp(`(?<![\\w$.])(?:async )?function\\*? ?${escaped(local)}\\(`).test(text))
      .filter(([local]) => !new RegExp(`(?:var |[,;{}])${escaped(local)}=(?![=>])`).test(text))
      .map(([, outer]) => outer),
  );
}

/**
 * Imports become constants, so a call of what another part exports costs as much as one within it. For that, a part must
 * be complete when it is imported, which esbuild sees to, and must not change what it exports later. A part of which only
 * functions are imported is evaluated when the first of them is called.
 *
 * @param functions of each part, see `functionsOf`
 * @throws Error if the text is not what esbuild 0.28 writes, or the part changes what it exports
 */
export function pieceOf(path, text, functions = new Map()) {
  let begin = "";
  const withoutImports = text.replace(importPattern, (_, single, all, names, from) => {
    // The default of one of Node's modules is the module, and nothing else has one.
    const whole = [single, all].filter((target) => target !== undefined);
    begin += whole.map((target) => `const ${target}=require("${from}");`).join("");
    if (names !== undefined) begin += importOf(from, pairsOf(names), functions.get(from));
    return "";
  });
  const [ending = "", exported = ""] = exportPattern.exec(withoutImports) ?? [];
  const code = withoutImports
    .slice(0, withoutImports.length - ending.length)
    .replaceAll(/\bimport\("(\.\/[^"]+)"\)/g, later);
  const finish = pairsOf(exported).map(([local, outer]) => {
    if (isSetAgain(code, local)) {
      throw new Error(`${path}: ${local} is exported and set again; or rename the local variable of that name`);
    }
    return `exports.${outer}=${local};`;
  });
  const piece = `(function(exports,require){"use strict";${begin}${code}${finish.join("")}\n})`;
  new Script(piece, { filename: path });
  return inAscii(piece).replaceAll("*/", "*\x7f/");
}

/** One other character, and V8 holds and scans the whole file with two bytes for each. A text means the same with escapes. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function exportsOf(text) {
  return pairsOf(exportPattern.exec(text)?.[1] ?? "");
}

/** `a as b,c` → [a, b], [c, c]. */
function pairsOf(names) {
  const words = names.split(",").filter((name) => name !== "");
  return words.map((name) => name.split(" as ")).map(([first, second = first]) => [first, second]);
}

function importOf(from, pairs, functions) {
  if (pairs.length > 0 && pairs.every(([outer]) => functions?.has(outer))) {
    const first = ([outer, local]) => `${local}=(...a)=>(${local}=require("${from}").${outer})(...a)`;
    return `let ${pairs.map(first).join(",")};`;
  }
  return `const {${pairs.map(([outer, local]) => `${outer}:${local}`).join(",")}}=require("${from}");`;
}

function escaped(name) {
  return name.replaceAll("$", "\\$");
}

function later(_, from) {
  return `Promise.resolve().then(()=>require("${from}"))`;
}

/** Whether a name is given a value where that cannot be its declaration, by the text alone. */
function isSetAgain(code, name) {
  const word = escaped(name);
  const assigned = `(?:[;{}]|=>|\\breturn |[&|?]\\()${word}=(?![=>])`;
  const changed = `(?<![\\w$.])${word}(?:[-+*/%&|^?<>]{1,3}=(?![=>])|\\+\\+|--)|(?:\\+\\+|--)${word}(?![\\w$])`;
  return new RegExp(`${assigned}|${changed}`).test(code);
}
