/** The main job on real networkd: the L3 example and a router, agreed on by all four layers, before and after a reboot. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { startMonitor } from "./support/monitor.ts";
import { netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import {
  apply,
  auditFindings,
  bootScenario,
  expectClean,
  kernelEntries,
  mainDocument,
  mainNeighbors,
  mainRoutes,
  waitFor,
} from "./support/scenario.ts";

const dropIn = "/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf";
const route = "route 2.57.57.30/32 dev cloudbr0 proto 107 scope link";

describe.each(suites)("the main job on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
  });
  afterAll(() => host?.stop());

  test("plan shows what there is to do and changes nothing", async () => {
    const before = await kernelEntries(host);
    await host.writeFile("/root/lab.yaml", mainDocument);
    const plan = await netkeep(host, ["plan", "/root/lab.yaml"], { reject: false });
    expect(plan.exitCode).toBe(1);
    expect(plan.stdout).toContain(`+ ${route}`);
    expect(plan.stdout).toContain(`+++ ${dropIn}`);
    expect(await kernelEntries(host)).toEqual(before);
  });

  test("apply brings the entries into kernel, drop-ins and networkd", async () => {
    const result = await apply(host, mainDocument);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^done: 5 changes in the kernel, 4 files/),
    });
    expect(await kernelEntries(host)).toEqual(expect.arrayContaining([...mainRoutes, ...mainNeighbors]));
    expect(await host.readFile(dropIn)).toContain("Destination=2001:678:3a4:100::80/128\nProtocol=107\n");
    expect((await host.run(["networkctl", "list", "--no-legend"])).stdout).toMatch(/cloudbr0 .* configured/);
    await expectClean(host);
  });

  test("a second apply writes nothing, reloads nothing and changes nothing", async () => {
    const modified = () => host.run(["stat", "-c", "%i %Y %n", dropIn, "/var/lib/netkeep/owners/lab.json"]);
    const before = await modified();
    const monitor = await startMonitor(host);
    for (const args of [["apply"], ["apply", "/root/lab.yaml"], ["plan"]]) {
      const again = await netkeep(host, args);
      expect(again.stderr).toBe("nothing to do");
    }
    expect(await monitor.stop()).toEqual([]);
    expect((await modified()).stdout).toBe(before.stdout);
    expect(await reloads(host)).toBe(1);
  });

  test("a reboot brings the same entries back, as networkd's own", async () => {
    const before = await kernelEntries(host);
    await host.reboot();
    // No unit of netkeep's waits for networkd here.
    await waitFor(async () => (await auditFindings(host)).exitCode === 0);
    await expectClean(host);
    expect(await kernelEntries(host)).toEqual(before);
    for (const link of ["cloudbr0", "cloudbr1"]) {
      expect(await staticEntries(host, link)).toEqual(link === "cloudbr0" ? 4 : 1);
    }
    expect((await netkeep(host, ["apply"])).stderr).toBe("nothing to do");
  });

  test.each([
    ["the kernel", deleteLive, ["kernel"]],
    ["the drop-in", deleteFromDropIn, ["drop-in"]],
    ["both", async (of: LabHost) => [await deleteLive(of), await deleteFromDropIn(of)], ["drop-in", "kernel"]],
  ])("an entry removed by hand from %s is found and repaired", async (_, remove, layers) => {
    await remove(host);
    const found = await auditFindings(host);
    expect(found.exitCode).toBe(1);
    expect(found.findings).toEqual(
      layers.map((layer) =>
        expect.objectContaining({ layer, owner: "lab", link: "cloudbr0", expected: route, actual: null }),
      ),
    );
    expect((await netkeep(host, ["audit", "--repair"])).exitCode).toBe(0);
    await expectClean(host);
  });

  test("show says who owns what", async () => {
    const shown = await netkeep(host, ["show", "--json=short", "cloudbr1"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      owners: [{ owner: "lab", entries: [{ link: "cloudbr1", path: "routers.0.prefixes.0" }] }],
    });
  });

  test("a changed document changes only what differs", async () => {
    const monitor = await startMonitor(host);
    const result = await apply(host, mainDocument.replace("2.57.57.30", "2.57.57.31"));
    expect(result.exitCode).toBe(0);
    const lines = (await monitor.stop()).map(({ text }) => text);
    expect(lines.filter((line) => line.includes("2001:678:3a4:100::80") || line.includes("2001:db8:100::"))).toEqual(
      [],
    );
    expect(await kernelEntries(host)).not.toEqual(expect.arrayContaining([mainRoutes[0]]));
    await expectClean(host);
  });

  test("an empty document takes everything away and leaves the link as it was", async () => {
    expect((await apply(host, "version: 1\n")).exitCode).toBe(0);
    const left = await kernelEntries(host);
    expect(left.filter((line) => /proto 107|PERMANENT/.test(line))).toEqual([]);
    const files = await host.run([
      "find",
      "/etc/systemd/network",
      "/var/lib/netkeep",
      "-type",
      "f",
      "-name",
      "*netkeep*",
    ]);
    expect(files.stdout).toBe("");
    await expectClean(host);
  });
});

async function deleteLive(host: LabHost): Promise<void> {
  await host.run(["ip", "route", "del", "2.57.57.30/32", "dev", "cloudbr0"]);
}

async function deleteFromDropIn(host: LabHost): Promise<void> {
  const text = await host.readFile(dropIn);
  await host.writeFile(dropIn, text.replace("[Route]\nDestination=2.57.57.30/32\nProtocol=107\n\n", ""));
  expect(await host.readFile(dropIn)).not.toBe(text);
}

/** How often networkd has set cloudbr0 up anew since it started. */
async function reloads(host: LabHost): Promise<number> {
  const { stdout } = await host.run(["journalctl", "-b", "-o", "cat", "-u", "systemd-networkd"]);
  return stdout.split("\n").filter((line) => line.startsWith("cloudbr0: Reconfiguring")).length;
}

/** Routes of ours and neighbors that networkd's JSON calls static. */
async function staticEntries(host: LabHost, link: string): Promise<number> {
  const { stdout } = await host.run(["networkctl", "--json=short", "status", link]);
  const status = JSON.parse(stdout) as Record<"Routes" | "Neighbors", { ConfigSource: string; Protocol?: number }[]>;
  const routes = status.Routes.filter(({ Protocol }) => Protocol === 107);
  return [...routes, ...(status.Neighbors ?? [])].filter(({ ConfigSource }) => ConfigSource === "static").length;
}
