/** What others have on and beside a link stays, through first apply, changes and removal; what cannot stay is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { ipBatch } from "./support/network.ts";
import { suites } from "./support/recipe.ts";
import {
  apply,
  auditFindings,
  bootScenario,
  expectClean,
  kernelEntries,
  mainDocument,
  waitFor,
} from "./support/scenario.ts";

/** Of every kind in the matrix that a reload can delete: protocols, tables, types, families, on the link and beside. */
const foreignLines = [
  "link set cloudbr0 up",
  "addr add 10.9.0.1/24 dev cloudbr0",
  "addr add 2001:db8:9::1/64 dev cloudbr0 nodad",
  "route add 198.51.100.1/32 dev cloudbr0 proto static",
  "route add 198.51.100.2/32 dev cloudbr0",
  "route add 198.51.100.3/32 dev cloudbr0 proto 186",
  "route add 198.51.100.4/32 dev cloudbr0 proto 99 table 100 metric 50",
  "route add 198.51.100.5/32 via 10.9.0.7 dev cloudbr0 proto 201 mtu 1400",
  "route add 2001:db8:a::1/128 dev cloudbr0 proto static",
  "route add 2001:db8:a::2/128 dev cloudbr0",
  "route add 2001:db8:a::3/128 dev cloudbr0 proto 186 metric 7",
  "route add 2001:db8:a::4/128 via fe80::7 dev cloudbr0 proto 99 table 100",
  "route add blackhole 198.51.100.64/28 proto 99",
  "route add unreachable 2001:db8:b::/48 proto 99",
  "route add 198.51.100.9/32 dev cloudbr1 proto 186",
  "neigh add 198.51.100.1 lladdr 02:00:00:00:00:11 dev cloudbr0 nud permanent",
  "neigh add 198.51.100.2 lladdr 02:00:00:00:00:12 dev cloudbr0 nud permanent protocol 201",
  "neigh add 2001:db8:a::1 lladdr 02:00:00:00:00:13 dev cloudbr0 nud permanent",
  "neigh add fe80::99 lladdr 02:00:00:00:00:14 dev cloudbr0 nud permanent",
  "neigh add 198.51.100.9 lladdr 02:00:00:00:00:15 dev cloudbr1 nud permanent",
];
const foreignRules = [
  ["-4", "from", "198.51.100.0/24", "lookup", "100", "priority", "3200"],
  ["-6", "to", "2001:db8:a::/48", "lookup", "100", "priority", "3201"],
];

describe.each(suites)("foreign entries on %s", (suite) => {
  let host: LabHost;
  let before: string[];
  beforeAll(async () => {
    host = await bootScenario(suite, withAddresses());
    await waitFor(async () => (await host.run(["ip", "addr", "show", "cloudbr0"])).stdout.includes("fe80::1"));
    await addForeign(host);
    before = await everything(host);
  });
  afterAll(() => host?.stop());

  const steps: [string, string][] = [
    ["the first apply", mainDocument],
    ["a change", mainDocument.replace("2.57.57.30", "2.57.57.31")],
    ["the removal of the last entry", "version: 1\n"],
  ];
  test.each(steps)("all are there after %s", async (_, document) => {
    const result = await apply(host, document);
    expect(result).toMatchObject({ exitCode: 0 });
    const after = await everything(host);
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
    await expectClean(host);
  });

  test("a foreign entry with other content where ours should be is refused, and replaced with --adopt", async () => {
    await ipBatch(host, ["neigh replace 2.57.57.30 lladdr 02:00:00:00:00:99 dev cloudbr0 nud permanent"]);
    const refused = await apply(host, mainDocument);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("the foreign neighbor 2.57.57.30 lladdr 02:"),
    });
    expect(refused.stderr).toContain("nothing was changed");
    expect((await netkeep(host, ["show"])).stdout).toBe("");
    expect(await apply(host, mainDocument, "lab", ["--adopt"])).toMatchObject({ exitCode: 0 });
    await expectClean(host);
    expect((await apply(host, "version: 1\n")).exitCode).toBe(0);
  });

  test("a foreign route with the same content is taken over without a gap", async () => {
    await ipBatch(host, ["route add 2.57.57.30/32 dev cloudbr0"]);
    const result = await apply(host, mainDocument);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("takes over the route 2.57.57.30/32"),
    });
    await expectClean(host);
  });
});

describe("without ManageForeignRoutes=no", () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario("bookworm", withAddresses());
    await host.remove("/etc/systemd/networkd.conf.d/50-netkeep.conf");
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await host.run(["networkctl", "list"])).stdout.includes("configured"));
    await addForeign(host);
  });
  afterAll(() => host?.stop());

  test("252 would delete routes and rules: apply lists them, refuses and changes nothing", async () => {
    const before = await everything(host);
    const result = await apply(host, mainDocument);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("the reload would delete these entries of others:");
    expect(result.stderr).toContain("route 198.51.100.3/32 dev cloudbr0 proto 186 scope link");
    expect(result.stderr).toContain("route blackhole 198.51.100.64/28 proto 99");
    expect(result.stderr).toContain("from 198.51.100.0/24 lookup 100");
    expect(result.stderr).not.toContain("198.51.100.1/32");
    expect(await everything(host)).toEqual(before);
  });

  test("--adopt takes the routes and neighbors over, once nothing is in danger that cannot be adopted", async () => {
    for (const [family, ...rule] of foreignRules) await host.run(["ip", family ?? "", "rule", "del", ...rule]);
    await ipBatch(host, ["route del blackhole 198.51.100.64/28", "route del unreachable 2001:db8:b::/48"]);
    const result = await apply(host, mainDocument, "lab", ["--adopt"]);
    expect(result).toMatchObject({ exitCode: 0 });
    const kernel = await kernelEntries(host);
    expect(kernel).toContain("198.51.100.3 dev cloudbr0 proto 107 scope link");
    expect(kernel).toContain("2001:db8:a::3 dev cloudbr0 proto 107 metric 7");
    expect((await netkeep(host, ["show", "adopted"])).stdout).toContain("neighbor fe80::99 lladdr 02:00:00:00:00:14");
    expect(await auditFindings(host)).toEqual({ exitCode: 0, findings: [] });
  });
});

async function addForeign(host: LabHost): Promise<void> {
  await ipBatch(host, foreignLines);
  for (const [family, ...rule] of foreignRules) await host.run(["ip", family ?? "", "rule", "add", ...rule]);
}

/** The base file as it stands for hosts that have guests before the first carrier. */
function withAddresses(): Record<string, string> {
  return { "/etc/systemd/network/10-cloudbr0.network.d/10-operator.conf": "[Network]\nConfigureWithoutCarrier=yes\n" };
}

async function everything(host: LabHost): Promise<string[]> {
  const outputs = await Promise.all([
    host.run(["ip", "-o", "addr"]),
    host.run(["ip", "-4", "rule"]),
    host.run(["ip", "-6", "rule"]),
    host.run(["ip", "neigh", "show", "nud", "permanent"]),
  ]);
  const lines = outputs.flatMap(({ stdout }) => stdout.split("\n").map((line) => line.replace(/\s+/g, " ").trim()));
  return [...(await kernelEntries(host)), ...lines].filter((line) => line !== "").sort();
}
