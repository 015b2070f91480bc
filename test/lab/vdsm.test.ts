/** Calls of VDSM's own tests on real hosts: drop-ins, networkd, kernel and a reboot; and a check that nobody answers. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainWords, vdsmCase } from "../support/vdsmCases.ts";
import { bootHost, type LabHost } from "./support/host.ts";
import { inRepo, installNetkeep, netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import { expectClean, waitFor } from "./support/scenario.ts";

/** Bridges under the names of VDSM's links, with the addresses of all calls. */
const links: Readonly<Record<string, readonly string[]>> = {
  "test-network": ["192.0.2.1/24", "192.0.3.1/24", "fdb3:84e5:4ff4:55e3::1010/64", "198.51.100.1/24"],
  bond1: ["192.0.2.1/24", "192.0.3.1/25"],
  testnet1: ["192.0.2.1/24"],
  testnet2: ["192.0.3.1/24"],
};
const cases = [
  "1-gateway-without-default-route",
  "2-dual-stack-default-route",
  "3-bond-not-bridged",
  "8f-changed-default-route",
];

const files = Object.fromEntries(
  Object.entries(links).flatMap(([name, addresses], index) => [
    [
      `/etc/systemd/network/10-${name}.netdev`,
      `[NetDev]\nName=${name}\nKind=bridge\nMACAddress=0e:00:00:00:20:0${index}\n`,
    ],
    [`/etc/systemd/network/10-${name}.network`, networkFile(name, addresses)],
  ]),
);

function networkFile(name: string, addresses: readonly string[]): string {
  const sections = addresses.map((address) => `[Address]\nAddress=${address}\nDuplicateAddressDetection=none\n`);
  return `[Match]\nName=${name}\n[Network]\nConfigureWithoutCarrier=yes\nIPv6AcceptRA=no\n${sections.join("")}`;
}

/** A network beside those of the last case. */
const more = { "test-network": { nic: "eth9", ipaddr: "198.51.100.1", prefix: 24, gateway: "198.51.100.254" } };

describe.each(suites)("netkeep hook vdsm on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({
      suite,
      files: { ...files, "/etc/netkeep/netkeep.conf": "[Netkeep]\nAllowDefaultRoute=yes\n" },
    });
    await installNetkeep(host);
    await host.run(["touch", "-d", "10 seconds ago", "/etc/systemd/networkd.conf.d/50-netkeep.conf"]);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await host.run(["ip", "-o", "address"])).stdout.includes("testnet2 "));
  });
  afterAll(() => host?.stop());

  async function kernelOf(): Promise<string[]> {
    const routes = "ip -4 route show table all proto 107; ip -6 route show table all proto 107";
    const { stdout } = await host.run(["sh", "-c", `${routes}; ip -4 rule; ip -6 rule`]);
    const lines = stdout.split("\n").filter((line) => line !== "" && !/^(0|32766|32767):/.test(line));
    return lines.map(plainWords).sort();
  }

  async function send(call: string) {
    const result = await netkeep(host, ["hook", "--strict", "-j", "vdsm"], { input: call, reject: false });
    return { ...result, code: JSON.parse(result.stdout).status.code as number };
  }

  test.each(cases)("%s", async (name) => {
    const { steps } = vdsmCase(name);
    for (const step of steps) {
      const result = await send(step.call);
      expect(result, result.stderr).toMatchObject({ code: step.code, exitCode: 0 });
      expect(await kernelOf()).toEqual(step.kernel);
    }
    await expectClean(host);
    if (name === cases.at(-1)) return;
    const networks = Object.keys(JSON.parse(steps[0]?.call ?? "").networks);
    await send(
      JSON.stringify({ networks: Object.fromEntries(networks.map((network) => [network, { remove: true }])) }),
    );
    expect(await kernelOf()).toEqual([]);
  });

  test("with a check that nobody answers all is as before", async () => {
    const before = await kernelOf();
    const lost = { networks: more, options: { connectivityCheck: true, connectivityTimeout: 0.1 } };
    expect(await send(JSON.stringify(lost))).toMatchObject({ code: 10, exitCode: 1 });
    expect(await kernelOf()).toEqual(before);
    await expectClean(host);
  });

  test("VDSM's hook hands the call on, and its manager keeps the change", async () => {
    await host.writeFile("/root/50_netkeep", await readFile(inRepo("bin/vdsm-network-hook"), "utf8"), 0o755);
    const request = { networks: more, options: { connectivityCheck: true, connectivityTimeout: 60 } };
    await host.writeFile("/root/call.json", JSON.stringify({ request }));
    const hook = host.start(["env", "_hook_json=/root/call.json", "/root/50_netkeep"]);
    await waitFor(async () => (await kernelOf()).some((line) => line.includes("test-network")));
    await host.run([
      "sh",
      "-c",
      "mkdir -p /run/vdsm; until ! grep -q trying /run/netkeep/try; do touch /run/vdsm/client.log; sleep 0.2; done",
    ]);
    expect(await hook.ended).toBe(0);
    expect((await kernelOf()).filter((line) => /test-network|535364856/.test(line))).toEqual([
      "198.51.100.0/24 dev test-network table 535364856",
      "3200: from 198.51.100.0/24 lookup 535364856",
      "3200: from all to 198.51.100.0/24 lookup 535364856",
      "default via 198.51.100.254 dev test-network table 535364856",
    ]);
    await expectClean(host);
  });

  test("after a reboot it is there again", async () => {
    const before = await kernelOf();
    await host.reboot();
    await waitFor(async () => (await kernelOf()).length >= before.length);
    expect(await kernelOf()).toEqual(before);
    await expectClean(host);
  });
});
