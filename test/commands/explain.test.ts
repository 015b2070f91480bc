import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { explainCommand } from "../../src/commands/explain.ts";
import { importCommand } from "../../src/commands/import.ts";
import type { Explanation } from "../../src/model/explanation.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { grownHost } from "../support/grownHost.ts";

/** The host of the fixture after an apply: one guest of the administrator's document. */
async function applied(name = "l3-guest") {
  const made = hostOf(fixture(name));
  made.begin(null);
  const context = await contextOf(made);
  expect((await applyCommand(context, { ...applyOptions, given: [] })).exitCode).toBe(0);
  const explained = async (subject: string) => {
    const result = await explainCommand(context, subject);
    expect(outputSchemas.explain.safeParse(result.data).error).toBeUndefined();
    return { ...result, data: result.data as Explanation };
  };
  return { made, context, explained };
}

const address = "2.57.57.30";
const dropIn = "/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf";

describe("netkeep explain", () => {
  test("tells the story of an address that is in order, with every place's line", async () => {
    const { made, explained } = await applied();
    const result = await explained(address);
    expect(result.exitCode).toBe(0);
    await expect(result.text).toMatchFileSnapshot("../audit/expected/explain-in-order.txt");
    const lineOf = (path: string, pattern: RegExp) =>
      (made.files.text(path) ?? "").split("\n").findIndex((line) => pattern.test(line)) + 1;
    const document = [...made.files.tree("/etc/netkeep/desired.d").keys()][0] ?? "";
    const [route, neighbor] = result.data.entries;
    expect(route?.wishes[0]?.place).toBe(`${document}:${lineOf(document, /2\.57\.57\.30/)}`);
    // The section's head stands above its destination.
    expect(route?.files[0]).toMatchObject({
      place: `${dropIn}:${lineOf(dropIn, /^Destination=2\.57\.57\.30/) - 1}`,
      ours: true,
      loaded: true,
    });
    expect(neighbor?.files[0]?.place).toBe(`${dropIn}:${lineOf(dropIn, /^Address=2\.57\.57\.30/) - 1}`);
  });

  test("a neighbor that is gone is drift, with the audit's advice", async () => {
    const { made, explained } = await applied();
    made.kernel.dropNeighbors(({ dst }) => dst === address);
    const result = await explained(address);
    expect(result).toMatchObject({ exitCode: 1, data: { verdict: "drift", problems: [{ code: "kernel-missing" }] } });
    expect(result.text).toMatch(/kernel {4}not there/);
    expect(result.text).toContain("whom ARP has to find");
    expect((await explained("2001:678:3a4:100::80")).exitCode).toBe(0);
  });

  test("a route that another one hides is drift although every layer has it", async () => {
    const { made, explained } = await applied();
    made.kernel.setRoute({
      dst: "2001:678:3a4:100::80",
      dev: "eth0",
      metric: 5,
      protocol: "3",
      flags: [],
      pref: "medium",
    });
    const result = await explained("2001:678:3a4:100::80");
    expect(result.data.entries.map(({ entry }) => entry)).toHaveLength(3);
    expect(result.data.problems.map(({ code }) => code)).toEqual(["not-used"]);
    expect(result.exitCode).toBe(1);
  });

  test("a drop-in that lost its entry", async () => {
    const { made, explained } = await applied();
    made.addFile(
      dropIn,
      (made.files.text(dropIn) ?? "").replace("Destination=2.57.57.30/32", "Destination=2.57.57.99/32"),
    );
    const result = await explained(address);
    expect(result.data.problems.map(({ code }) => code)).toContain("dropin-missing");
    expect(result.text).toContain("no [Route] section has it");
  });

  test("an address behind a router is covered by its prefix", async () => {
    const { explained } = await applied("router");
    const result = await explained("2001:db8:100::5");
    expect(result).toMatchObject({ exitCode: 0, data: { verdict: "in-order", packets: { explained: true } } });
    expect(result.text).toContain("routers.0.prefixes.0");
  });

  test("two owners that contradict each other, the winner first", async () => {
    const { made, explained } = await applied();
    made.addFile(
      "/etc/netkeep/desired.d/z.yaml",
      `version: 1\nneighbors:\n  - { address: ${address}, mac: 52:00:00:00:00:01, dev: cloudbr0 }\n`,
    );
    const result = await explained(address);
    expect(result.data.problems.map(({ code }) => code)).toContain("conflict");
    expect(result.text).toMatch(
      /desired\.d\/\S+:\d+ \(\S+\) of i-2-10-VM, persistent: lost against a newer document, wanted 2\.57\.57\.30 lladdr/,
    );
  });

  test.each([
    ["10.66.0.0/16", "not-asked-for", /20-hand|10-cloudbr1\.network:3, loaded, written by somebody else/],
    ["198.51.100.2", "not-asked-for", /set by a script or by hand \(protocol boot\)/],
    ["203.0.113.7", "unknown", /set by BGP \(protocol 186\)/],
    ["203.0.115.1", "unknown", /of this host to 203\.0\.115\.1: a blackhole drops it/],
    ["192.0.2.1", "unknown", /it is an address of this host/],
    ["fe80::7", "unknown", /the kernel needs the link of a link-local address: say fe80::7%LINK/],
    ["fe80::5002:45ff:fe76:d235%cloudbr0", "not-asked-for", /at 52:02:45:76:d2:35, a permanent neighbor/],
    ["fe80::5002:45ff:fe76:d235%cloudbr1", "unknown", /by cloudbr1 to fe80::ff/],
  ])("what nobody asked for: %s is %s", async (subject, verdict, text) => {
    const { context } = await grownHost();
    const result = await explainCommand(context, subject);
    expect(result).toMatchObject({ exitCode: 1, data: { verdict, subject } });
    expect(result.text).toMatch(text);
    expect(outputSchemas.explain.safeParse(result.data).error).toBeUndefined();
  });

  test("after an import the guest's address has an owner", async () => {
    const { context } = await grownHost();
    await importCommand(context, {
      links: [],
      all: true,
      files: false,
      adopt: true,
      dryRun: false,
      agent: "cloudstack",
    });
    const result = await explainCommand(context, "2.57.57.30");
    expect(result.exitCode, result.text).toBe(0);
    expect(result.text).toContain("of cloudstack:cloudbr0:52:02:45:76:d2:35, runtime");
  });

  test("what is no address is a fault of usage", async () => {
    const { context } = await applied();
    await expect(explainCommand(context, "cloudbr0")).rejects.toMatchObject({ exitCode: 64 });
  });
});
