import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { restoreCommand } from "../../src/commands/restore.ts";
import { setCommand, unsetCommand } from "../../src/commands/set.ts";
import { settleCommand } from "../../src/commands/settle.ts";
import { UserError } from "../../src/errors.ts";
import { observeClaims } from "../../src/observe/linkClaims.ts";
import { maskOfNetworkd, whyNetworkdNeverStarts } from "../../src/observe/networkdStart.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const units = "/usr/lib/systemd/system";
const wanted = `${units}/multi-user.target.wants/systemd-networkd.service`;
const empty = () => hostOf(fixture("no-base-file"));

describe("what shows that networkd never starts", () => {
  const why = (host: FakeSystem) => whyNetworkdNeverStarts(host.system);

  test("nothing, if a unit wants it, its socket, or what waits for it", async () => {
    const host = empty();
    expect(await why(host)).toBeNull();
    for (const name of ["systemd-networkd.socket", "systemd-networkd-wait-online@eth0.service"]) {
      host.files.delete(wanted);
      host.addFile(`/etc/systemd/system/sockets.target.wants/${name}`, "");
      expect(await why(host)).toBeNull();
      host.files.delete(`/etc/systemd/system/sockets.target.wants/${name}`);
    }
    host.addFile("/run/systemd/generator/multi-user.target.wants/systemd-networkd.service", "");
    expect(await why(host)).toBeNull();
  });

  test("it is disabled, masked or not there", async () => {
    const host = empty();
    host.files.delete(wanted);
    expect(await why(host)).toBe("systemd-networkd is disabled");
    host.addFile(wanted, "");
    host.addMask("/run/systemd/system/systemd-networkd.service");
    expect(await why(host)).toBe("systemd-networkd is masked");
    // A unit of the administrator counts before a mask below it.
    host.addFile("/etc/systemd/system/systemd-networkd.service", "");
    expect(await why(host)).toBeNull();
    for (const directory of ["/etc/systemd/system", "/run/systemd/system", units]) {
      host.files.delete(`${directory}/systemd-networkd.service`);
    }
    expect(await why(host)).toBe("systemd-networkd is not installed");
  });

  test("how it is masked: for good, or until the next boot", async () => {
    const host = empty();
    expect(await maskOfNetworkd(host.system)).toBeNull();
    host.addMask("/run/systemd/system/systemd-networkd.service");
    expect(await maskOfNetworkd(host.system)).toBe("runtime");
    host.addMask("/etc/systemd/system/systemd-networkd.service");
    expect(await maskOfNetworkd(host.system)).toBe("persistent");
  });
});

describe("who claims a link", () => {
  const claims = async (host: FakeSystem, index: number | null = 4) =>
    (await observeClaims(host.system, [{ name: "cloudbr0", index }])).get("cloudbr0") ?? [];
  const cgroup = "/sys/fs/cgroup/system.slice/NetworkManager.service/cgroup.procs";

  test("ifupdown, while it is installed: by its state, or a stanza for just this name", async () => {
    const host = empty();
    host.addFile("/run/network/ifstate", "lo=lo\ncloudbr0=cloudbr0\n");
    expect(await claims(host)).toEqual([]);
    host.addFile("/usr/sbin/ifup", "");
    expect(await claims(host)).toEqual([{ name: "ifupdown", evidence: "/run/network/ifstate lists it" }]);
    host.addFile("/run/network/ifstate", "cloudbr01=cloudbr01\n");
    host.addFile("/etc/network/interfaces", "iface cloudbr0.7 inet manual\n# iface cloudbr0 inet manual\n");
    expect(await claims(host)).toEqual([]);
    // As ifupdown2 writes it: without a family.
    host.addFile("/etc/network/interfaces.d/bridges", "auto cloudbr0\niface cloudbr0\n");
    const evidence = "/etc/network/interfaces.d/bridges:2 has a stanza for it";
    expect(await claims(host)).toEqual([{ name: "ifupdown", evidence }]);
    expect(await claims(host, null)).toEqual([{ name: "ifupdown", evidence }]);
  });

  test("NetworkManager, while it runs: by what it says of the device", async () => {
    const host = empty();
    host.addFile("/run/NetworkManager/devices/4", "[device]\nmanaged=true\n");
    expect(await claims(host)).toEqual([]);
    host.addFile(cgroup, "7\n");
    const evidence = "/run/NetworkManager/devices/4 says managed=true";
    expect(await claims(host)).toEqual([{ name: "NetworkManager", evidence }]);
    host.addFile("/run/NetworkManager/devices/4", "[device]\nmanaged=false\n");
    host.addFile("/etc/NetworkManager/system-connections/b.nmconnection", "[connection]\ninterface-name=cloudbr0\n");
    expect(await claims(host)).toEqual([]);
  });

  test("NetworkManager, before it starts or has seen the link: by a profile", async () => {
    const host = empty();
    const path = "/run/NetworkManager/system-connections/netplan-cloudbr0.nmconnection";
    host.addFile(path, "[connection]\nid=netplan-cloudbr0\ninterface-name=cloudbr0\n");
    expect(await claims(host)).toEqual([]);
    host.addFile("/etc/systemd/system/multi-user.target.wants/NetworkManager.service", "");
    for (const index of [4, null]) {
      expect(await claims(host, index)).toEqual([{ name: "NetworkManager", evidence: `${path} is its profile` }]);
    }
  });

  test("another program by udev; networkd itself does not count", async () => {
    const host = empty();
    host.addFile("/run/udev/data/n4", "E:ID_NET_MANAGED_BY=io.systemd.Network\n");
    expect(await claims(host)).toEqual([]);
    host.addFile("/run/udev/data/n4", "E:ID_NET_MANAGED_BY=org.example.Other\n");
    const evidence = "the udev property ID_NET_MANAGED_BY is org.example.Other";
    expect(await claims(host)).toEqual([{ name: "another program", evidence }]);
  });
});

const files = (host: FakeSystem) => [...host.files.tree("/etc/systemd/network", "/run/systemd/network").keys()];
const apply = async (host: FakeSystem) => {
  host.begin(null);
  return applyCommand(await contextOf(host), { ...applyOptions, given: [] });
};
const said = ({ messages }: { readonly messages: readonly { readonly text: string }[] }) =>
  messages.map(({ text }) => text).join("\n");

describe("the choice", () => {
  test("a base file goes before a claim, and a document before both", async () => {
    const host = hostOf(fixture("l3-guest"));
    host.addFile("/usr/sbin/ifup", "");
    host.addFile("/etc/network/interfaces", "iface cloudbr0 inet manual\n");
    await apply(host);
    expect(files(host)).toContain("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf");
    host.addFile("/etc/netkeep/desired.d/mode.yaml", "version: 1\nlinks:\n  cloudbr0: { mode: live }\n");
    const applied = await apply(host);
    expect(said(applied)).toContain("because a document says so");
    expect(said(applied)).toContain("networkd applies 10-cloudbr0.network to cloudbr0");
    expect(applied.exitCode).toBe(0);
    expect(files(host).filter((path) => path.includes("netkeep"))).toEqual([]);
    expect(host.kernel.neighbors.filter(({ state }) => state.includes("PERMANENT"))).toHaveLength(2);
    expect((await auditCommand(await contextOf(host), { repair: false })).exitCode).toBe(0);
  });

  test("Unmanaged=yes with a claim is live; without one it is refused as before", async () => {
    const host = hostOf(fixture("unmanaged"));
    expect((await apply(host)).exitCode).toBe(2);
    host.addFile("/usr/sbin/ifup", "");
    host.addFile("/etc/network/interfaces", "iface cloudbr0 inet manual\n");
    const applied = await apply(host);
    expect(said(applied)).toContain("/etc/network/interfaces:1 has a stanza for it");
    expect(applied.exitCode).toBe(0);
  });

  test("a misspelt mode is refused, with the values that there are", async () => {
    const host = hostOf(fixture("l3-guest"));
    host.addFile("/etc/netkeep/desired.d/mode.yaml", "version: 1\nlinks:\n  cloudbr0: { mode: alive }\n");
    const error = await apply(host).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(/mode\.yaml:3:\d+: links\.cloudbr0\.mode: .*did you mean "live"/s);
  });
});

describe("a link that is kept live", () => {
  test("is told of by who plans and applies, and not at each call of an agent or a repair", async () => {
    const host = hostOf(fixture("live-ifupdown"));
    expect(said(await apply(host))).toContain("cloudbr0 is kept live, because ifupdown");
    const context = await contextOf(host);
    const text = JSON.stringify({ version: 1, routes: [{ to: "203.0.113.7", dev: "cloudbr0" }] });
    const call = { owner: "other", source: "stdin", path: null, text };
    expect(said(await setCommand(context, call, { runtime: false, live: true, reload: true }))).toMatch(/^done: /);
    host.kernel.dropNeighbors(() => true);
    host.begin(null);
    expect(said(await auditCommand(context, { repair: true }))).not.toContain("kept live");
    expect(host.kernel.neighbors).toHaveLength(2);
  });

  test("goes back to networkd when nobody claims it any more", async () => {
    const host = hostOf(fixture("live-ifupdown"));
    await apply(host);
    expect(files(host)).toEqual([]);
    host.files.delete("/etc/network/interfaces");
    expect((await apply(host)).exitCode).toBe(0);
    expect(files(host)).toContain("/etc/systemd/network/60-netkeep-cloudbr0.network.d/60-netkeep.conf");
    expect(host.networkd.reloads).toBe(1);
  });

  test("what no document asks for any more goes by its mark, neighbors too", async () => {
    const host = hostOf(fixture("live-released"));
    await apply(host);
    expect(host.kernel.neighbors.filter(({ dev }) => dev === "cloudbr0")).toHaveLength(2);
    host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
    expect((await apply(host)).exitCode).toBe(0);
    expect(host.kernel.neighbors.filter(({ dev }) => dev === "cloudbr0")).toEqual([]);
  });

  test("what a broken document may want there stays while others come and go", async () => {
    const host = hostOf(fixture("live-ifupdown"));
    await apply(host);
    host.addFile("/etc/netkeep/desired.d/i-2-10-VM.yaml", "version: 1\nguests: 7\n");
    const context = await contextOf(host);
    const text = JSON.stringify({ version: 1, routes: [{ to: "203.0.113.7", dev: "cloudbr0" }] });
    const options = { runtime: false, live: true, reload: true };
    await setCommand(context, { owner: "other", source: "stdin", path: null, text }, options);
    await unsetCommand(context, ["other"], options);
    expect(host.kernel.neighbors).toHaveLength(2);
    expect(host.kernel.routes.filter(({ dst }) => dst === "2.57.57.30")).toHaveLength(1);
    // When it can be read again, and no longer asks for them, they go with the rest.
    host.addFile("/etc/netkeep/desired.d/i-2-10-VM.yaml", "version: 1\n");
    expect((await apply(host)).exitCode).toBe(0);
    expect(host.kernel.routes.filter(({ protocol }) => protocol === "107")).toEqual([]);
    expect(host.kernel.neighbors).toEqual([]);
  });

  test("drift is found and repaired without a reload", async () => {
    const host = hostOf(fixture("live-ifupdown"));
    await apply(host);
    host.kernel.dropNeighbors(() => true);
    host.kernel.dropRoutes(({ protocol }) => protocol === "107");
    const context = await contextOf(host);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(1);
    host.begin(null);
    expect((await auditCommand(context, { repair: true })).exitCode).toBe(0);
    expect(host.kernel.neighbors).toHaveLength(2);
    expect(host.networkd.reloads).toBe(0);
  });

  test("without any networkd: restore has nothing to write, settle sets the entries, all with status 0", async () => {
    const host = hostOf(fixture("live-networkd-masked"));
    const context = await contextOf(host);
    expect(await restoreCommand(context)).toMatchObject({ exitCode: 0, data: { written: [], removed: [] } });
    host.begin(null);
    expect(await settleCommand(context, { links: [], seconds: 30 })).toMatchObject({ exitCode: 0 });
    expect(host.kernel.neighbors).toHaveLength(2);
    expect(host.files.list("/run/netkeep/links")).toEqual(["cloudbr0"]);
    expect(host.files.text("/run/netkeep/reload-pending")).toBeNull();
  });

  test("its files of before go without a networkd, and nothing is owed to it", async () => {
    const { folder, ...rest } = fixture("live-released");
    const host = hostOf({ ...rest, folder, networkd: null });
    expect((await apply(host)).exitCode).toBe(0);
    expect(files(host)).toEqual([]);
    expect(host.files.text("/run/netkeep/reload-pending")).toBeNull();
  });
});
