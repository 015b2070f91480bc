/**
 * What needs a networkd: 2,000 routes on a link of netplan, by netkeep, by netplan itself and by a drop-in that somebody
 * wrote; and one guest, by the hook and by the agent's script. A part of `npm run bench`, which gathers the rows.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addRow, type Row, row } from "../../scripts/bench/measure.mjs";
import { rowText } from "../../scripts/bench/text.mjs";
import { bootHost, type LabHost } from "../lab/support/host.ts";
import { inRepo, installNetkeep } from "../lab/support/netkeep.ts";
import { waitFor } from "../lab/support/scenario.ts";

const count = 2000;
const rounds = 3;
/** V8 has compiled what it will after some calls. */
const warm = 4;
const via = "192.0.2.10";
const routes = Array.from({ length: count }, (_, n) => ({ to: `10.77.${n >> 8}.${n & 255}/32`, via }));
const dropIns = "/etc/systemd/network/10-netplan-cloudbr0.network.d";

const files = {
  "/etc/netplan/10-lab.yaml": `network:
  version: 2
  renderer: networkd
  bridges:
    cloudbr0: { addresses: [192.0.2.1/24], link-local: [], optional: true }
`,
  "/root/netplan.yaml": JSON.stringify({ network: { version: 2, bridges: { cloudbr0: { routes } } } }),
  "/root/netkeep.json": JSON.stringify({ version: 1, routes: routes.map((route) => ({ ...route, dev: "cloudbr0" })) }),
  "/root/hand.conf": routes.map(({ to }) => `[Route]\nDestination=${to}\nGateway=${via}\n`).join("\n"),
};

/** The steps before the clock starts, and the command. */
const ways = [
  { name: "netkeep", before: "true", command: "netkeep apply /root/netkeep.json" },
  {
    name: "netplan apply",
    before: "install -m 600 /root/netplan.yaml /etc/netplan/20-routes.yaml",
    command: "netplan apply",
  },
  {
    name: "networkctl reload, drop-in by hand",
    before: `install -D -m 644 /root/hand.conf ${dropIns}/10-hand.conf`,
    command: "networkctl reload",
  },
];

const tidy = `netkeep unset netkeep
rm -f /etc/netplan/20-routes.yaml ${dropIns}/10-hand.conf
netplan apply
ip route flush root 10.77.0.0/16
until_routes 0`;

const untilRoutes = `until_routes() {
  until [ "$(ip route show root 10.77.0.0/16 | wc -l)" = "$1" ]; do sleep 0.02; done
}`;

let host: LabHost;
beforeAll(async () => {
  host = await bootHost({ suite: "trixie", name: "bench", files });
  await host.run(["chmod", "0600", "/etc/netplan/10-lab.yaml"]);
  await installNetkeep(host);
  await host.run(["netplan", "apply"]);
  await waitFor(async () => (await host.run(["ip", "route"])).stdout.includes("192.0.2.0/24"));
});
afterAll(() => host?.stop());

/** Of the rounds in turn. */
let netplan: readonly Taken[] = [];

test("the same routes, in turn", async () => {
  const taken = ways.map(() => [] as Taken[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, way] of ways.entries()) {
      const one = await timed(way);
      // The first round leaves caches filled on all sides.
      if (round > 0) taken[index]?.push(one);
    }
  }
  const [ours = [], ...others] = taken;
  for (const [index, theirs] of others.entries()) {
    const name = ways[index + 1]?.name ?? "";
    if (name === "netplan apply") netplan = theirs;
    keepPairs("", ours, theirs, name, name === "netplan apply" ? { wanted: 0.3 } : {});
  }
});

test("the same routes by the watch", async () => {
  const unit = "netkeep-watch.service";
  await host.copyIn(inRepo(`units/${unit}`), `/etc/systemd/system/${unit}`);
  await host.run(["systemctl", "daemon-reload"]);
  await host.run(["systemctl", "start", unit]);
  const taken: Taken[] = [];
  for (let round = 0; round < warm + rounds; round++) {
    const one = await timed({ before: "sleep 2", command: "netkeep-hook apply /root/netkeep.json" });
    if (round >= warm) taken.push(one);
  }
  await host.run(["systemctl", "stop", unit]);
  keepPairs(", resident", taken, netplan, "netplan apply", { wanted: 0.3 });
});

test("one guest through the hook, with a reload", async () => {
  await host.run(["bash", "-c", `${untilRoutes}\n${tidy}`], { reject: false });
  await host.writeFile("/run/agent.sh", agentScript);
  // A link that gets its first entry, or loses its last, is looked at as a whole.
  await host.writeFile("/root/base.json", JSON.stringify({ version: 1, neighbors: [oneMore] }));
  await host.run(["netkeep", "apply", "/root/base.json"]);
  const call = "-b cloudbr0 -m 52:02:00:00:00:11";
  const commands = [
    "node -e 0",
    `netkeep-hook cloudstack -o add ${call} -4 198.18.0.1 -6 2001:db8:ffff::1`,
    `netkeep-hook cloudstack -o delete ${call}`,
    "sh /run/agent.sh replace 52:02:00:00:00:12 198.18.0.2 2001:db8:ffff::2",
    "sh /run/agent.sh del 52:02:00:00:00:12 198.18.0.2 2001:db8:ffff::2",
  ];
  const timings = commands.map((command) => `clock ${command}`).join("\n");
  const script = `clock() { begun=$(date +%s%N); "$@" >/dev/null 2>&1 </dev/null; echo $(( ($(date +%s%N) - begun) / 1000 )); }\n${timings}`;
  const taken: number[][] = [];
  for (let round = 0; round < 15; round++) {
    const { stdout } = await host.run(["bash", "-c", script]);
    // The first calls read everything, and leave compiled code.
    if (round >= 5)
      taken.push(
        stdout
          .trim()
          .split("\n")
          .map((text) => Number(text) / 1e6),
      );
  }
  const pairs = (ours: number, theirs: number) =>
    taken.map((round) => [round[ours] ?? Number.NaN, round[theirs] ?? Number.NaN] as const);
  for (const [operation, ours, theirs] of [
    ["add", 1, 3],
    ["delete", 2, 4],
  ] as const) {
    keep(row(`one guest, ${operation}, with networkd`, "node -e 0", pairs(ours, 0)));
    keep(row(`one guest, ${operation}, with networkd`, "script, an ip for each entry", pairs(ours, theirs)));
  }
});

const oneMore = { address: "198.18.0.9", mac: "52:02:00:00:00:09", dev: "cloudbr0" };

function keepPairs(
  how: string,
  ours: readonly Taken[],
  theirs: readonly Taken[],
  name: string,
  wanted: { readonly wanted?: number },
): void {
  const pairs = (until: keyof Taken) =>
    ours.map((one, round) => [one[until], theirs[round]?.[until] ?? Number.NaN] as const);
  keep(row(`apply of ${count} routes${how}, until they are there`, name, pairs("there"), wanted));
  keep(row(`apply of ${count} routes${how}, until the command has ended too`, name, pairs("ended")));
}

function keep(made: Row): void {
  console.log(rowText(made));
  const file = process.env["NETKEEP_BENCH_ROWS"];
  if (file !== undefined) addRow(file, made);
}

/** What agents do today. */
const agentScript = `ip neigh $1 $3 lladdr $2 dev cloudbr0 nud permanent
ip route $1 $3/32 dev cloudbr0
ip -6 neigh $1 $4 lladdr $2 dev cloudbr0 nud permanent
ip -6 route $1 $4/128 dev cloudbr0
`;

/** Seconds until the kernel has all routes, and until the command has ended as well: one sets them first, another later. */
interface Taken {
  readonly there: number;
  readonly ended: number;
}

async function timed({ before, command }: { readonly before: string; readonly command: string }): Promise<Taken> {
  const script = `${untilRoutes}
${tidy}
${before}
clock() { echo $(( ($(date +%s%N) - begun) / 1000 )); }
begun=$(date +%s%N)
${command} >/dev/null &
until_routes ${count}
clock
wait $!
clock`;
  const { stdout, stderr } = await host.run(["bash", "-c", script], { reject: false });
  const [there = 0, ended = 0] = stdout.trim().split("\n").slice(-2).map(Number);
  expect(there, stderr).toBeGreaterThan(0);
  expect(ended, stderr).toBeGreaterThanOrEqual(there);
  return { there: there / 1e6, ended: ended / 1e6 };
}
