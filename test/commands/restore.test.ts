import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { restoreCommand } from "../../src/commands/restore.ts";
import { setCommand, unsetCommand } from "../../src/commands/set.ts";
import { ownerFileName, storedText } from "../../src/desired/stored.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, type Fixture, fixture, hostOf, listFixtures } from "../support/fixture.ts";

const units = "/etc/systemd/network";
const base = `${units}/10-cloudbr0.network`;
const dropIn = `${base}.d/60-netkeep.conf`;
const owners = "/var/lib/netkeep/owners";

/** The same host before networkd runs. */
const early = (about: Fixture) => hostOf({ ...about, networkd: null });

async function restore(host: FakeSystem, mishap: { at: number; how: "fail" } | null = null) {
  host.begin(mishap);
  return restoreCommand(await contextOf(host));
}

function store(host: FakeSystem, owner: string, address: string): void {
  const guest = { name: owner, dev: "cloudbr0", mac: "52:02:00:00:00:01", addresses: [address] };
  const document = { version: 1, guests: [guest] };
  host.addFile(`${owners}/${ownerFileName(owner)}`, storedText({ owner, source: "stdin", changed: 1, document }));
}

/** A host that was up with the guest of the admin and two stored ones, and boots now. */
async function hostThatBoots(): Promise<FakeSystem> {
  const host = early(fixture("l3-guest"));
  store(host, "vm-1", "2.57.57.41");
  store(host, "vm-2", "2.57.57.42");
  host.begin(null);
  await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  host.files.delete("/run/netkeep/reload-pending");
  return host;
}

describe("restore", () => {
  const alone = listFixtures().filter(({ exitCode, networkd }) => exitCode === 0 && networkd === 257);

  test.each(alone.map((about) => [about.name, about] as const))(
    "%s: what apply does live and later",
    async (_, about) => {
      const applied = early(about);
      applied.begin(null);
      await applyCommand(await contextOf(applied), { ...applyOptions, given: [], adopt: about.adopt });
      const host = early(about);
      const before = host.kernel.lines.length;
      expect(await restore(host)).toMatchObject({ exitCode: 0 });
      expect(host.files.tree(units, "/run/systemd")).toEqual(applied.files.tree(units, "/run/systemd"));
      // Nothing but readings: no kernel entry, no networkd, no document, and no reload that is owed.
      expect(host.kernel.lines.slice(before)).toEqual([]);
      expect(
        host.trace.filter((what) => /-batch|networkctl (?!--version)|write \/(var|run\/netkeep)/.test(what)),
      ).toEqual([]);
    },
  );

  test("a document that is a link to what is not mounted yet: its owner keeps what the drop-ins say", async () => {
    const host = await hostThatBoots();
    const before = host.files.tree(units);
    host.files.set("/etc/netkeep/desired.d/i-2-10-VM.yaml", { kind: "null" });
    const problem =
      "cannot read /etc/netkeep/desired.d/i-2-10-VM.yaml: it is a symbolic link to /dev/null, which is not there";
    expect(await restore(host)).toMatchObject({ exitCode: 2, data: { broken: [{ problems: [problem] }] } });
    expect(host.files.tree(units)).toEqual(before);
  });

  test.each(["/etc/netkeep", "/etc/netkeep/desired.d"])("%s is a link to what is not mounted", async (directory) => {
    const host = await hostThatBoots();
    const before = host.files.tree(units);
    host.files.deleteDocuments();
    host.files.set(directory, { kind: "null" });
    const problem =
      /^\/etc\/netkeep\/desired\.d leads by a symbolic link to what is not there, .* of i-2-10-VM: mount it$/;
    const { exitCode, data } = await restore(host);
    expect({ exitCode, data }).toMatchObject({
      exitCode: 2,
      data: { broken: [{ owner: "i-2-10-VM", problems: [expect.stringMatching(problem)] }] },
    });
    expect(host.files.tree(units)).toEqual(before);
  });

  test("the administrator's directory has gone: its owners keep their entries, and it is said how to go on", async () => {
    const host = await hostThatBoots();
    const before = host.files.tree(units);
    const document = host.files.text("/etc/netkeep/desired.d/i-2-10-VM.yaml") ?? "";
    host.files.deleteDocuments();
    const problem =
      "/etc/netkeep/desired.d is missing, and with it the document of i-2-10-VM: put it back; or, if it is gone for good, " +
      "`mkdir -p /etc/netkeep/desired.d`";
    expect(await restore(host)).toMatchObject({ exitCode: 2, data: { broken: [{ problems: [problem] }] } });
    host.begin(null);
    const context = await contextOf(host);
    await expect(applyCommand(context, { ...applyOptions, given: [] })).rejects.toThrow(problem);
    const found = await auditCommand(context, { repair: true });
    const fix = "as the message says, then netkeep apply";
    expect((found.data as { findings: unknown[] }).findings).toContainEqual(
      expect.objectContaining({ code: "document-broken", owner: "i-2-10-VM", fix }),
    );
    expect(host.files.tree(units)).toEqual(before);
    // The same document under another roof is known, and the owner moves.
    const given = { owner: "i-2-10-VM", source: "/root/i-2-10-VM.yaml", path: "/root/i-2-10-VM.yaml", text: document };
    // networkd has not started yet.
    expect(await applyCommand(context, { ...applyOptions, given: [given] })).toMatchObject({ exitCode: 69 });
    expect(await restore(host)).toMatchObject({ exitCode: 0 });
    expect(host.files.text(dropIn)).toContain("owner=i-2-10-VM");
  });

  test("an administrator's directory that is there and empty says that its documents are gone", async () => {
    const host = await hostThatBoots();
    host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
    expect(await restore(host)).toMatchObject({ exitCode: 0, data: { broken: [] } });
    expect(host.files.text(dropIn)).not.toContain("owner=i-2-10-VM");
  });

  test("twice: the second finds nothing to do", async () => {
    const host = await hostThatBoots();
    const again = await restore(host);
    expect(again).toMatchObject({ exitCode: 0, text: "", data: { written: [], removed: [], failed: [], broken: [] } });
    expect(again.messages.at(-1)?.text).toBe("8 entries on 1 link: the files are as desired");
  });

  test("owners that are gone take their entries along", async () => {
    const host = await hostThatBoots();
    host.files.delete(`${owners}/${ownerFileName("vm-1")}`);
    expect(await restore(host)).toMatchObject({ exitCode: 0, text: `wrote ${dropIn}\n` });
    expect(host.files.text(dropIn)).toMatch(/owner=vm-2 /);
    expect(host.files.text(dropIn)).not.toMatch(/owner=vm-1 /);
  });

  test("a missing directory of owners is a missing file system: they keep their entries", async () => {
    const host = await hostThatBoots();
    const before = host.files.text(dropIn);
    for (const owner of ["vm-1", "vm-2"]) host.files.delete(`${owners}/${ownerFileName(owner)}`);
    const result = await restore(host);
    expect(result.exitCode).toBe(2);
    expect(result.messages.map(({ text }) => text).join("\n")).toContain(
      "/var/lib/netkeep/owners is missing, and with it the document of vm-1: mount it",
    );
    expect(host.files.text(dropIn)).toBe(before);
  });

  test("and no other run makes that directory anew, or takes their entries", async () => {
    const host = await hostThatBoots();
    for (const owner of ["vm-1", "vm-2"]) host.files.delete(`${owners}/${ownerFileName(owner)}`);
    host.begin(null);
    const guest = { name: "vm-3", dev: "cloudbr0", mac: "52:02:00:00:00:03", addresses: ["2.57.57.43"] };
    const text = JSON.stringify({ version: 1, guests: [guest] });
    const given = { owner: "vm-3", source: "stdin", path: null, text };
    const context = await contextOf(host);
    await expect(applyCommand(context, { ...applyOptions, given: [given] })).rejects.toThrow(
      "/var/lib/netkeep/owners is missing, and with it the document of vm-1",
    );
    await setCommand(context, given, { runtime: false, live: true, reload: true });
    expect(host.files.list(owners)).toEqual([]);
    await restore(host);
    for (const last of [41, 42, 43]) expect(host.files.text(dropIn)).toContain(`2.57.57.${last}/32`);
    await unsetCommand(await contextOf(host), ["vm-1", "vm-2", "vm-3"], { live: true, reload: true, runtime: false });
    expect(host.files.text(dropIn)).not.toMatch(/owner=vm-/);
    expect(await restore(host)).toMatchObject({ exitCode: 0 });
  });

  test("a broken document costs only itself", async () => {
    const host = await hostThatBoots();
    host.addFile("/etc/netkeep/desired.d/i-2-10-VM.yaml", "version: 1\nguests: {\n");
    host.addFile(`${owners}/${ownerFileName("vm-1")}`, "{");
    host.files.delete(`${owners}/${ownerFileName("vm-2")}`);
    const result = await restore(host);
    expect(result).toMatchObject({ exitCode: 2, data: { broken: [{ owner: "i-2-10-VM" }, { owner: "vm-1" }] } });
    expect(host.files.text(dropIn)).toMatch(/owner=i-2-10-VM [\s\S]*2\.57\.57\.30[\s\S]*owner=vm-1 /);
    expect(host.files.text(dropIn)).not.toMatch(/owner=vm-2 /);
  });

  test("a document that cannot be read costs only itself", async () => {
    const host = await hostThatBoots();
    const before = host.files.text(dropIn);
    const read = host.system.readText;
    host.system.readText = async (path) => {
      if (path.endsWith(ownerFileName("vm-1"))) throw new Error(`cannot read ${path}: input/output error`);
      return read(path);
    };
    expect((await restore(host)).messages).toContainEqual({
      level: "error",
      text: expect.stringContaining("1.json: input/output error\n    the host keeps what its drop-ins say"),
    });
    expect(host.files.text(dropIn)).toBe(before);
  });

  test("a renamed base file takes the drop-ins along", async () => {
    const host = await hostThatBoots();
    const entries = host.files.text(dropIn);
    const text = host.files.text(base) ?? "";
    host.files.delete(base);
    host.addFile("/run/systemd/network/10-netplan-cloudbr0.network", text);
    expect(await restore(host)).toMatchObject({ exitCode: 0 });
    expect(host.files.text(`${units}/10-netplan-cloudbr0.network.d/60-netkeep.conf`)).toBe(entries);
    expect([...host.files.tree(`${base}.d`).keys()]).toEqual([]);
  });

  test("a link that cannot be told keeps its drop-ins, and the others are done", async () => {
    const host = await hostThatBoots();
    const before = host.files.text(dropIn);
    host.addFile(`${units}/05-all.network`, "[Match]\nName=cloudbr*\n");
    store(host, "vm-3", "2.57.57.43");
    const other = { version: 1, routes: [{ to: "192.0.2.1", dev: "other0" }] };
    host.addFile(
      `${owners}/${ownerFileName("vm-4")}`,
      storedText({ owner: "vm-4", source: "stdin", changed: 1, document: other }),
    );
    host.addFile(`${units}/20-other0.network`, "[Match]\nName=other0\n");
    const result = await restore(host);
    expect(result).toMatchObject({
      exitCode: 2,
      data: { notes: expect.arrayContaining([expect.objectContaining({ level: "refusal" })]) },
    });
    expect(host.files.text(dropIn)).toBe(before);
    expect(host.files.text(`${units}/20-other0.network.d/60-netkeep.conf`)).toContain("192.0.2.1");
  });

  test("a link that is not there yet stays where it was when its hardware could be asked", async () => {
    const host = await hostThatBoots();
    const eth = { version: 1, routes: [{ to: "192.0.2.1", dev: "eth7" }] };
    host.addFile(
      `${owners}/${ownerFileName("vm-5")}`,
      storedText({ owner: "vm-5", source: "stdin", changed: 1, document: eth }),
    );
    host.addFile(`${units}/30-eth.network`, "[Match]\nMACAddress=02:00:00:00:00:77\n");
    const inDoubt = await restore(host);
    expect(inDoubt.messages.map(({ text }) => text).join()).toContain("cannot tell which base file applies to eth7");
    host.addFile(`${units}/30-eth.network.d/60-netkeep.conf`, "# netkeep link=eth7\n");
    expect(await restore(host)).toMatchObject({ exitCode: 0 });
    expect(host.files.text(`${units}/30-eth.network.d/60-netkeep.conf`)).toContain("192.0.2.1");
  });

  test("whatever fails, it ends with a status, and the next one completes", async () => {
    const boot = async () => {
      const host = await hostThatBoots();
      host.files.delete(`${owners}/${ownerFileName("vm-1")}`);
      const text = host.files.text(base) ?? "";
      host.files.delete(base);
      host.addFile(`${units}/12-cloudbr0.network`, text);
      return host;
    };
    const undisturbed = await boot();
    await restore(undisturbed);
    const writes = undisturbed.trace.flatMap((what, index) => (/^(write|remove) /.test(what) ? [index + 1] : []));
    expect(writes.length).toBeGreaterThan(3);
    for (const at of writes) {
      const host = await boot();
      const result = await restore(host, { at, how: "fail" });
      expect(host.struck).toBe(true);
      expect(result).toMatchObject({ exitCode: 2, data: { failed: [{ path: expect.stringMatching(/netkeep/) }] } });
      expect(await restore(host)).toMatchObject({ exitCode: 0 });
      expect(host.files.tree(units)).toEqual(undisturbed.files.tree(units));
    }
  });

  test("on a host that is up and has lost entries, files that are right stay untouched", async () => {
    const host = hostOf({ ...fixture("l3-guest"), networkd: 252 });
    host.begin(null);
    await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
    host.kernel.dropNeighbors(() => true);
    expect(await restore(host)).toMatchObject({ exitCode: 0, text: "" });
    expect(host.trace.filter((what) => what.startsWith("write"))).toEqual([]);
  });

  test("on a host that is up the reload is owed, and said", async () => {
    const host = hostOf(fixture("l3-guest"));
    const result = await restore(host);
    expect(result.messages).toContainEqual({
      level: "warning",
      text: "networkd runs and was not told: run `netkeep apply`",
    });
    expect(host.files.text("/run/netkeep/reload-pending")).toContain("cloudbr0");
    expect(host.trace).not.toContain("run networkctl reload");
  });
});
