import { Script } from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { functionsOf, pieceOf } from "../scripts/pieces.mjs";

type Exports = Record<string, unknown>;

/** What a piece exports. @param modules what it can import */
function run(piece: string, modules: Readonly<Record<string, unknown>> = {}): Exports {
  const exports: Exports = {};
  const body = new Script(piece.replaceAll("*\u007f/", "*/")).runInThisContext() as (
    exports: Exports,
    require: (name: string) => unknown,
  ) => void;
  body(exports, (name) => {
    if (!(name in modules)) throw new Error(`asks for ${name}`);
    return modules[name];
  });
  return exports;
}

/** As scripts/build.mjs has esbuild write it. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    external: ["./other.js"],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "inline",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe("a piece of the built file", () => {
  test("gets its imports of every form, and gives its exports", async () => {
    const text = await bundled(`
      import fs, { readFileSync as read } from "node:fs";
      import * as path from "node:path";
      import { other } from "./other.js";
      export { twice as again };
      export const joined = path.join("a", "b"), same = fs.readFileSync === read;
      function twice(value) { return other + value + value; }
      export class Thing {}
      export const later = () => import("./other.js");
    `);
    const modules = { "node:fs": await import("node:fs"), "node:path": await import("node:path") };
    const other = { other: "x" };
    const exports = run(pieceOf("x.js", text), { ...modules, "./other.js": other });
    expect(exports).toMatchObject({ joined: "a/b", same: true, Thing: expect.any(Function) });
    expect((exports["again"] as (value: string) => string)("y")).toBe("xyy");
    expect(await (exports["later"] as () => Promise<unknown>)()).toBe(other);
  });

  test("can stand in a comment, whatever it has in texts and patterns", async () => {
    const text = await bundled(
      `export const marks = ["*/", /a*/.source, \`x*/\`, "\u2212", ((s) => s[0])\`\u2212\`]; /*! kept */`,
    );
    const piece = pieceOf("x.js", text);
    expect(piece).not.toContain("*/");
    expect(piece).toMatch(/^[\0-\x7f]*$/);
    expect(run(piece)["marks"]).toEqual(["*/", "a*", "x*/", "\u2212", "\u2212"]);
  });

  test.each([
    ["is set again", "export let state = 1; export function change() { state = 2; }"],
    ["counts", "export let count = 0; export const more = () => { count++; };"],
    ["is a function that is replaced", "function f() {} f = () => 1; export { f };"],
  ])("must not change what it exports: one that %s", async (_, source) => {
    const text = await bundled(source);
    expect(() => pieceOf("x.js", text)).toThrow(/x\.js: \w+ is exported and set again/);
  });

  test("may have local variables with the names of what it exports", async () => {
    const text = await bundled(
      "export const a = 1; export function f(b = 1) { const a = b; let c = a === b; return c; }",
    );
    expect(run(pieceOf("x.js", text))["a"]).toBe(1);
  });

  test("of which only functions are imported is evaluated when the first of them is called", async () => {
    const library = await bundled(`
      export function twice(value) { return value + value; }
      export async function* counted(last) { for (let n = 0; n < last; n++) yield n; }
      export const constant = 1; export class Thing {}
      function taken() {} const record = { taken: () => 2 }; export { taken, record };
    `);
    const functions = new Map([["./other.js", functionsOf(library)]]);
    expect([...(functions.get("./other.js") ?? [])].sort()).toEqual(["counted", "taken", "twice"]);
    const evaluated: string[] = [];
    const modules = {
      get "./other.js"() {
        evaluated.push("other");
        return run(pieceOf("other.js", library));
      },
    };
    const lazy = await bundled(
      'import { twice, counted } from "./other.js"; export const f = (x) => twice(x), g = counted;',
    );
    const exports = run(pieceOf("x.js", lazy, functions), modules);
    expect(evaluated).toEqual([]);
    expect([1, 2].map(exports["f"] as (n: number) => number)).toEqual([2, 4]);
    expect(evaluated).toEqual(["other"]);
    const numbers = [];
    for await (const n of (exports["g"] as (last: number) => AsyncIterable<number>)(3)) numbers.push(n);
    expect(numbers).toEqual([0, 1, 2]);
    const eager = await bundled(
      'import { twice, constant } from "./other.js"; export const f = () => twice(constant);',
    );
    evaluated.length = 0;
    run(pieceOf("x.js", eager, functions), modules);
    expect(evaluated).toEqual(["other"]);
  });

  test("is not made of what cannot be understood", () => {
    expect(() => pieceOf("x.js", 'import a from "./b.js" with {type:"json"};')).toThrow(SyntaxError);
  });
});
