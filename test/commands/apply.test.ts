import { expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

test("a document of the administrator that is named by a relative path is the same document, and the next apply finds nothing to do", async () => {
  const host = hostOf(fixture("l3-guest"));
  host.begin(null);
  const context = await contextOf(host);
  const path = "/etc/netkeep/desired.d/i-2-10-VM.yaml";
  const given = [{ owner: "i-2-10-VM", source: "i-2-10-VM.yaml", path, text: host.files.text(path) ?? "" }];
  expect(await applyCommand(context, { ...applyOptions, given })).toMatchObject({ exitCode: 0 });
  expect(host.files.text("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf")).toContain(` source=${path}`);
  expect(await auditCommand(context, { repair: false })).toMatchObject({ exitCode: 0, data: { findings: [] } });
  const again = await applyCommand(context, { ...applyOptions, given: [] });
  expect(again.messages).toEqual([{ level: "info", text: "nothing to do" }]);
});
