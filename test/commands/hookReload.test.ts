import { expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { hookReloadCommand } from "../../src/commands/hook/hookReload.ts";
import { cloudstackHost, entriesOf, place, v4, v6 } from "../support/cloudstackHost.ts";

const pending = "/run/netkeep/reload-pending";
const add = (address: string) => ["-o", "add", ...place, address.includes(":") ? "-6" : "-4", address];

type Host = Awaited<ReturnType<typeof cloudstackHost>>;

const reloads = ({ made }: Host) => made.trace.filter((line) => line === "run networkctl reload").length;
const started = ({ made }: Host) => made.trace.filter((line) => /hook reload/.test(line)).length;
const findings = async ({ context }: Host) =>
  ((await auditCommand(context, { repair: false })).data as { findings: { code: string }[] }).findings.map(
    ({ code }) => code,
  );

/** A host on which an agent's call has run, so that the next need not read everything. */
async function usedHost(): Promise<Host> {
  const host = await cloudstackHost();
  await host.hook(add("2.57.57.90"));
  await host.hook(["-o", "delete", ...place]);
  host.made.trace.length = 0;
  return host;
}

test("a call does not wait for the reload, and a run after it makes one for all", async () => {
  const host = await usedHost();
  expect(await host.hook(add(v4), { wait: false, strict: true })).toMatchObject({ exitCode: 0 });
  expect(host.live()).toEqual(entriesOf([v4]));
  expect([reloads(host), started(host)]).toEqual([0, 1]);
  expect(host.made.files.text(pending)).toContain('"complete":true');
  expect(await findings(host)).toContain("reload-pending");
  host.made.trace.length = 0;
  expect(await host.hook(add(v6), { wait: false, strict: true })).toMatchObject({ exitCode: 0 });
  // It need not read everything for that.
  expect(host.made.trace.filter((line) => line.includes("route show table all"))).toEqual([]);
  expect([reloads(host), started(host)]).toEqual([0, 1]);
  expect(await hookReloadCommand(host.context)).toMatchObject({ exitCode: 0 });
  expect(reloads(host)).toBe(1);
  expect(host.made.files.text(pending)).toBeNull();
  expect(await hookReloadCommand(host.context)).toMatchObject({ exitCode: 0, messages: [] });
  expect(reloads(host)).toBe(1);
  expect([host.live(), await findings(host)]).toEqual([entriesOf([v4, v6]), []]);
});

test("a call that waits reloads for those before it", async () => {
  const host = await usedHost();
  await host.hook(add(v4), { wait: false });
  await host.hook(add(v6));
  expect([reloads(host), host.made.files.text(pending)]).toEqual([1, null]);
  expect(await findings(host)).toEqual([]);
});

test("who runs for long is told, and starts no process", async () => {
  const host = await usedHost();
  let told = 0;
  const reloadLater = () => {
    told += 1;
  };
  const context = { ...host.context, reloadLater };
  const { cloudstackCall } = await import("../../src/commands/hook/hookCloudstack.ts");
  const { runHook } = await import("../../src/commands/hook/hookRun.ts");
  const options = { live: true, reload: true, strict: true, wait: false };
  await runHook(context, cloudstackCall(context, add(v4), options));
  expect([told, started(host)]).toEqual([1, 0]);
});

test("a call that has to read everything waits", async () => {
  const host = await cloudstackHost();
  await host.hook(add(v4), { wait: false });
  expect([reloads(host), started(host), host.made.files.text(pending)]).toEqual([1, 0, null]);
});

test("a run that was killed after it is found out", async () => {
  const host = await usedHost();
  await host.hook(add(v4), { wait: false });
  // The next one is killed between its first file and its end.
  host.made.files.set(pending, { kind: "text", text: '{"links":["cloudbr0"],"guarded":[]}\n', modified: 1 });
  host.made.trace.length = 0;
  await host.hook(add(v6), { wait: false });
  expect(host.made.trace.filter((line) => line.includes("route show table all")).length).toBeGreaterThan(0);
  expect([reloads(host), await findings(host)]).toEqual([1, []]);
});
