// node scripts/bench/print.mjs ROWS [--json FILE]: the table of a run, with what the machine was and did.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { tableText } from "./text.mjs";

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
const rows = readFileSync(positionals[0], "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));
const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  memoryGibibytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  kernel: release(),
  /** Of the last 15 minutes at the end: what else runs counts against netkeep more than against `ip`. */
  load: loadavg()[2],
};
console.log(`\n${tableText(rows)}`);
const { cores, processor, memoryGibibytes, node, kernel, load } = machine;
console.log(
  `${cores} cores (${processor}), ${memoryGibibytes} GiB, Node ${node}, Linux ${kernel}, load ${load?.toFixed(1)}`,
);
if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
