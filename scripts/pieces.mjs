// Makes a function of a part of the bundle: (module, require) => void, as text in ASCII without the end of a comment.
import { Script } from "node:vm";
import { transformSync } from "esbuild";

/**
 * As CommonJS, in which what is imported is looked up wherever it is used, and not before.
 *
 * @throws Error if the text is not a module
 */
export function pieceOf(path, text) {
  const { code } = transformSync(text, {
    sourcefile: path,
    format: "cjs",
    platform: "node",
    target: "node18",
    supported: { "dynamic-import": false },
    charset: "ascii",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "inline",
  });
  const piece = `(function(module,require){${code}\n})`;
  new Script(piece, { filename: path });
  return inAscii(piece).replaceAll("*/", "*\x7f/");
}

/** What esbuild leaves in templates and comments: one such character, and V8 holds and scans the file with two bytes for each. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
