import { expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const settings = "/etc/systemd/network/10-cloudbr0.network.d/50-netkeep-link.conf";

/** A host whose last document has gone, and what is left of netkeep's files. */
async function emptied(foreign: (host: FakeSystem) => void): Promise<FakeSystem> {
  const host = hostOf(fixture("l3-guest"));
  host.begin(null);
  await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  foreign(host);
  host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
  await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  return host;
}

const ours = (host: FakeSystem) =>
  [...host.files.tree("/etc/systemd").keys()].filter((path) => path.includes("netkeep"));
const findings = async (host: FakeSystem) => {
  const { data } = await auditCommand(await contextOf(host), { repair: false });
  return (data as { findings: Finding[] }).findings;
};
const codes = async (host: FakeSystem) => (await findings(host)).map(({ code }) => code);
const route = (host: FakeSystem) => {
  host.kernel.setRoute({ dst: "198.51.100.0/24", dev: "cloudbr0", protocol: "4", scope: "253", flags: [] });
};

test("the settings of a link stay for what others have there, also while networkd is stopped: it deletes when it starts", async () => {
  const host = await emptied(route);
  expect(ours(host)).toEqual([settings]);
  expect(await codes(host)).toEqual([]);
  host.halt();
  expect(await codes(host)).not.toContain("dropin-extra");
  await auditCommand(await contextOf(host), { repair: true });
  expect(ours(host)).toEqual([settings]);
  // One that never starts deletes nothing.
  host.addMask("/etc/systemd/system/systemd-networkd.service");
  expect(await codes(host)).toContain("dropin-extra");
});

test("they go where there is nothing of others, also what a stopped networkd finds", async () => {
  const host = await emptied(() => undefined);
  expect(ours(host)).toEqual([]);
  const late = await emptied(route);
  late.kernel.dropRoutes(({ dst }) => dst === "198.51.100.0/24");
  // That it has nothing to guard any more is no drift.
  expect(await findings(late)).toMatchObject([{ code: "dropin-extra", severity: "info", actual: settings }]);
  expect((await auditCommand(await contextOf(late), { repair: false })).exitCode).toBe(0);
  late.halt();
  expect(await codes(late)).toContain("dropin-extra");
  expect(await applyCommand(await contextOf(late), { ...applyOptions, given: [] })).toMatchObject({ exitCode: 69 });
  expect(ours(late)).toEqual([]);
});
