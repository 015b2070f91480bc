import { describe, expect, test } from "vitest";
import { setCommand, unsetCommand } from "../../src/commands/set.ts";
import { places } from "../../src/model/places.ts";
import type { GivenDocument } from "../../src/store/documents.ts";
import { type FakeSystem, Killed } from "../support/fakeSystem.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";
import { canonicalJson } from "../support/ipJson.ts";

const options = { runtime: false, live: true, reload: true };
const table = 4711;
const inTable = (number: number): GivenDocument => ({
  owner: "uplink",
  source: "stdin",
  path: null,
  text: JSON.stringify({
    version: 1,
    routes: [{ to: "198.51.100.0/24", dev: "cloudbr0", table: number }],
    rules: [
      { from: "198.51.100.0/24", table: number, priority: 3200 },
      { to: "2001:db8:99::/64", table: number, priority: 3200 },
    ],
  }),
});
const given = inTable(table);

async function host(networkd: number | null): Promise<FakeSystem> {
  const made = hostOf({ ...fixture("l3-guest"), networkd });
  made.begin();
  await setCommand(await contextOf(made), { ...given, owner: "other", text: '{"version":1}' }, options);
  return made;
}

const rulesOf = ({ kernel: { rules } }: FakeSystem) => [...rules.lists[4], ...rules.lists[6]];

function stateOf(made: FakeSystem): string {
  // The next write of the same file sweeps what one that was killed has left.
  const files = [...made.files.tree("/etc", "/var/lib", "/run/systemd")].filter(([path]) => !path.endsWith(".tmp"));
  const entries = [...made.kernel.routes, ...made.kernel.neighbors, ...rulesOf(made)].map(canonicalJson).sort();
  return JSON.stringify({ files, entries }).replace(/(changed\\":)\d+/g, "$1");
}

/** A rule has no mark: what is ours without a drop-in must not be forgotten, and what is somebody else's not be taken. */
describe.each([252, 257])("a rule that is set, with networkd %d", (networkd) => {
  test("killed at any effect, and then nobody wants it any more: it is gone", async () => {
    const undisturbed = await host(networkd);
    await setCommand(await contextOf(undisturbed), given, options);
    await unsetCommand(await contextOf(undisturbed), ["uplink"], options);
    const gone = stateOf(undisturbed);
    undisturbed.begin();
    await setCommand(await contextOf(undisturbed), given, options);
    expect(rulesOf(undisturbed).filter((rule) => rule.table === String(table))).toHaveLength(2);
    expect(undisturbed.files.text(places.announcedRules)).toBeNull();
    const { effects } = undisturbed;
    let unmarked = 0;
    for (let at = 1; at <= effects; at++) {
      for (const how of ["kill", "halfway"] as const) {
        const made = await host(networkd);
        made.begin({ at, how });
        await expect(setCommand(await contextOf(made), given, options)).rejects.toThrow(Killed);
        const dropIn = made.files.text("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf") ?? "";
        const isThere = rulesOf(made).some((rule) => rule.table === String(table));
        if (isThere && !dropIn.includes(`Table=${table}`)) unmarked++;
        made.begin();
        await unsetCommand(await contextOf(made), ["uplink"], options);
        expect(JSON.parse(stateOf(made)), `${how} at ${at}: ${undisturbed.trace[at - 1]}`).toEqual(JSON.parse(gone));
        expect(made.files.text(places.announcedRules)).toBeNull();
      }
    }
    expect(unmarked).toBeGreaterThan(0);
  });

  test("killed on the way to another table, and then the first one is wanted again: nothing is left of the other", async () => {
    const begun = async () => {
      const made = await host(networkd);
      await setCommand(await contextOf(made), given, options);
      return made;
    };
    const other = inTable(table + 1);
    const undisturbed = await begun();
    const before = stateOf(undisturbed);
    undisturbed.begin();
    await setCommand(await contextOf(undisturbed), other, options);
    const { effects } = undisturbed;
    let both = 0;
    for (let at = 1; at <= effects; at++) {
      const made = await begun();
      made.begin({ at, how: "kill" });
      await expect(setCommand(await contextOf(made), other, options)).rejects.toThrow(Killed);
      const tables = rulesOf(made).map((rule) => rule.table);
      if (tables.includes(String(table)) && tables.includes(String(table + 1))) both++;
      made.begin();
      await setCommand(await contextOf(made), given, options);
      expect(JSON.parse(stateOf(made)), `kill at ${at}: ${undisturbed.trace[at - 1]}`).toEqual(JSON.parse(before));
    }
    expect(both).toBeGreaterThan(0);
  });

  test("an equal rule of somebody else, that was there all the time, stays", async () => {
    const made = await host(networkd);
    made.kernel.ip(["-force", "-batch", "-"], "rule add from 203.0.113.0/24 lookup 4711 priority 3300 protocol 4\n");
    await setCommand(await contextOf(made), given, options);
    await unsetCommand(await contextOf(made), ["uplink"], options);
    expect(rulesOf(made).map(({ src }) => src)).toContain("203.0.113.0");
  });
});
