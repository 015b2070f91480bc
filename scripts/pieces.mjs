// Makes a function of a part of the bundle: (exports, require) => void, as text in ASCII without the end of a comment.
import { Script } from "node:vm";

const importPattern = /(?<=^|[;}\n])import(?:(?: ([\w$]+)[ ,])?(?:\*as ([\w$]+) |\{([^}]*)\})?from)?"([^"]+)";/g;
const exportPattern = /export\{([^}]*)\};\s*$/;

/**
 * Imports become constants, so a call of what another part exports costs as much as one within it. For that, a part must
 * be complete when it is imported, which esbuild sees to, and must not change what it exports later.
 *
 * @throws Error if the text is not what esbuild 0.28 writes, or the part changes what it exports
 */
export function pieceOf(path, text) {
  let begin = "";
  const withoutImports = text.replace(importPattern, (_, single, all, names, from) => {
    // The default of one of Node's modules is the module, and nothing else has one.
    const named = names === undefined ? [] : [`{${names.replace(/([\w$]+) as ([\w$]+)/g, "$1:$2")}}`];
    const targets = [single, all, ...named].filter((target) => target !== undefined);
    begin += targets.map((target) => `const ${target}=require("${from}");`).join("");
    return "";
  });
  const [ending = "", exported = ""] = exportPattern.exec(withoutImports) ?? [];
  const code = withoutImports
    .slice(0, withoutImports.length - ending.length)
    .replaceAll(/\bimport\("(\.\/[^"]+)"\)/g, later);
  const finish = exported
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.split(" as "))
    .map(([local, outer = local]) => {
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

function later(_, from) {
  return `Promise.resolve().then(()=>require("${from}"))`;
}

/** Whether a name is given a value where that cannot be its declaration, by the text alone. */
function isSetAgain(code, name) {
  const word = name.replaceAll("$", "\\$");
  const assigned = `(?:[;{}]|=>|\\breturn |[&|?]\\()${word}=(?![=>])`;
  const changed = `(?<![\\w$.])${word}(?:[-+*/%&|^?<>]{1,3}=(?![=>])|\\+\\+|--)|(?:\\+\\+|--)${word}(?![\\w$])`;
  return new RegExp(`${assigned}|${changed}`).test(code);
}
