/**
 * The kernel forgets all permanent neighbors of a bridge when its MAC is set, also to what it was. With netkeep-watch they are
 * back at once: how many packets one guest of many lost until then is reported. One flow is to a guest that answers no
 * ARP, so that nothing but the permanent neighbor helps; the kernel finds the other guest by itself.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../support/host.ts";
import { inRepo } from "../support/netkeep.ts";
import { addGuest, addOutside, inNamespace } from "../support/network.ts";
import { suites } from "../support/recipe.ts";
import { apply, bootScenario, expectClean, guest, kernelEntries, mainDocument, waitFor } from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const others = 500;
const unit = "netkeep-watch.service";
const silent = { ...guest, name: "silent", mac: "52:02:45:76:d2:36", addresses: ["198.19.255.1"] };
const many = JSON.stringify({
  version: 1,
  guests: [
    { name: silent.name, dev: "cloudbr0", mac: silent.mac, addresses: silent.addresses },
    ...Array.from({ length: others }, (_, n) => ({
      name: `i-2-${n}-VM`,
      dev: "cloudbr0",
      mac: `52:00:00:00:0${n >> 8}:${(n & 255).toString(16).padStart(2, "0")}`,
      addresses: [`198.19.${n >> 8}.${n & 255}`, `2001:db8:77::${(n + 1).toString(16)}`],
    })),
  ],
});

describe.each(suites)("a bridge's MAC is set on %s", (suite) => {
  let host: LabHost;
  const sh = async (script: string) => (await host.run(["sh", "-c", script])).stdout.trim();
  beforeAll(async () => {
    host = await bootScenario(suite);
    await addOutside(host);
    await addGuest(host, guest);
    await addGuest(host, silent);
    await host.run(inNamespace(silent.name, ["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=8"]));
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    expect((await apply(host, many, "many")).exitCode).toBe(0);
    await host.copyIn(inRepo(`units/${unit}`), `/etc/systemd/system/${unit}`);
    await sh(`systemctl daemon-reload; systemctl start ${unit}`);
  });
  afterAll(() => host?.stop());

  test("all neighbors of many guests are back, and what one guest lost is reported", async () => {
    const before = await kernelEntries(host);
    const to = [silent, guest];
    const flows = await Promise.all(
      to.map(({ name, addresses: [address = ""] }) => startTraffic(host, { from: "out", to: name, address })),
    );
    await sh("ip link set cloudbr0 address $(cat /sys/class/net/cloudbr0/address)");
    await waitFor(async () => JSON.stringify(await kernelEntries(host)) === JSON.stringify(before));
    const results = await Promise.all(flows.map((flow) => flow.stop()));
    for (const [index, { sent, lost, longestGapMs }] of results.entries()) {
      console.log(`${suite}: ${to[index]?.name}: ${lost} of ${sent} packets lost, longest gap ${longestGapMs} ms`);
      expect(sent - lost).toBeGreaterThan(0);
    }
    await expectClean(host);
  });
});
