/**
 * A base file without a static address, as with DHCP: networkd would take every gateway to be on the link, and set a second
 * route beside the one that is live.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { suites } from "./support/recipe.ts";
import { apply, bootScenario, expectClean, kernelEntries, waitFor } from "./support/scenario.ts";

const document = `version: 1
routes:
  - { to: 198.51.100.0/24, via: 192.0.2.10, dev: cloudbr1 }
  - { to: 2001:db8:100::/64, via: "2001:db8:1::10", dev: cloudbr1 }
  - { to: 2001:db8:200::/64, via: "fe80::10", dev: cloudbr1 }
  - { to: 203.0.113.0/24, via: 192.0.2.11, dev: cloudbr1, on-link: true }
`;

describe.each(suites)("gateways on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
    await host.writeFile(
      "/etc/systemd/network/10-cloudbr1.network",
      "[Match]\nName=cloudbr1\n[Network]\nIPv6AcceptRA=no\n",
    );
    expect((await apply(host, "version: 1\nlinks: { cloudbr1: { carrier: keep } }\n")).exitCode).toBe(0);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await host.run(["ip", "address", "replace", "192.0.2.1/24", "dev", "cloudbr1"]);
    await host.run(["ip", "address", "replace", "2001:db8:1::1/64", "dev", "cloudbr1", "nodad"]);
    expect((await apply(host, document)).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  const routes = async () =>
    (await kernelEntries(host)).filter((line) => /^(198\.51\.100\.|203\.0\.113\.|2001:db8:[12]00::)/.test(line));

  test.each([
    ["after the apply", []],
    ["after a restart of networkd", ["systemctl", "restart", "systemd-networkd"]],
  ])("each route is there once, %s", async (_, command) => {
    if (command.length > 0) await host.run(command);
    await waitFor(async () => (await routes()).length >= 4);
    const found = await routes();
    expect(found).toHaveLength(4);
    // A link-local gateway is on the link in any case.
    const onLink = found.filter((line) => line.includes("onlink") && !line.includes("fe80::"));
    expect(onLink).toEqual([expect.stringContaining("203.0.113.0/24")]);
    await expectClean(host);
  });
});
