// Bundles src/cli.ts and all packages into one file that needs no node_modules and runs on Node 18 and later.
// node scripts/build.mjs [FILE]
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const [outfile = "dist/netkeep.mjs"] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

await build({
  entryPoints: ["src/cli.ts"],
  outfile,
  bundle: true,
  platform: "node",
  target: "node18",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "eof",
  define: { NETKEEP_VERSION: JSON.stringify(version) },
  // commander, yaml and what execa uses are CommonJS and call require().
  banner: { js: 'import { createRequire } from "node:module";const require=createRequire(import.meta.url);' },
});
