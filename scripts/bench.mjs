// Runs inside a namespace of its own (see bench.sh). Every figure is a ratio to bare commands of the same run, because
// seconds of one machine say nothing of another; both sides are taken in turn, A B A B, because machines are noisy.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { parseArgs } from "node:util";

const { values: given } = parseArgs({
  options: {
    guests: { type: "string", default: "10000" },
    runs: { type: "string", default: "5" },
    json: { type: "string" },
  },
});
const guests = Number(given.guests);
const runs = Number(given.runs);
const netkeep = new URL("../dist/netkeep.mjs", import.meta.url).pathname;
const link = "br0";
const places = ["/etc/netkeep", "/var/lib/netkeep", "/etc/systemd/network", "/run"];

const addressOf = (n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
const macOf = (n) =>
  `52:00:00:${[n >> 16, n >> 8, n].map((byte) => (byte & 255).toString(16).padStart(2, "0")).join(":")}`;
/** One IPv4 address each: a route and a neighbor. */
function writeInputs(count) {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const list = numbers.map((n) => ({ name: `i-2-${n}-VM`, dev: link, mac: macOf(n), addresses: [addressOf(n)] }));
  writeFileSync("/run/guests.json", JSON.stringify({ version: 1, guests: list }));
  const yaml = list.map(
    (guest) =>
      `  - name: ${guest.name}\n    dev: ${link}\n    mac: ${guest.mac}\n    addresses: [${guest.addresses[0]}]\n`,
  );
  writeFileSync("/run/guests.yaml", `version: 1\nguests:\n${yaml.join("")}`);
  const lines = numbers.flatMap((n) => [
    `neigh replace ${addressOf(n)} lladdr ${macOf(n)} dev ${link} nud permanent protocol 107\n`,
    `route replace ${addressOf(n)}/32 dev ${link} proto 107 scope link\n`,
  ]);
  writeFileSync("/run/lines", lines.join(""));
}

function setUp() {
  for (const place of places) {
    mkdirSync(place, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", place]);
  }
  ip("link", "add", link, "address", "02:00:00:00:00:01", "type", "bridge");
  ip("link", "set", link, "up");
  writeInputs(guests);
}

/** Nothing in the kernel, and nothing on disk but a base file. */
function empty() {
  spawnSync("ip", ["route", "flush", "proto", "107"]);
  ip("link", "set", link, "address", "02:00:00:00:00:01");
  for (const place of ["/etc/netkeep", "/var/lib/netkeep", "/etc/systemd/network"]) {
    for (const name of readdirSync(place)) rmSync(`${place}/${name}`, { recursive: true });
  }
  rmSync("/run/netkeep", { recursive: true, force: true });
  // Without it, and without networkd, the link would be kept live, and no file written.
  writeFileSync(`/etc/systemd/network/10-${link}.network`, `[Match]\nName=${link}\n`);
}

function ip(...args) {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Seconds. `allowed`: exit statuses that are right. */
function timed(program, args, allowed = [0]) {
  const begun = process.hrtime.bigint();
  const result = spawnSync("/bin/sh", ["-c", 'exec "$0" "$@" >/dev/null 2>/run/stderr', program, ...args]);
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  if (!allowed.includes(result.status)) {
    throw new Error(`${program} ${args.join(" ")}: status ${result.status}: ${readFileSync("/run/stderr", "utf8")}`);
  }
  return seconds;
}

const noNetworkd = 69;
const run = (...args) => timed(process.execPath, [netkeep, ...args], [0, 1, noNetworkd]);

/** The raw queries that a plan and an audit need at least. */
function query() {
  const queries = [
    ["-j", "-d", "address", "show"],
    ["-j", "-N", "-4", "route", "show", "table", "all"],
    ["-j", "-N", "-6", "route", "show", "table", "all"],
    ["-j", "-N", "neigh", "show"],
  ];
  return queries.reduce((sum, args) => sum + timed("ip", args), 0);
}

/** Each measurement: what has to be so before, netkeep's side and the bare one. */
const measurements = {
  "process start / node -e 0": {
    netkeep: () => run("--version"),
    bare: () => timed(process.execPath, ["-e", "0"]),
  },
  ...applies("json"),
  ...applies("yaml"),
  "second apply, nothing to do / raw queries": {
    prepare: full,
    netkeep: () => run("apply", "/run/guests.json"),
    bare: query,
  },
  "plan, nothing to do / raw queries": { netkeep: () => run("plan", "/run/guests.json"), bare: query },
  "audit / raw queries": { netkeep: () => run("audit"), bare: query },
};

function applies(format) {
  return {
    [`apply of ${guests} guests from nothing (${format}) / ip -batch`]: {
      before: empty,
      netkeep: () => run("apply", `/run/guests.${format}`),
      bare: () => timed("ip", ["-batch", "/run/lines"]),
    },
  };
}

function full() {
  empty();
  run("apply", "/run/guests.json");
}

function measure({ prepare, before, netkeep: ours, bare }) {
  prepare?.();
  const pairs = [];
  for (let round = 0; round < runs; round++) {
    before?.();
    const a = ours();
    before?.();
    const b = bare();
    pairs.push({ netkeep: a, bare: b, ratio: a / b });
  }
  return {
    ratio: spread(pairs.map(({ ratio }) => ratio)),
    netkeepSeconds: median(pairs.map((p) => p.netkeep)),
    bareSeconds: median(pairs.map((p) => p.bare)),
  };
}

function spread(list) {
  return { median: median(list), min: Math.min(...list), max: Math.max(...list) };
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** VmHWM of a run in MiB, by Node's own account when it ends. */
function peakMemory(...args) {
  const hook =
    'process.on("exit", () => require("fs").writeFileSync("/run/peak", String(process.resourceUsage().maxRSS)))';
  writeFileSync("/run/hook.cjs", hook);
  timed(process.execPath, ["--require", "/run/hook.cjs", netkeep, ...args], [0, 1, noNetworkd]);
  return Math.round(Number(readFileSync("/run/peak", "utf8")) / 1024);
}

/** Time for each guest at 20,000 guests over that at 1,000: 1 is linear, and the start of the process makes it less. */
function growth() {
  const [few, many] = [1000, 20_000].map((count) => {
    writeInputs(count);
    const rounds = Array.from({ length: runs }, () => {
      empty();
      return [run("apply", "/run/guests.json"), run("plan", "/run/guests.json"), run("audit")];
    });
    return [0, 1, 2].map((column) => median(rounds.map((row) => row[column])) / count);
  });
  return Object.fromEntries(["apply", "plan", "audit"].map((name, index) => [name, many[index] / few[index]]));
}

setUp();
const results = {};
for (const [name, measurement] of Object.entries(measurements)) {
  results[name] = measure(measurement);
  const { ratio, netkeepSeconds, bareSeconds } = results[name];
  const [middle, low, high] = [ratio.median, ratio.min, ratio.max].map((value) => value.toFixed(2));
  console.log(`${name}: ${middle} (${low} to ${high}; ${netkeepSeconds.toFixed(3)} s / ${bareSeconds.toFixed(3)} s)`);
}
empty();
const peaks = { apply: peakMemory("apply", "/run/guests.json"), audit: peakMemory("audit") };
console.log(`peak memory: apply (json) ${peaks.apply} MiB, audit ${peaks.audit} MiB`);
const grown = growth();
const grownText = Object.entries(grown).map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`);
console.log(`time for each guest, at 20000 over at 1000: ${grownText.join(", ")}`);
if (given.json !== undefined) {
  const machine = { cores: cpus().length, node: process.version, kernel: release() };
  writeFileSync(
    given.json,
    `${JSON.stringify({ guests, runs, machine, results, peakMebibytes: peaks, growth: grown }, null, 2)}\n`,
  );
}
