import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { settleCommand } from "../../src/commands/settle.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const marks = "/run/netkeep/links";

async function settle(host: FakeSystem, ...links: string[]) {
  host.begin(null);
  return settleCommand(await contextOf(host), { links, seconds: 30 });
}

/** A host whose networkd has loaded everything, and where netkeep has not run since the boot. */
async function bootedHost(networkd: number | null = 257): Promise<FakeSystem> {
  const host = hostOf({ ...fixture("l3-guest"), networkd });
  host.begin(null);
  await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  for (const name of host.files.list(marks)) host.files.delete(`${marks}/${name}`);
  return host;
}

describe("settle", () => {
  test("all is there: nothing is done, and links that appear from now on are looked after", async () => {
    const host = await bootedHost();
    expect(await settle(host)).toMatchObject({ exitCode: 0, data: { findings: [], repaired: [] } });
    expect(host.files.list(marks)).toEqual(["cloudbr0"]);
    expect(host.trace.filter((what) => /^(write|remove)|-batch|reload/.test(what))).toEqual([
      `write ${marks}/cloudbr0`,
    ]);
  });

  test("what is missing is set", async () => {
    const host = await bootedHost();
    host.kernel.dropNeighbors(() => true);
    expect(await settle(host)).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining("+ neighbor 2.57.57.30"),
      data: { findings: [], repaired: [{ code: "kernel-missing" }, { code: "kernel-missing" }] },
    });
  });

  test("a link as systemd escapes it for the name of a unit, and one that nobody asks for", async () => {
    const host = await bootedHost();
    host.addFile("/etc/netkeep/desired.d/plus.yaml", "version: 1\nroutes:\n  - { to: 203.0.113.9, dev: br+1~a }\n");
    const bridge = host.kernel.links.find(({ ifname }) => ifname === "cloudbr0");
    if (bridge !== undefined) host.kernel.links.push({ ...bridge, ifname: "br+1~a", ifindex: 99, addr_info: [] });
    expect(await settle(host, "br\\x2b1\\x7ea")).toMatchObject({
      text: expect.stringContaining("+ route 203.0.113.9/32 dev br+1~a"),
    });
    expect((await settle(host, "br\\x2b2")).messages).toEqual([
      { level: "info", text: "nothing to do: no document asks for entries on br+2" },
    ]);
  });

  test("without networkd the entries are set, and nobody keeps them: exit 1", async () => {
    const host = await bootedHost(null);
    host.kernel.dropNeighbors(() => true);
    const result = await settle(host);
    expect(result).toMatchObject({ exitCode: 1, data: { findings: [{ code: "networkd-not-running" }] } });
    expect(host.kernel.neighbors).not.toEqual([]);
  });

  test("what cannot be repaired is told, and the rest is done", async () => {
    const host = await bootedHost();
    host.kernel.dropNeighbors(() => true);
    host.addFile("/etc/netkeep/desired.d/odd.yaml", "version: 1\nroutes:\n  - { to: 203.0.113.99, dev: odd0 }\n");
    host.addFile("/etc/systemd/network/10-odd.network", "[Match]\nName=odd*\n");
    const result = await settle(host);
    expect(result).toMatchObject({
      exitCode: 1,
      data: {
        findings: [
          { code: "unresolved", link: "odd0" },
          { code: "link-missing", link: "odd0" },
        ],
      },
    });
    expect(host.kernel.neighbors).toHaveLength(2);
  });

  test("one link: drift of others is not its business", async () => {
    const host = await bootedHost();
    host.kernel.dropNeighbors(() => true);
    expect(await settle(host, "tap7")).toMatchObject({ exitCode: 0, data: { findings: [] } });
    expect(host.kernel.neighbors).toEqual([]);
    expect(host.files.list(marks)).toEqual([]);
    expect(await settle(host, "cloudbr0")).toMatchObject({ exitCode: 0 });
    expect(host.kernel.neighbors).toHaveLength(2);
  });
});
