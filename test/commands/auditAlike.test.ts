/** An audit of guests that are alike, of which it makes no entries, against one of the same document that is read entry by entry. */
import { expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand, findDrift } from "../../src/commands/audit.ts";
import type { CommandContext } from "../../src/context.ts";
import { groupsOf, plainGuestsOf } from "../../src/model/alike.ts";
import { besidesPlain } from "../../src/plan/plainDiff.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const directory = "/etc/systemd/network/10-cloudbr0.network.d";
const file = `${directory}/60-netkeep.conf`;
const document = "/etc/netkeep/desired.d/guests.json";
const guests = Array.from({ length: 40 }, (_, n) => ({
  name: `i-2-${n}-VM`,
  dev: "cloudbr0",
  mac: `52:00:00:00:00:${n.toString(16).padStart(2, "0")}`,
  addresses: [`2.57.60.${n}`, `2001:678:3a4:101::${n.toString(16)}f`],
}));

async function hostOfGuests(suite: string): Promise<{ host: FakeSystem; context: CommandContext }> {
  const host = hostOf(fixture(suite));
  for (const path of host.files.tree("/etc/netkeep/desired.d").keys()) host.files.delete(path);
  host.addFile(document, JSON.stringify({ version: 1, guests }));
  const context = await contextOf(host);
  expect((await applyCommand(context, { ...applyOptions, given: [] })).exitCode).toBe(0);
  host.begin();
  return { host, context };
}

const plain = { dst: "2.57.60.7", dev: "cloudbr0" };
const edit = (host: FakeSystem, from: string, to: string) => {
  const text = host.files.text(file) ?? "";
  expect(text).toContain(from);
  host.files.set(file, { kind: "text", text: text.replace(from, to), modified: 0 });
};
const drifts: readonly [what: string, drift: (host: FakeSystem) => unknown, codes: readonly string[]][] = [
  ["nothing", () => undefined, []],
  ["a route is missing", (host) => host.kernel.dropRoutes(({ dst }) => dst === plain.dst), ["kernel-missing"]],
  [
    "a route of IPv6 is missing",
    (host) => host.kernel.dropRoutes(({ dst }) => dst === "2001:678:3a4:101::5f"),
    ["kernel-missing"],
  ],
  ["a neighbor is missing", (host) => host.kernel.dropNeighbors(({ dst }) => dst === plain.dst), ["kernel-missing"]],
  [
    "a neighbor has another MAC",
    (host) => host.kernel.setNeighbor({ ...plain, lladdr: "52:00:00:00:01:00", state: ["PERMANENT"], protocol: "107" }),
    ["kernel-differs"],
  ],
  [
    "a route is another one",
    (host) => host.kernel.setRoute({ ...plain, protocol: "4", scope: "253", flags: [] }),
    ["kernel-differs"],
  ],
  [
    "a route of ours is left over",
    (host) => host.kernel.setRoute({ ...plain, dst: "2.57.61.1", protocol: "107", scope: "253", flags: [] }),
    ["kernel-extra"],
  ],
  [
    "a neighbor of ours is left over",
    (host) =>
      host.kernel.setNeighbor({
        dst: "2.57.61.1",
        dev: "cloudbr0",
        lladdr: "52:00:00:00:01:00",
        state: ["PERMANENT"],
        protocol: "107",
      }),
    ["kernel-extra"],
  ],
  [
    "the drop-in lacks an entry",
    (host) => edit(host, "[Route]\nDestination=2.57.60.7/32\nProtocol=107\n", ""),
    ["dropin-missing"],
  ],
  [
    "the drop-in says something else",
    (host) => edit(host, "52:00:00:00:00:07", "52:00:00:00:01:07"),
    ["dropin-differs"],
  ],
  ["the drop-in has another digest", (host) => edit(host, "digest=", "digest=0"), ["dropin-edited"]],
  ["the drop-in is not there", (host) => host.files.delete(file), ["dropin-missing"]],
];

test.each(drifts)("%s", async (_, drift, codes) => {
  for (const suite of ["l3-guest", "foreign-on-252"]) {
    const { host, context } = await hostOfGuests(suite);
    drift(host);
    const quick = await auditCommand(context, { repair: false });
    const { prepared } = await findDrift(context);
    expect(plainGuestsOf(prepared.entries)).toHaveLength(2);
    expect(groupsOf(prepared.observed.kernel)?.neighbors).not.toHaveLength(0);
    const isAsDesired = besidesPlain(prepared.entries, prepared.observed.kernel) !== null;
    expect(isAsDesired).toBe(!codes.some((code) => code.startsWith("kernel")));

    host.addFile(document, JSON.stringify({ version: 1, guests, routes: [] }));
    const slow = await auditCommand(context, { repair: false });
    expect(plainGuestsOf((await findDrift(context)).prepared.entries)).toBeUndefined();
    expect(slow.text).toBe(quick.text);
    expect(slow.exitCode).toBe(quick.exitCode);
    const found = (quick.data as { findings: { code: string }[] }).findings.map(({ code }) => code);
    expect(new Set(found.filter((code) => code !== "foreign-at-risk"))).toEqual(new Set(codes));
  }
});
