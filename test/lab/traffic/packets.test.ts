/** Packets are the judge: guest A talks every millisecond while the guests around it come, change and go. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { deletions, startMonitor } from "../support/monitor.ts";
import { addGuest, addOutside } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { apply, bootScenario, expectClean, guest, mainDocument } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const changes = 50;

describe.each(suites)("traffic on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
    const outside = await addOutside(host);
    await addGuest(host, guest);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    expect(outside.namespace).toBe("out");
  });
  afterAll(() => host?.stop());

  test(`guest A loses no packet and no entry during ${changes} changes of others`, async () => {
    const monitor = await startMonitor(host);
    const flows = [
      await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[1] }),
      await startTraffic(host, { from: guest.name, to: "out", address: "198.18.0.2" }),
    ];
    for (let round = 0; round < changes; round++) {
      expect((await apply(host, others(round), "others")).exitCode, `round ${round}`).toBe(0);
    }
    for (const flow of flows) expect(await flow.stop()).toMatchObject({ lost: 0, longestRun: 0 });
    const lines = await monitor.stop();
    for (const address of guest.addresses) expect(deletions(lines, address)).toEqual([]);
    // The churn was real: guests of the others did go.
    const gone = lines.filter(({ deleted, text }) => deleted && /2\.57\.58\.|2001:678:3a4:200::/.test(text));
    expect(gone.length).toBeGreaterThan(changes);
    await expectClean(host);
  });
});

/** Guests B to Z as of a round: one in three is away, each changes its MAC at some time. */
function others(round: number): string {
  const guests = Array.from({ length: 25 }, (_, index) => index + 1)
    .filter((index) => (index + round) % 3 !== 0)
    .map((index) => {
      const version = Math.floor((round + index) / 7);
      const mac = `02:00:00:00:${hex(version)}:${hex(index)}`;
      const addresses = `["2.57.58.${index}", "2001:678:3a4:200::${index.toString(16)}"]`;
      return `  - { name: "guest-${index}", dev: cloudbr0, mac: "${mac}", addresses: ${addresses} }`;
    });
  return `version: 1\nguests:\n${guests.join("\n")}\n`;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
