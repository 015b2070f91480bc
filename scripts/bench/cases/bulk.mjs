import { fileURLToPath } from "node:url";
import { bundle, empty, netkeep, writeInputs } from "../host.mjs";
import { median, peakMemory, row, timed } from "../measure.mjs";

const queries = [
  ["-j", "-d", "address", "show"],
  ["-j", "-N", "-4", "route", "show", "table", "all"],
  ["-j", "-N", "-6", "route", "show", "table", "all"],
  ["-j", "-N", "neigh", "show"],
];
const least = [process.execPath, fileURLToPath(new URL("../least.mjs", import.meta.url)), "/run/live.json"];
/** What a plan and an audit have to ask at least. */
const query = () => queries.reduce((sum, args) => sum + timed(["ip", ...args]), 0);

/** Whole documents: apply from nothing, plan and audit with nothing to do. */
export function bulk({ runs, sizes = [1000, 10_000, 20_000] }) {
  const measured = new Map(sizes.map((entries) => [entries, measure(entries, runs)]));
  const rows = [...measured].flatMap(([entries, rounds]) => {
    const name = (what) => `${what}, ${entries} entries`;
    return [
      row(name("apply, live"), "ip -batch", rounds.live, entries === 10_000 ? { wanted: 1.5 } : {}),
      row(name("apply, live"), "the least that Node can do", rounds.least),
      row(name("the least that Node can do"), "ip -batch", rounds.floor),
      row(name("apply, with drop-ins"), "ip -batch", rounds.apply, { peakMebibytes: rounds.peaks.apply }),
      ...(rounds.script.length > 0
        ? [row(name("apply, with drop-ins"), "script, an ip for each entry", rounds.script)]
        : []),
      row(name("plan"), "the queries of ip", rounds.plan),
      row(name("audit"), "the queries of ip", rounds.audit, { peakMebibytes: rounds.peaks.audit }),
    ];
  });
  return [...rows, ...growthOf(measured, sizes)];
}

/** What one entry more costs on a large host, over what it costs on a small one: 1 is linear, and the start is in neither. */
function growthOf(measured, [few, some, many]) {
  return ["live", "apply", "plan", "audit"].map((what) => {
    const seconds = (entries) => median(measured.get(entries)[what].map(([ours]) => ours));
    const more = (from, to) => (seconds(to) - seconds(from)) / (to - from);
    const name = `an entry more, ${what === "live" ? "apply, live" : what}, ${some} to ${many}`;
    return row(name, `${few} to ${some}`, [[more(some, many), more(few, some)]], { wanted: 1.3 });
  });
}

function measure(entries, runs) {
  writeInputs(entries);
  const rounds = { live: [], least: [], floor: [], apply: [], script: [], plan: [], audit: [] };
  for (let n = 0; n < runs; n++) {
    const batch = fromEmpty(["ip", "-batch", "/run/lines"]);
    rounds.live.push([fromEmpty([netkeep, "apply", "/run/live.json"]), batch]);
    const bare = fromEmpty(least);
    rounds.least.push([rounds.live.at(-1)[0], bare]);
    rounds.floor.push([bare, batch]);
    rounds.apply.push([fromEmpty([netkeep, "apply", "/run/guests.json"]), batch]);
    rounds.plan.push([timed([netkeep, "plan", "/run/guests.json"]), query()]);
    rounds.audit.push([timed([netkeep, "audit"]), query()]);
    // A call of a millisecond for each of ten thousand entries tells nothing more.
    if (entries <= 1000) rounds.script.push([rounds.apply.at(-1)[0], fromEmpty(["/bin/sh", "/run/script"])]);
  }
  empty();
  const peaks = { apply: peakMemory(bundle, ["apply", "/run/guests.json"]), audit: peakMemory(bundle, ["audit"]) };
  return { ...rounds, peaks };
}

function fromEmpty(command) {
  empty();
  return timed(command);
}
