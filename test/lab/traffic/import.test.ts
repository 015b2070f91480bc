/** A host that grew by hand is taken over under traffic, and comes back from a reboot as netkeep's. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { deletions, startMonitor } from "../support/monitor.ts";
import { netkeep } from "../support/netkeep.ts";
import { addGuest, addOutside, ipBatch } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { bootScenario, expectClean, guest, kernelEntries, waitFor } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const byHandFile = "/etc/systemd/network/10-cloudbr1.network.d/20-hand.conf";
const owner = `cloudstack:cloudbr0:${guest.mac}`;

/** What people typed, beside what CloudStack's script has set for the guest. */
const byHand = [
  "neigh replace 2.57.57.40 lladdr 52:02:45:76:d2:40 dev cloudbr0 nud permanent",
  "route add 2.57.57.40/32 dev cloudbr0 proto static",
  "neigh replace 2001:db8:1::77 lladdr 52:00:00:00:00:77 dev cloudbr1 nud permanent",
  "route add 2001:db8:100::/64 via 2001:db8:1::10 dev cloudbr1",
  "route add 2001:db8:200::/56 via fe80::2 dev cloudbr1 metric 200 table 100 mtu 1400",
  "route add 203.0.113.0/24 dev cloudbr0 proto static",
];
const ofOthers = [
  "route add 198.51.100.3/32 dev cloudbr0 proto 186",
  "route add 2001:db8:a::3/128 dev cloudbr0 proto 9 metric 7",
  "neigh add 198.51.100.3 lladdr 02:00:00:00:00:12 dev cloudbr0 nud permanent protocol 11",
];
const addresses = ["2.57.57.40", "2001:db8:1::77", "2001:db8:100::", "2001:db8:200::", "203.0.113.0"];

describe.each(suites)("a host that grew by hand, on %s", (suite) => {
  let host: LabHost;
  let before: string[];
  // Guests are back after a reboot only where the settings say so.
  const lasting = suite === "trixie";
  beforeAll(async () => {
    host = await bootScenario(suite, {
      "/etc/systemd/network/10-cloudbr0.network.d/10-operator.conf": "[Network]\nConfigureWithoutCarrier=yes\n",
      [byHandFile]: `[Route]
Destination=10.66.1.2/16
Gateway=2001:db8:1::66

[Neighbor]
Address=2001:db8:1::66
LinkLayerAddress=52:00:00:00:00:66
`,
      ...(lasting ? { "/etc/netkeep/netkeep.conf": "[Netkeep]\nHookPersistence=persistent\n" } : {}),
    });
    await waitFor(async () => (await kernelEntries(host)).some((line) => line.startsWith("10.66.0.0/16 ")));
    await addOutside(host);
    await addGuest(host, guest);
    for (const address of guest.addresses) {
      const length = address.includes(":") ? 128 : 32;
      await host.run(["ip", "neigh", "replace", address, "lladdr", guest.mac, "dev", "cloudbr0", "nud", "permanent"]);
      await host.run(["ip", "route", "replace", `${address}/${length}`, "dev", "cloudbr0"]);
    }
    await ipBatch(host, [...byHand, ...ofOthers]);
    before = await kernelEntries(host);
  });
  afterAll(() => host?.stop());

  test("the document has what nobody looks after, and names the rest", async () => {
    const printed = await netkeep(host, ["import", "cloudbr0", "cloudbr1"]);
    expect(printed.stdout).toContain(`mac: ${guest.mac}`);
    expect(printed.stdout).toContain("upstream: 2001:db8:1::10");
    expect(printed.stdout).not.toMatch(/10\.66\.|2001:db8:1::66|198\.51\.100\.3|2001:db8:a::3/);
    expect(printed.stderr).toContain(`it stands in ${byHandFile}:1, which stays the administrator's`);
    expect(printed.stderr).toContain(`it stands in ${byHandFile}:5, which stays the administrator's`);
    expect(printed.stderr).toContain("left out on cloudbr0: 1 route of BGP (protocol 186)");
    expect(await kernelEntries(host)).toEqual(before);
  });

  test("--adopt loses no packet and no entry", async () => {
    const monitor = await startMonitor(host);
    const flows = [
      await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[1] }),
      await startTraffic(host, { from: guest.name, to: "out", address: "198.18.0.2" }),
    ];
    const result = await netkeep(host, ["import", "--all", "--adopt"], { reject: false });
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    for (const flow of flows) expect(await flow.stop()).toMatchObject({ lost: 0, longestRun: 0 });
    const lines = await monitor.stop();
    for (const address of [...guest.addresses, ...addresses]) expect(deletions(lines, address)).toEqual([]);
    expect(plain(await kernelEntries(host))).toEqual(plain(before));
    await expectClean(host);
  });

  test("what the administrator wrote is as it was, and stands nowhere twice", async () => {
    expect(await host.readFile(byHandFile)).toContain("Destination=10.66.1.2/16");
    const ours = await host.readFile("/etc/systemd/network/10-cloudbr1.network.d/60-netkeep.conf");
    expect(ours).toContain("Destination=2001:db8:100::/64");
    expect(ours).not.toMatch(/10\.66\.|2001:db8:1::66/);
    const again = await netkeep(host, ["import", "--all", "--adopt"]);
    expect(again).toMatchObject({ exitCode: 0, stdout: "", stderr: expect.stringContaining("nothing to take over") });
  });

  test("a reboot keeps what was imported", async () => {
    await host.reboot();
    await waitFor(async () => (await kernelEntries(host)).some((line) => line.startsWith("10.66.0.0/16 ")));
    const text = (await kernelEntries(host)).join("\n");
    for (const address of addresses) expect(text).toContain(address);
    for (const address of guest.addresses) expect(text.includes(address), address).toBe(lasting);
    expect(text).not.toMatch(/198\.51\.100\.3|2001:db8:a::3/);
    const shown = (await netkeep(host, ["show"])).stdout;
    expect(shown).toContain("imported  persistent, ");
    expect(shown.includes(owner)).toBe(lasting);
    await expectClean(host);
  });
});

/** Without what taking over changes, the mark, and without the addresses that links give themselves meanwhile. */
function plain(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !line.includes(" table local "))
    .map((line) => line.replace(/ (proto (107|static)|onlink)\b/g, ""))
    .sort();
}
