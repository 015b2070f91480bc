// Both sides of a comparison are taken in turn, A B A B, because machines are noisy, and the ratio is that of the pair.
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/** Seconds that a program takes. `right`: exit statuses that are right; 69 is "there is no networkd here". */
export function timed([program, ...args], { right = [0, 1, 69], env = process.env } = {}) {
  const begun = process.hrtime.bigint();
  const command = 'exec "$0" "$@" >/dev/null 2>/run/stderr </dev/null';
  const { status } = spawnSync("/bin/sh", ["-c", command, program, ...args], { env });
  const seconds = secondsSince(begun);
  if (right.includes(status)) return seconds;
  throw new Error(`${program} ${args.join(" ")}: status ${status}: ${readFileSync("/run/stderr", "utf8")}`);
}

/**
 * Seconds until all of these programs, started at once, have ended. A shell starts them: Node takes longer to start two hundred
 * than they take to run.
 */
export function timedAtOnce(commands) {
  const quoted = commands.map((words) => words.map((word) => `'${word}'`).join(" "));
  const starts = quoted.map((line) => `${line} >/dev/null 2>&1 & all="$all $!"\n`).join("");
  writeFileSync("/run/at-once", `all=\n${starts}for one in $all; do wait $one || exit 99; done\n`);
  return timed(["/bin/sh", "/run/at-once"], { right: [0] });
}

/** Peak memory of a run of netkeep in MiB, by Node's own account when it ends. */
export function peakMemory(bundle, args) {
  const write = 'require("fs").writeFileSync("/run/peak", String(process.resourceUsage().maxRSS))';
  writeFileSync("/run/peak.cjs", `process.on("exit", () => ${write})`);
  timed([process.execPath, "--require", "/run/peak.cjs", bundle, ...args]);
  return Math.round(Number(readFileSync("/run/peak", "utf8")) / 1024);
}

/**
 * A row of the report.
 *
 * @param rounds of each, the seconds of ours and of the peer
 */
export function row(name, peer, rounds, more = {}) {
  const ratios = rounds.map(([ours, theirs]) => ours / theirs);
  return {
    name,
    peer,
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    seconds: { ours: median(rounds.map(([ours]) => ours)), peer: median(rounds.map(([, theirs]) => theirs)) },
    ...more,
  };
}

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One line of JSON for each row, so that what is measured elsewhere can be added. */
export function addRow(file, made) {
  appendFileSync(file, `${JSON.stringify(made)}\n`);
}

function secondsSince(begun) {
  return Number(process.hrtime.bigint() - begun) / 1e9;
}
