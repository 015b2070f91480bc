// Runs inside namespaces of its own (see bench.sh): each case gives rows, which are printed as they come.
import { parseArgs } from "node:util";
import { boot } from "./cases/boot.mjs";
import { bulk } from "./cases/bulk.mjs";
import { crowd } from "./cases/crowd.mjs";
import { guest } from "./cases/guest.mjs";
import { owners } from "./cases/owners.mjs";
import { resident } from "./cases/resident.mjs";
import { start } from "./cases/start.mjs";
import { setUp } from "./host.mjs";
import { addRow } from "./measure.mjs";
import { rowText } from "./text.mjs";

const cases = { start, guest, owners, crowd, resident, bulk, boot };
const { values: given } = parseArgs({
  options: {
    rows: { type: "string" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: Object.keys(cases).join() },
  },
});

setUp();
for (const name of given.only.split(",")) {
  if (!(name in cases)) throw new Error(`no case is named ${name}; known: ${Object.keys(cases).join(", ")}`);
  for (const made of await cases[name]({ runs: Number(given.runs) })) {
    console.log(rowText(made));
    if (given.rows !== undefined) addRow(given.rows, made);
  }
}
