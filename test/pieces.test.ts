import { Script } from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { pieceOf } from "../scripts/pieces.mjs";

type Exports = Record<string, unknown>;

/** What a piece exports. @param modules what it can import */
function run(piece: string, modules: Readonly<Record<string, unknown>> = {}): Exports {
  const module: { exports: Exports } = { exports: {} };
  const body = new Script(piece.replaceAll("*\u007f/", "*/")).runInThisContext() as (
    module: { exports: Exports },
    require: (name: string) => unknown,
  ) => void;
  body(module, (name) => {
    if (!(name in modules)) throw new Error(`asks for ${name}`);
    return modules[name];
  });
  return module.exports;
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
    const other = { __esModule: true, other: "x" };
    const exports = run(pieceOf("x.js", text), { ...modules, "./other.js": other });
    expect(exports).toMatchObject({ joined: "a/b", same: true, Thing: expect.any(Function) });
    expect((exports["again"] as (value: string) => string)("y")).toBe("xyy");
    expect(await (exports["later"] as () => Promise<unknown>)()).toMatchObject({ other: "x" });
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

  test("gives what it exports as it is at the time", async () => {
    const text = await bundled("export let count = 0; export const more = () => { count++; };");
    const exports = run(pieceOf("x.js", text));
    (exports["more"] as () => void)();
    expect(exports["count"]).toBe(1);
  });

  test("looks up what it imports when it uses that, and not before", async () => {
    const used: string[] = [];
    const other = {
      get twice() {
        used.push("twice");
        return (value: number) => 2 * value;
      },
    };
    const text = await bundled('import { twice } from "./other.js"; export const f = (x) => twice(x);');
    const exports = run(pieceOf("x.js", text), { "./other.js": other });
    expect(used).toEqual([]);
    expect((exports["f"] as (value: number) => number)(2)).toBe(4);
    expect(used).toEqual(["twice"]);
  });

  test("is not made of what is no module", () => {
    expect(() => pieceOf("x.js", "export const a = ;")).toThrow(/x\.js:1/);
  });
});
