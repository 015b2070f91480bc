// Bundles src/cli.ts and all packages into one file that needs no node_modules and runs on Node 18 and later.
// node scripts/build.mjs [FILE]
//
// esbuild divides the code where the sources say import(). Each part becomes a function in a comment at the end of the file,
// and the head, src/start.ts, compiles and evaluates those that a command uses.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { build } from "esbuild";
import { pieceOf } from "./pieces.mjs";

const [outfile = "dist/netkeep.mjs"] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const common = {
  bundle: true,
  platform: "node",
  target: "node18",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "inline",
  write: false,
};
const { outputFiles, metafile } = await build({
  ...common,
  metafile: true,
  // What few runs need, or all before the rest, is to be apart from what all need: each of these is a border.
  entryPoints: ["cli", "desired/validate", "desired/plainGuest", "desired/parseYaml", "observe/ipText"].map(
    (file) => `src/${file}.ts`,
  ),
  splitting: true,
  outdir: "pieces",
  define: { NETKEEP_VERSION: JSON.stringify(version) },
});
const exportsOf = new Map(Object.entries(metafile.outputs).map(([path, { exports }]) => [basename(path), exports]));
const pieces = outputFiles.map(({ path, text }) => {
  const file = basename(path);
  return { name: `./${file}`, text: pieceOf(file, text), exports: exportsOf.get(file) ?? [] };
});
const digest = createHash("sha256").update(JSON.stringify(pieces)).digest("hex");
const body = `/*\n${pieces.map(({ text }) => `${text}\n`).join("")}*/\n//${digest}\n`;

mkdirSync(dirname(outfile), { recursive: true });
// The head has the numbers of the lines below it, and with them as many lines as without.
const { length } = (await headWith(0)).split("\n");
// Whoever runs the old file goes on to read it.
writeFileSync(`${outfile}.tmp`, (await headWith(length)) + body);
renameSync(`${outfile}.tmp`, outfile);

/** @param firstLine that of the first piece, from 0 */
async function headWith(firstLine) {
  const places = {};
  let fromEnd = Buffer.byteLength(body) - "/*\n".length;
  let line = firstLine;
  for (const { name, text, exports } of pieces) {
    const bytes = Buffer.byteLength(text);
    places[name] = [fromEnd, bytes, line, exports];
    fromEnd -= bytes + 1;
    line += text.split("\n").length;
  }
  const table = { digest, main: "./cli.js", places };
  const head = await build({
    ...common,
    entryPoints: ["src/start.ts"],
    define: { NETKEEP_VERSION: JSON.stringify(version), NETKEEP_PIECES: JSON.stringify(table) },
  });
  return head.outputFiles[0].text;
}
