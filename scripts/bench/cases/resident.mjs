import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { empty, guestCall, hook, link, netkeep, writeAgentScript, writeInputs, writeOwners } from "../host.mjs";
import { row, timed } from "../measure.mjs";
import { crowdRounds } from "./crowd.mjs";

const socket = "/run/netkeep/watch.sock";
const unit = readFileSync(new URL("../../../units/netkeep-watch.service", import.meta.url), "utf8");
const [, flags] = /^Environment=NODE_OPTIONS=(.*)$/m.exec(unit);
/** V8 has compiled what it will after some calls. */
const warm = 4;

/** The same calls while `netkeep watch` runs, which takes them; and how soon it sets again what was flushed. */
export async function resident({ runs }) {
  writeAgentScript();
  return [
    ...(await watched(owned(1000), () => oneGuest(runs))),
    ...(await watched(owned(40), async () => [
      row("200 guests at once, resident", "scripts, an ip for each entry", crowdRounds(runs, 200), {
        wanted: 0.5,
      }),
    ])),
    ...(await watched(guests(2000), () => flushed(runs))),
    ...(await whole(runs, 10_000)),
  ];
}

const owned = (entries) => () => {
  writeOwners(entries);
  timed([netkeep, "apply"]);
};
const guests = (entries) => () => {
  writeInputs(entries);
  timed([netkeep, "apply", "/run/guests.json"]);
};

/** Runs `work` on a host that `prepare` has filled, and with a watch that is ready. */
async function watched(prepare, work) {
  empty();
  prepare();
  // As its unit does, it goes before guests that wait for it.
  const env = { ...process.env, NODE_OPTIONS: flags };
  const watch = spawn("nice", ["-n", "-5", netkeep, "watch"], { stdio: "ignore", env });
  const ended = new Promise((resolve) => watch.on("exit", resolve));
  try {
    await until(() => existsSync(socket));
    return await work();
  } finally {
    watch.kill("SIGTERM");
    await ended;
  }
}

function oneGuest(runs) {
  const calls = { add: guestCall("add", 1), delete: guestCall("delete", 1) };
  const other = { add: guestCall("add", 2), delete: guestCall("delete", 2) };
  const rounds = { add: [], delete: [] };
  for (let n = 0; n < runs * 4 + warm; n++) {
    for (const operation of ["add", "delete"]) {
      const pair = [timed(calls[operation].netkeep), timed(other[operation].script)];
      if (n >= warm) rounds[operation].push(pair);
    }
  }
  const name = (operation) => `one guest, ${operation}, resident, 1000 entries`;
  return ["add", "delete"].map((operation) =>
    row(name(operation), "script, an ip for each entry", rounds[operation], { wanted: 1 }),
  );
}

/** The kernel forgets all neighbors of a bridge when its address is set. A thousand of them, until they are back. */
async function flushed(runs) {
  const rounds = [];
  for (let n = 0; n < runs; n++) {
    await until(() => permanent() === 1000);
    const batch = timed(["ip", "-batch", "/run/lines"]);
    await delay(1000);
    const begun = process.hrtime.bigint();
    timed(["ip", "link", "set", link, "address", `02:00:00:00:01:${(n + 16).toString(16)}`]);
    await until(() => permanent() === 1000);
    rounds.push([Number(process.hrtime.bigint() - begun) / 1e9, batch]);
  }
  return [row("1,000 neighbors flushed, until all are back", "ip -batch of all that there was", rounds)];
}

/** Whole documents, from nothing. What `ip -batch` takes is measured before a watch listens to the kernel. */
async function whole(runs, entries) {
  empty();
  writeInputs(entries);
  const nothing = JSON.stringify({ version: 1, links: { [link]: { mode: "live" } } });
  mkdirSync("/run/nothing", { recursive: true });
  writeFileSync("/run/nothing/live.json", nothing);
  const batches = Array.from({ length: runs }, () => {
    empty();
    return timed(["ip", "-batch", "/run/lines"]);
  });
  const ours = [];
  await watched(
    () => undefined,
    async () => {
      for (let n = 0; n < warm + runs; n++) {
        timed([hook, "apply", "/run/nothing/live.json"]);
        // It looks at everything after that.
        await delay(1500);
        const seconds = timed([hook, "apply", "/run/live.json"]);
        if (n >= warm) ours.push(seconds);
        await delay(1500);
      }
    },
  );
  const rounds = ours.map((seconds, n) => [seconds, batches[n]]);
  return [row(`apply, live, resident, ${entries} entries`, "ip -batch", rounds, { wanted: 1.5 })];
}

function permanent() {
  const { stdout } = spawnSync("ip", ["neigh", "show", "dev", link, "nud", "permanent"], { encoding: "utf8" });
  return stdout.split("\n").length - 1;
}

async function until(holds, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error("the watch is not there, or sets nothing");
    await delay(5);
  }
}
