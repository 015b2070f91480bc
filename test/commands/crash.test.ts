import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { UserError } from "../../src/errors.ts";
import type { GivenDocument } from "../../src/store/documents.ts";
import { type FakeSystem, Killed, type Mishap } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { canonicalJson } from "../support/ipJson.ts";

/**
 * Killed at any effect, or failing at any effect: the next apply ends where an undisturbed one would have ended, leaves no
 * temporary file, and the one after it does nothing. The effects are counted in an undisturbed run.
 */
const given: GivenDocument = {
  owner: "i-2-12-VM",
  source: "stdin",
  path: null,
  text: "{version: 1, guests: [{name: i-2-12-VM, dev: cloudbr0, mac: 52:02:45:76:d2:37, addresses: [2.57.57.32]}]}",
};

const cases = [
  { name: "l3-guest", given: [] },
  { name: "removed-guest", given: [given] },
  { name: "last-guest-gone", given: [] },
  { name: "edited-by-hand", given: [] },
  { name: "kernel-drift", given: [] },
  { name: "no-base-file", given: [given] },
  { name: "stored-owners", given: [] },
  { name: "foreign-taken-over-on-252", given: [] },
  { name: "multipath-table-metrics", given: [] },
  { name: "rules", given: [] },
  { name: "uplinks", given: [] },
  { name: "gateway-bridge", given: [] },
  { name: "gateway-bridge-gone", given: [] },
];

describe.each(cases)("$name", ({ name, given: documents }) => {
  const about = fixture(name);

  async function apply(host: FakeSystem, mishap: Mishap | null): Promise<string> {
    host.begin(mishap);
    try {
      const options = { ...applyOptions, given: documents, adopt: about.adopt };
      const { exitCode, messages } = await applyCommand(await contextOf(host), options);
      return `${exitCode}: ${messages.map(({ text }) => text).join("; ")}`;
    } catch (error) {
      if (!(error instanceof Killed || error instanceof UserError)) throw error;
      return error.message;
    }
  }

  async function undisturbed(): Promise<{ effects: number; state: string; trace: string[] }> {
    const host = hostOf(about);
    expect(await apply(host, null)).toMatch(/^0: /);
    return { effects: host.effects, state: stateOf(host), trace: [...host.trace] };
  }

  test.each(["kill", "halfway", "fail"] as const)("%s at every effect", async (how) => {
    const { effects, state, trace } = await undisturbed();
    expect(effects).toBeGreaterThanOrEqual(12);
    for (let at = 1; at <= effects; at++) {
      const host = hostOf(about);
      const where = `${how} at ${at}: ${trace[at - 1]}`;
      const first = await apply(host, { at, how });
      expect(host.struck, `the mishap was used: ${where}`).toBe(true);
      expect(await apply(host, null), where).toMatch(/^0: /);
      expect(stateOf(host), `${where}\nfirst: ${first}`).toBe(state);
      expect(host.temporaryFiles, where).toEqual([]);
      const lines = host.kernel.lines.length;
      expect(await apply(host, null), where).toMatch(/nothing to do$/);
      expect(host.kernel.lines.length, where).toBe(lines);
      expect(stateOf(host), where).toBe(state);
    }
  });
});

describe("a foreign neighbor that the reload of 252 deletes", () => {
  const about = fixture("foreign-on-252");
  const options = { ...applyOptions, given: [] };
  const hasNeighbor = (host: FakeSystem) => host.kernel.neighbors.some(({ dst }) => dst === "2.57.57.40");

  async function undisturbedTrace(): Promise<string[]> {
    const host = hostOf(about);
    await applyCommand(await contextOf(host), options);
    expect(hasNeighbor(host)).toBe(true);
    return [...host.trace];
  }

  test.each(["kill", "halfway"] as const)("%s at every effect: the next apply sets it again", async (how) => {
    const trace = await undisturbedTrace();
    let gone = 0;
    for (let at = 1; at <= trace.length; at++) {
      const host = hostOf(about);
      host.begin({ at, how });
      await expect(applyCommand(await contextOf(host), options)).rejects.toThrow(Killed);
      if (!hasNeighbor(host)) gone += 1;
      host.begin();
      const { exitCode } = await applyCommand(await contextOf(host), options);
      expect({ exitCode, there: hasNeighbor(host), at, what: trace[at - 1] }).toMatchObject({
        exitCode: 0,
        there: true,
      });
      expect(host.files.text("/run/netkeep/reload-pending")).toBeNull();
    }
    expect(gone, "some of the kills hit the gap").toBeGreaterThan(0);
  });

  test("--no-reload leaves the danger to the next apply, which knows of it", async () => {
    const host = hostOf(about);
    await applyCommand(await contextOf(host), { ...options, reload: false });
    expect(host.networkd.reloads).toBe(0);
    const { messages } = await applyCommand(await contextOf(host), options);
    expect(messages.map(({ text }) => text)).toContain(
      "set again after the reload: neighbor 2.57.57.40 lladdr 52:02:45:76:d2:40 dev cloudbr0 nud permanent",
    );
    expect(hasNeighbor(host)).toBe(true);
  });

  test("if it cannot be set again, that is said, and the status is 2", async () => {
    const trace = await undisturbedTrace();
    const host = hostOf(about);
    host.begin({ at: trace.lastIndexOf("run ip -force -batch -") + 1, how: "fail" });
    const { exitCode, messages } = await applyCommand(await contextOf(host), options);
    expect(exitCode).toBe(2);
    expect(messages.map(({ text }) => text)).toContain(
      "the reload deleted neighbor 2.57.57.40 lladdr 52:02:45:76:d2:40 dev cloudbr0 nud permanent, and it could not be set again",
    );
  });
});

/** Files, routes, neighbors and rules; when a document was stored does not count. */
function stateOf(host: FakeSystem): string {
  const files = [...host.files.tree("/etc", "/run", "/var")].map(([path, text]) => [
    path,
    text.replace(/"changed":\d+/, '"changed":0'),
  ]);
  const entries = [...host.kernel.routes, ...host.kernel.neighbors].map(canonicalJson).sort();
  const { 4: rules4, 6: rules6 } = host.kernel.rules.lists;
  const rules = [rules4, rules6].map((list) => list.map(canonicalJson).sort());
  return JSON.stringify({ files, entries, rules }, null, 1);
}
