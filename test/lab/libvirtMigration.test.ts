/** Live migration between two hosts with a real libvirt: at every step, the entries are on exactly the right hosts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import {
  bootLibvirt,
  define,
  domainXml,
  events,
  expectEvents,
  guestState,
  joinHosts,
  killGuest,
  metadata,
  netkeepEntries,
  reason,
  restartLibvirt,
  virsh,
  vm,
} from "./support/libvirt.ts";
import { installNetkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import { expectClean, waitFor } from "./support/scenario.ts";

const addresses = { source: "192.0.2.1", target: "192.0.2.2" };
const ballast = "/var/lib/ballast";

/** What libvirt calls on the target until memory is copied: the entries are there while the guest is still paused. */
const incoming = ["migrate begin -: 0", "prepare begin -: 0", "start begin -: 4", "started begin -: 4"].map(
  (event) => `target: ${event}`,
);

describe.each(suites)("live migration on %s", (suite) => {
  let source: LabHost;
  let target: LabHost;
  beforeAll(async () => {
    // One after the other: a rootfs that is not there yet is built only once.
    source = await bootLibvirt(suite, "source");
    target = await bootLibvirt(suite, "target");
    await joinHosts([source, addresses.source], [target, addresses.target]);
    for (const host of [source, target]) await host.run(["sh", "-c", `head -c 16M /dev/urandom > ${ballast}`]);
    await define(source, domainXml({ metadata, ballast }));
    await virsh(source, ["start", vm.name]);
    await expectEvents([source], ["prepare begin -: 0", "start begin -: 4", "started begin -: 4"]);
  });
  afterAll(async () => {
    await Promise.all([source?.stop(), target?.stop()]);
  });

  const migrate = (args: readonly string[] = []) =>
    virsh(
      source,
      ["migrate", "--live", vm.name, `qemu+tcp://${addresses.target}/system`, `tcp://${addresses.target}`, ...args],
      {
        reject: false,
      },
    );
  /** So slow that it never gets done by itself; returns when memory is on its way. */
  const migrateSlowly = async () => {
    const result = migrate(["--bandwidth", "1"]);
    await waitFor(async () => (await events(target)).some(({ operation }) => operation.startsWith("started")), 30_000);
    await waitFor(async () => (await virsh(source, ["domjobinfo", vm.name])).stdout.includes("Memory processed"));
    return { result };
  };
  const gone = (host: LabHost, why: string) => [
    `${host.name}: stopped end -: 0`,
    `${host.name}: release end ${reason(host, why)}: 0`,
  ];
  const expectGuest = async (states: { source: string; target: string }, entries: Record<string, number>) => {
    expect({ source: await guestState(source), target: await guestState(target) }).toEqual(states);
    expect({ source: (await netkeepEntries(source)).length, target: (await netkeepEntries(target)).length }).toEqual(
      entries,
    );
    await expectClean(source);
    await expectClean(target);
  };

  test.each<[string, () => Promise<void>, string]>([
    ["the target's QEMU is killed", () => killGuest(target), "crashed"],
    ["the operator cancels it", async () => void (await virsh(source, ["domjobabort", vm.name])), "failed"],
    // The reason is crashed or failed: it depends on whether QEMU or the new daemon is faster.
    ["the target's daemon restarts", () => restartLibvirt(target), "*"],
  ])("fails because %s: the entries stay on the source only", async (_, spoil, why) => {
    const { result } = await migrateSlowly();
    await expectGuest({ source: "running", target: "paused" }, { source: 4, target: 4 });
    await spoil();
    expect((await result).exitCode).toBe(1);
    await expectEvents([source, target], [...incoming, ...gone(target, why)]);
    await expectGuest({ source: "running", target: "" }, { source: 4, target: 0 });
  });

  test("fails because the target refuses the XML: the entries never appear there", async () => {
    const { stdout } = await virsh(source, ["dumpxml", "--migratable", vm.name]);
    await source.writeFile("/root/refused.xml", stdout.replace("'cloudbr0'", "'missing0'"));
    expect(await migrate(["--xml", "/root/refused.xml"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("missing0"),
    });
    await expectEvents([source, target], [...incoming.slice(0, 2), ...gone(target, "failed")]);
    await expectGuest({ source: "running", target: "" }, { source: 4, target: 0 });
  });

  test("succeeds: the entries are on both hosts while memory is copied, and then on the target only", async () => {
    const { result } = await migrateSlowly();
    await expectGuest({ source: "running", target: "paused" }, { source: 4, target: 4 });
    await virsh(source, ["migrate-setspeed", vm.name, "1000"]);
    expect((await result).exitCode).toBe(0);
    await expectEvents([source, target], [...incoming, ...gone(source, "migrated")]);
    await expectGuest({ source: "shut off", target: "running" }, { source: 0, target: 4 });
  });

  test("succeeds back, through the daemons, to a host with a broken netkeep: the entries come with its repair", async () => {
    await source.writeFile("/usr/bin/netkeep", "#!/bin/sh\necho '<domain>garbage'\nexit 1\n", 0o755);
    await virsh(target, [
      "migrate",
      "--live",
      "--p2p",
      "--tunnelled",
      vm.name,
      `qemu+tcp://${addresses.source}/system`,
    ]);
    await expectEvents([source, target], [...incoming.map(brokenOnSource), ...gone(target, "migrated")]);
    await installNetkeep(source);
    await expectGuest({ source: "running", target: "" }, { source: 0, target: 0 });
    await restartLibvirt(source);
    await expectEvents([source], ["reconnect begin -: 4"]);
  });

  test("fails because the source's QEMU dies: the entries are nowhere", async () => {
    const { result } = await migrateSlowly();
    await killGuest(source);
    expect((await result).exitCode).toBe(1);
    // Each host notices it at its own time.
    await waitFor(async () => (await events(source, target)).length >= 8, 30_000);
    await expectGuest({ source: "shut off", target: "" }, { source: 0, target: 0 });
    const found = await events(target);
    expect(found.slice(-1)).toMatchObject([{ operation: `release end ${reason(target, "failed")}`, entries: 0 }]);
  });
});

function brokenOnSource(event: string): string {
  return event.replace("target: ", "source: ").replace(/: \d$/, ": 0");
}
