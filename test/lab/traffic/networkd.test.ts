/**
 * What an administrator does to networkd itself, with packets every millisecond: the entries are there after it, and how many
 * packets were lost is reported. What networkd takes away and sets again by its own doing cannot be nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { addGuest, addOutside } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { apply, bootScenario, expectClean, guest, kernelEntries, mainDocument, waitFor } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

/** networkctl(1): reload without a changed file touches nothing; reconfigure sets the link up anew, its entries too. */
const doings = [
  { command: ["systemctl", "restart", "systemd-networkd"], most: 0 },
  { command: ["networkctl", "reload"], most: 0 },
  { command: ["networkctl", "reconfigure", "cloudbr0"], most: null },
];

describe.each(suites)("networkd on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
    await addOutside(host);
    await addGuest(host, guest);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  test.each(doings)("$command: the entries are there after it", async ({ command, most }) => {
    const ours = async () => (await kernelEntries(host)).filter((line) => /proto 107|PERMANENT/.test(line)).map(bare);
    const before = await ours();
    const flow = await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[0] });
    await host.run(command);
    await waitFor(async () => /configured/.test((await host.run(["networkctl", "list", "cloudbr0"])).stdout));
    await waitFor(async () => JSON.stringify(await ours()) === JSON.stringify(before));
    const { lost, longestGapMs } = await flow.stop();
    console.log(`${suite}: ${command.join(" ")}: ${lost} packets lost, longest gap ${longestGapMs} ms`);
    if (most !== null) expect(lost).toBeLessThanOrEqual(most);
    await expectClean(host);
  });
});

/** networkd sets neighbors without a mark. */
function bare(line: string): string {
  return line.replace(/ proto 107/, "");
}
