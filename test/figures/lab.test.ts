/**
 * What netkeep takes on hosts with a real networkd and 10,000 guests, against the bare commands that ask for the same: run
 * by `npm run bench:lab`, not among the tests of the product.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../lab/support/host.ts";
import { suites } from "../lab/support/recipe.ts";
import { apply, bootScenario } from "../lab/support/scenario.ts";

const guests = 10_000;
const rounds = 9;
/** As many runs of a command leave compiled code for the next (src/codeCache.ts), which takes them longer. */
const firstRuns = 3;

const queries = [
  "ip -j -d address show",
  "ip -j -N -4 route show table all",
  "ip -j -N -6 route show table all",
  "ip -j -N neigh show",
  "networkctl --json=short status cloudbr0",
].join(" >/dev/null; ");

/** networkd loads 8,192 routes for a link unless this is higher; the package sets it. */
const limits = { "/etc/sysctl.d/50-netkeep.conf": "net.ipv6.route.max_size = 1048576\n" };

const document = JSON.stringify({
  version: 1,
  guests: Array.from({ length: guests }, (_, n) => ({
    name: `i-2-${n}-VM`,
    dev: "cloudbr0",
    mac: `52:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`,
    addresses: [`10.77.${n >> 8}.${n & 255}`],
  })),
});

describe.each(suites)("on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite, limits);
    await host.run(["sysctl", "-q", "-p", "/etc/sysctl.d/50-netkeep.conf"], { reject: false });
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    expect((await apply(host, document)).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  test("the audit against the raw queries", async () => {
    const ratios: number[] = [];
    const [ours, bare]: [number[], number[]] = [[], []];
    const first: number[] = [];
    for (let run = 0; run < firstRuns; run++) first.push(await seconds("netkeep audit"));
    for (let round = 0; round < rounds; round++) {
      ours.push(await seconds("netkeep audit"));
      bare.push(await seconds(queries));
      ratios.push((ours.at(-1) ?? 0) / (bare.at(-1) ?? 1));
    }
    const peak = await host.run([
      "sh",
      "-c",
      "node --require /tmp/peak.cjs /usr/lib/netkeep/netkeep.mjs audit; cat /tmp/peak",
    ]);
    const [ratio, audit, raw] = [ratios, ours, bare].map((list) => median(list).toFixed(2));
    console.log(
      `${suite}: audit / raw queries ${ratio} (${audit} s / ${raw} s; the first runs ${first.join(", ")} s), ${guests} guests, peak ${peak.stdout.split("\n").at(-1)} MiB`,
    );
  });

  async function seconds(command: string): Promise<number> {
    const hook =
      'process.on("exit", () => require("fs").writeFileSync("/tmp/peak", String(Math.round(process.resourceUsage().maxRSS / 1024))))';
    await host.writeFile("/tmp/peak.cjs", hook);
    const timed = `begun=$(date +%s%N); ${command} >/dev/null; echo $(( ($(date +%s%N) - begun) / 1000000 ))`;
    const { stdout } = await host.run(["sh", "-c", timed]);
    return Number(stdout.trim().split("\n").at(-1)) / 1000;
  }
});

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
