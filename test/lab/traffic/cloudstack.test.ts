/** CloudStack's guest events through the shim, on real networkd: what the agent's own script left there is taken over. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { deletions, startMonitor } from "../support/monitor.ts";
import { netkeep } from "../support/netkeep.ts";
import { addGuest, addOutside } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { bootScenario, expectClean, guest, kernelEntries } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const shim = "/usr/share/cloudstack-agent/lib/modifymacip.sh";
const runtimeDropIn = "/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf";

describe.each(suites)("the CloudStack hook on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite, {
      "/etc/systemd/network/10-cloudbr0.network.d/10-operator.conf": "[Network]\nConfigureWithoutCarrier=yes\n",
    });
    await host.copyIn(fileURLToPath(new URL("../../../bin/modifymacip.sh", import.meta.url)), shim, 0o755);
    await addOutside(host);
    await addGuest(host, guest);
    // What the agent's own script has done for a guest that already runs.
    for (const address of guest.addresses) {
      const length = address.includes(":") ? 128 : 32;
      await host.run(["ip", "neigh", "replace", address, "lladdr", guest.mac, "dev", "cloudbr0", "nud", "permanent"]);
      await host.run(["ip", "route", "replace", `${address}/${length}`, "dev", "cloudbr0"]);
    }
  });
  afterAll(() => host?.stop());

  test("the first event takes the running guest over, and it loses no packet", async () => {
    const monitor = await startMonitor(host);
    const traffic = await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[1] });
    const added = await call(
      host,
      "-o add -b cloudbr0 -m 52:02:45:76:D2:36 -4 2.57.57.31 -6 fe80::5002:45ff:fe76:d236",
    );
    expect(added).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await traffic.stop()).toMatchObject({ lost: 0 });
    const lines = await monitor.stop();
    for (const address of guest.addresses) expect(deletions(lines, address)).toEqual([]);
    const shown = await netkeep(host, ["show"]);
    expect(shown.stdout).toContain(`cloudstack:cloudbr0:${guest.mac}  runtime, 4 entries`);
    expect(shown.stdout).toContain("cloudstack:cloudbr0:52:02:45:76:d2:36  runtime, 4 entries");
    expect(await host.readFile(runtimeDropIn)).toContain("Destination=2.57.57.30/32");
    await expectClean(host);
  });

  test("a secondary address comes and goes by itself", async () => {
    await call(host, "-o add -b cloudbr0 -m 52:02:45:76:d2:36 -4 2.57.57.32");
    expect(await kernelEntries(host)).toEqual(
      expect.arrayContaining([
        "2.57.57.31 dev cloudbr0 proto 107 scope link",
        "2.57.57.32 dev cloudbr0 proto 107 scope link",
      ]),
    );
    await call(host, "-o delete -b cloudbr0 -m 52:02:45:76:d2:36 -4 2.57.57.32");
    expect((await kernelEntries(host)).join("\n")).not.toContain("2.57.57.32");
    await expectClean(host);
  });

  test("a stopped guest leaves nothing, not even where its neighbor was gone already", async () => {
    await host.run(["ip", "neigh", "del", "2.57.57.31", "dev", "cloudbr0"]);
    expect((await call(host, "-o delete -b cloudbr0 -m 52:02:45:76:d2:36")).exitCode).toBe(0);
    expect((await kernelEntries(host)).join("\n")).not.toMatch(/2\.57\.57\.31|fe80::5002:45ff:fe76:d236/);
    await expectClean(host);
  });

  test("after a reboot the guests are gone: they may run on another host by now", async () => {
    await host.reboot();
    expect((await kernelEntries(host)).filter((line) => /proto 107|PERMANENT/.test(line))).toEqual([]);
    expect((await netkeep(host, ["show"])).stdout).toBe("");
    expect((await netkeep(host, ["apply"])).exitCode).toBe(0);
    await expectClean(host);
  });
});

function call(host: LabHost, words: string) {
  return host.run([shim, ...words.split(" ")], { reject: false });
}
