// Runs inside a namespace of its own (see bench.sh). What a hook costs on a host with many owners, as a ratio to the same on
// a host with few, in turn: few, many, few, many. The hosts are made anew for each turn, and the first call, which reads
// everything, is not counted.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values: given } = parseArgs({
  options: {
    few: { type: "string", default: "10" },
    many: { type: "string", default: "5000" },
    turns: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const netkeep = new URL("../dist/netkeep.mjs", import.meta.url).pathname;
const link = "br0";
const guest = ["-b", link, "-m", "52:02:00:00:00:11"];
const addresses = ["-4", "198.18.0.1", "-6", "2001:db8:ffff::9"];
/** What the agent calls at a start and at a stop. */
const calls = { add: ["-o", "add", ...guest, ...addresses], delete: ["-o", "delete", ...guest] };

const hex = (number, digits) => number.toString(16).padStart(digits, "0");

/** Guests of the CloudStack agent, two addresses each, recorded, live and in drop-ins. */
function makeHost(owners) {
  rmSync("/run/netkeep", { recursive: true, force: true });
  mkdirSync("/run/netkeep/owners", { recursive: true });
  for (let n = 0; n < owners; n++) {
    const mac = `52:54:00:00:${hex(n >> 8, 2)}:${hex(n & 255, 2)}`;
    const owner = `cloudstack:${link}:${mac}`;
    const list = [`10.1.${n >> 8}.${n & 255}`, `2001:db8::${hex(n + 1, 1)}`];
    const document = { version: 1, guests: [{ name: owner, dev: link, mac, addresses: list }] };
    const record = { netkeep: 1, owner, source: "bench", changed: n, document };
    writeFileSync(`/run/netkeep/owners/${owner}.json`, JSON.stringify(record));
  }
  run("apply");
  for (const call of ["add", "delete"]) run("hook", "cloudstack", ...calls[call]);
}

/** Seconds; 69 is "no networkd here". */
function run(...args) {
  const begun = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [netkeep, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (![0, 69].includes(status)) throw new Error(`netkeep ${args.join(" ")}: status ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

function measure(owners) {
  makeHost(owners);
  const seconds = { add: [], delete: [] };
  for (let round = 0; round < 6; round++) {
    for (const call of ["add", "delete"]) seconds[call].push(run("hook", "cloudstack", ...calls[call]));
  }
  return seconds;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

for (const place of ["/etc/netkeep", "/var/lib/netkeep", "/etc/systemd/network", "/run"]) {
  mkdirSync(place, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", place]);
}
execFileSync("ip", ["link", "add", link, "address", "02:00:00:00:00:01", "type", "bridge"]);
execFileSync("ip", ["link", "set", link, "up"]);
// Without it, and without networkd, the link would be kept live, and no file written.
writeFileSync(`/etc/systemd/network/10-${link}.network`, `[Match]\nName=${link}\n`);

const turns = [];
for (let turn = 0; turn < Number(given.turns); turn++) {
  const [few, many] = [measure(Number(given.few)), measure(Number(given.many))];
  turns.push({ few, many });
}
const results = {};
for (const call of ["add", "delete"]) {
  const few = turns.map((turn) => median(turn.few[call]));
  const many = turns.map((turn) => median(turn.many[call]));
  const ratios = few.map((seconds, index) => many[index] / seconds);
  results[call] = {
    ratio: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    few: median(few),
    many: median(many),
  };
  const { ratio, min, max } = results[call];
  const times = `${median(many).toFixed(3)} s / ${median(few).toFixed(3)} s`;
  console.log(
    `hook cloudstack, ${call}, ${given.many} owners / ${given.few} owners: ${ratio.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)}; ${times})`,
  );
}
if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(results, null, 2)}\n`);
