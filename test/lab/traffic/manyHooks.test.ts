/** Two hundred hooks at once, twice: guests with five NICs each leave while others arrive, and then the other way round. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { deletions, startMonitor } from "../support/monitor.ts";
import { inRepo, netkeep } from "../support/netkeep.ts";
import { addGuest, addOutside } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { apply, bootScenario, expectClean, guest, kernelEntries, mainDocument } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const shim = "/usr/share/modifymacip.sh";
const nics = 5;
const half = Array.from({ length: 20 }, (_, index) => index);
/** In milliseconds, on a slow machine; what it takes on others is measured by the bench. */
const longestHook = 20_000;
const mostReloads = 12;

describe.each(suites)("hooks at once on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
    await host.writeFile(shim, await readFile(inRepo("bin/modifymacip.sh"), "utf8"), 0o755);
    await addOutside(host);
    await addGuest(host, guest);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await atOnce(
      host,
      half.flatMap((index) => callsOf("add", index)),
    );
  });
  afterAll(() => host?.stop());

  test("all is right at the end, in time, with few reloads, and another guest loses no packet", async () => {
    const monitor = await startMonitor(host);
    const flow = await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[1] });
    for (const [leaving, arriving] of [
      [0, 20],
      [20, 0],
    ] as const) {
      const before = await reloads(host);
      const calls = half.flatMap((index) => [
        ...callsOf("delete", leaving + index),
        ...callsOf("add", arriving + index),
      ]);
      expect(calls).toHaveLength(200);
      const took = await atOnce(host, calls);
      expect(took).toHaveLength(200);
      expect(Math.max(...took), `slowest of ${took.length}`).toBeLessThan(longestHook);
      const wanted = half.flatMap((index) => addressesOf(arriving + index)).sort();
      expect(await guestRoutes(host)).toEqual(wanted);
      expect((await netkeep(host, ["show"])).stdout.match(/^cloudstack:/gm)).toHaveLength(20 * nics);
      await expectClean(host);
      const made = (await reloads(host)) - before;
      console.log(`${suite}: 200 hooks, ${made} reloads, slowest ${Math.max(...took)} ms, median ${median(took)} ms`);
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThanOrEqual(mostReloads);
    }
    expect(await flow.stop()).toMatchObject({ lost: 0, longestRun: 0 });
    const lines = await monitor.stop();
    for (const address of guest.addresses) expect(deletions(lines, address)).toEqual([]);
  });
});

/** Starts all calls before waiting for any. @returns how long each took, in milliseconds */
async function atOnce(host: LabHost, calls: readonly string[]): Promise<number[]> {
  const script = [
    'one() { begun=$(date +%s%3N); "$@" 2>/tmp/said.$number && echo $(($(date +%s%3N) - begun)) || echo "failed: $*"; }',
    ...calls.map((call, index) => `{ number=${index}; one ${shim} ${call}; } &`),
    "wait",
  ].join("\n");
  const { stdout } = await host.run(["sh", "-c", script], { timeoutMs: 60_000 });
  const lines = stdout.trim().split("\n");
  expect(lines.filter((line) => !/^\d+$/.test(line))).toEqual([]);
  return lines.map(Number);
}

function callsOf(operation: "add" | "delete", index: number): string[] {
  return Array.from({ length: nics }, (_, nic) => {
    const mac = `52:02:00:00:${hex(nic)}:${hex(index)}`;
    const [v4, v6] = [addressesOf(index)[2 * nic], addressesOf(index)[2 * nic + 1]];
    return `-o ${operation} -b cloudbr0 -m ${mac} -4 ${v4} -6 ${v6}`;
  });
}

function addressesOf(index: number): string[] {
  return Array.from({ length: nics }, (_, nic) => [
    `2.57.6${nic}.${index + 1}`,
    `2001:678:3a4:60${nic}::${hex(index + 1)}`,
  ])
    .flat()
    .map((address) => address.replace(/::0/, "::"));
}

async function guestRoutes(host: LabHost): Promise<string[]> {
  const entries = await kernelEntries(host);
  const routes = entries.filter(
    (line) => /^(2\.57\.6|2001:678:3a4:60).*proto 107/.test(line) && !line.includes("lladdr"),
  );
  return routes.map((line) => line.split(" ")[0] ?? "").sort();
}

/** How often networkd has set up cloudbr0 anew because of changed files. */
async function reloads(host: LabHost): Promise<number> {
  const { stdout } = await host.run(["journalctl", "--no-pager", "-o", "cat", "-u", "systemd-networkd"]);
  return stdout.match(/^cloudbr0: Reconfiguring with /gm)?.length ?? 0;
}

function median(list: readonly number[]): number | undefined {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
