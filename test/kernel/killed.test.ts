import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, apply, audit, type Document, noNetworkd } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { shadow } from "./support/shadow.ts";

const guests = (from: number, to: number, dev: string) =>
  Array.from({ length: to - from }, (_, index) => ({
    name: `g${from + index}`,
    dev,
    mac: `52:00:00:00:01:${(from + index).toString(16).padStart(2, "0")}`,
    addresses: [`198.51.100.${from + index}`, `2001:db8:9::${from + index}`],
  }));

/** From one to the other: entries come, go, change their MAC, move to another link, and a link gets or loses its files. */
const documents: readonly Document[] = [
  { guests: guests(1, 60, "br0"), routes: [{ to: "10.0.0.0/8", via: "198.51.100.1", dev: "br0" }] },
  {
    guests: [...guests(20, 50, "br0").map(withOtherMac), ...guests(50, 80, "br1")],
    routes: [{ to: "10.0.0.0/8", via: "198.51.100.20", dev: "br0" }],
  },
];

function withOtherMac<T extends { readonly mac: string }>(guest: T): T {
  return { ...guest, mac: guest.mac.replace(":01:", ":02:") };
}

/** All that a run leaves behind: kernel, files with their digests; without times and without what only a reload ends. */
async function stateOf(ns: Namespace): Promise<string[]> {
  const files = await ns.sh(`
    for file in $(find /etc/systemd/network /var/lib/netkeep/owners /run/netkeep -type f ! -name reload-pending | sort); do
      echo "$file $(sed 's/"changed":[0-9]*//' $file | md5sum)"
    done`);
  return [...(await ipText(ns)), ...files.trim().split("\n")];
}

/** The state that each document leads to from the other. */
async function expectedStates(ns: Namespace): Promise<string[][]> {
  const states: string[][] = [];
  for (const document of [...documents, ...documents].slice(1)) {
    await applied(ns, "a", document);
    states.push(await stateOf(ns));
  }
  expect(await audit(ns)).toEqual([]);
  expect(states[2]).toEqual(states[0]);
  return states.slice(1);
}

/** Each time the other document: a run that is killed by `disturbed`, then one that is not, which has to end as expected. */
async function disturb(
  ns: Namespace,
  disturbed: (document: Document, time: number, round: number) => Promise<"again" | "enough">,
): Promise<void> {
  const states = await expectedStates(ns);
  let time = 0;
  for (let round = 0, answer = "again"; answer === "again"; round++) {
    const document = documents[round % 2] ?? {};
    answer = await disturbed(document, time, round);
    const begun = Date.now();
    await applied(ns, "a", document);
    time = Date.now() - begun;
    expect(await stateOf(ns), `round ${round}`).toEqual(states[round % 2]);
  }
}

test.concurrent.each(["alone", "with its children"])(
  "killed %s at any moment: the next apply ends where it would have ended",
  async (how) => {
    await inNamespace(async (ns) => {
      const moments = 20;
      let killed = 0;
      await disturb(ns, async (document, time, round) => {
        const after = Math.round(time * (0.15 + (0.7 * round) / moments));
        const { status } = await apply(ns, "a", document, [], { kill: { after, group: how !== "alone" } });
        if (status === null) killed++;
        return round < moments ? "again" : "enough";
      });
      expect(killed).toBeGreaterThan(moments / 5);
    })();
  },
);

/** Netkeep, which may have had a shell start the program. */
const kill = `p=$PPID; while [ "$(cat /proc/$p/comm)" = sh ]; do p=$(awk '/^PPid:/ { print $2 }' /proc/$p/status); done; kill -9 $p`;

/** Counts all calls of programs, and kills netkeep at call N: instead of the program, after it, or beside it. */
const killers = {
  "instead of": `${kill}; exit 1`,
  after: `$real "$@"; ${kill}; exit 0`,
  beside: kill,
} as const;
const programs = ["ip", "networkctl", "busctl", "flock", "systemd-detect-virt"];

function killerAt(call: number, how: keyof typeof killers): Record<string, string> {
  const lines = `n=1; until mkdir /run/calls/$n 2>/dev/null; do n=$((n + 1)); done
[ $n != ${call} ] || { ${killers[how]}; }`;
  return Object.fromEntries(programs.map((program) => [program, lines]));
}

test.concurrent.each(["instead of", "after", "beside"] as const)(
  "killed %s any program that it runs: the next apply ends where it would have ended",
  async (how) => {
    await inNamespace(async (ns) => {
      let calls = 0;
      await disturb(ns, async (document, _, round) => {
        calls = round + 1;
        expect(calls).toBeLessThan(60);
        await ns.sh("rm -rf /run/calls; mkdir /run/calls");
        const env = await shadow(ns, killerAt(calls, how));
        const { status } = await apply(ns, "a", document, [], { env });
        return status === noNetworkd ? "enough" : "again";
      });
      expect(calls).toBeGreaterThan(10);
    })();
  },
);

/** Netkeep is dead before `ip` reads a line, and `ip` reads late. */
const orphan = `case "$*" in *-batch*) sleep 0.2; ${kill}; sleep 1.5; LATE;; esac`;

test.concurrent(
  "killed while it hands thousands of lines to ip: no line is cut",
  inNamespace(async (ns) => {
    const routes = Array.from({ length: 12_000 }, (_, n) => ({ to: `10.${n >> 8}.${n & 255}.0/24`, dev: "br0" }));
    const env = await shadow(ns, { ip: orphan.replace("LATE", "cat >/run/lines") });
    const { status } = await apply(ns, "a", { routes }, [], { env });
    expect(status).toBeNull();
    await ns.sh("flock /run/netkeep/lock true");
    expect(await ns.read("/run/lines")).toMatch(/^(route replace \S+ dev br0 proto 107 scope link\n){12000}$/);
  }),
);

test.concurrent(
  "an ip that outlives netkeep holds the lock, so that what comes after undoes what it does",
  inNamespace(async (ns) => {
    const env = await shadow(ns, { ip: orphan.replace("LATE", ":") });
    const { status } = await apply(ns, "a", documents[0] ?? {}, [], { env });
    expect(status).toBeNull();
    await apply(ns, "a", {});
    await ns.sh("sleep 1.6");
    expect(await ipText(ns)).toEqual([]);
  }),
);
