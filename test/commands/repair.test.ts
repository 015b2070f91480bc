import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import type { CommandContext } from "../../src/context.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const directory = "/etc/systemd/network/10-cloudbr0.network.d";
const file = `${directory}/60-netkeep.conf`;

/** The host of the L3 example, as desired. */
async function rightHost(): Promise<{ host: FakeSystem; context: CommandContext }> {
  const host = hostOf(fixture("l3-guest"));
  const context = await contextOf(host);
  expect((await applyCommand(context, { ...applyOptions, given: [] })).exitCode).toBe(0);
  host.begin();
  return { host, context };
}

function codes(data: unknown): string[] {
  return (data as { findings: { code: string }[] }).findings.map(({ code }) => code);
}

describe("audit --repair", () => {
  test.each([
    ["a file of mode 0600", file],
    ["a directory of mode 0700", directory],
  ])("%s: the dry run says so and changes nothing, the repair mends it", async (_, path) => {
    const { host, context } = await rightHost();
    host.files.closed.add(path);
    const found = await auditCommand(context, { repair: false });
    expect(new Set(codes(found.data))).toEqual(new Set(["dropin-unreadable"]));
    const dry = await auditCommand(context, { repair: true, dryRun: true });
    expect(dry.exitCode).toBe(1);
    expect(host.files.closed.has(path)).toBe(true);
    expect(host.networkd.reloads).toBe(1);
    const repaired = await auditCommand(context, { repair: true });
    expect({ exitCode: repaired.exitCode, codes: codes(repaired.data) }).toEqual({ exitCode: 0, codes: [] });
    expect(host.files.closed.size).toBe(0);
    expect(host.networkd.reloads).toBe(2);
  });

  test("a mask stays and is said; what else is wrong is repaired", async () => {
    const { host, context } = await rightHost();
    host.files.set(file, { kind: "null" });
    host.kernel.dropNeighbors(({ dst }) => dst === "2.57.57.30");
    expect(codes((await auditCommand(context, { repair: false })).data).sort()).toEqual([
      "dropin-masked",
      "kernel-missing",
    ]);
    const repaired = await auditCommand(context, { repair: true });
    expect({ exitCode: repaired.exitCode, codes: codes(repaired.data) }).toEqual({
      exitCode: 1,
      codes: ["dropin-masked"],
    });
    expect(repaired.messages.map(({ text }) => text).join("\n")).toContain(
      "60-netkeep.conf is left as it is: somebody has masked it",
    );
    expect(host.files.tree(directory).get(file)).toBe("-> /dev/null");
  });

  test("a symbolic link to a text of ours works, and a change takes its place", async () => {
    const { host, context } = await rightHost();
    const text = host.files.text(file) ?? "";
    const link = { kind: "text", target: "/srv/netkeep.conf", modified: 0 } as const;
    host.files.set(file, { ...link, text });
    expect(codes((await auditCommand(context, { repair: false })).data)).toEqual([]);
    host.files.set(file, { ...link, text: text.replace("Address=2.57.57.30", "Address=2.57.57.31") });
    expect(codes((await auditCommand(context, { repair: false })).data)).toContain("dropin-missing");
    const repaired = await auditCommand(context, { repair: true });
    expect({ exitCode: repaired.exitCode, codes: codes(repaired.data) }).toEqual({ exitCode: 0, codes: [] });
    expect([host.files.text(file), host.files.linkTarget(file)]).toEqual([text, null]);
  });

  test("a symbolic link to a text of others stays and is said, and the rest is repaired", async () => {
    const { host, context } = await rightHost();
    host.files.set(file, { kind: "text", target: "/srv/mine.conf", text: "[Route]\n", modified: 0 });
    host.kernel.dropNeighbors(({ dst }) => dst === "2.57.57.30");
    const repaired = await auditCommand(context, { repair: true });
    const { findings } = repaired.data as { findings: { code: string; actual: string }[] };
    expect({ exitCode: repaired.exitCode, findings }).toMatchObject({
      exitCode: 1,
      findings: [
        { code: "dropin-shadowed", actual: "it is a symbolic link to /srv/mine.conf, which netkeep did not write" },
      ],
    });
    expect(host.kernel.neighbors.some(({ dst }) => dst === "2.57.57.30")).toBe(true);
    expect(host.files.linkTarget(file)).toBe("/srv/mine.conf");
  });

  test("a closed directory of networkd's: one finding, nothing is written there, no reload, and apply is refused", async () => {
    const { host, context } = await rightHost();
    const top = "/etc/systemd/network";
    const before = host.files.tree(top);
    host.files.closed.add(top);
    expect(codes((await auditCommand(context, { repair: false })).data)).toEqual(["directory-closed"]);
    const repaired = await auditCommand(context, { repair: true });
    expect({ exitCode: repaired.exitCode, codes: codes(repaired.data) }).toEqual({
      exitCode: 1,
      codes: ["directory-closed"],
    });
    const applied = await applyCommand(context, { ...applyOptions, given: [] });
    expect(applied.exitCode).toBe(2);
    expect(applied.messages.map(({ text }) => text).join("\n")).toContain(`networkd cannot use ${top}: mode 0700`);
    expect(host.files.tree(top)).toEqual(before);
    expect(host.networkd.reloads).toBe(1);
    host.files.closed.delete(top);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
  });

  test("a foreign neighbor under our key stays out of reach, and the rest is repaired", async () => {
    const { host, context } = await rightHost();
    host.files.delete(file);
    host.kernel.dropRoutes(({ dst }) => dst === "2.57.57.30");
    host.kernel.dropNeighbors(({ dst }) => dst === "2.57.57.30");
    host.kernel.setNeighbor({ dst: "2.57.57.30", dev: "cloudbr0", lladdr: "02:00:00:00:00:99", state: ["PERMANENT"] });
    const repaired = await auditCommand(context, { repair: true });
    expect(codes(repaired.data).sort()).toEqual(["dropin-missing", "kernel-differs"]);
    expect(host.files.text(file)).not.toContain("Address=2.57.57.30\n");
    expect(host.files.text(file)).toContain("Destination=2.57.57.30/32");
    expect(host.kernel.neighbors.find(({ dst }) => dst === "2.57.57.30")?.lladdr).toBe("02:00:00:00:00:99");
  });
});

describe("guests that are gone", () => {
  const given = (owner: string) => {
    const text = '{"version":1,"routes":[{"to":"198.51.100.4","dev":"cloudbr0"}]}';
    return [{ owner, source: "hook", path: null, text }];
  };
  const mac = "52:00:00:00:00:77";
  test.each([
    ["libvirt:vm", "vm.xml", "<domstatus/>"],
    [`cloudstack:cloudbr0:${mac}`, "other.xml", `<mac address='${mac.toUpperCase()}'/>`],
  ])("%s", async (owner, name, xml) => {
    const { host, context } = await rightHost();
    expect((await applyCommand(context, { ...applyOptions, given: given(owner) })).exitCode).toBe(0);
    const audit = async () => codes((await auditCommand(context, { repair: false })).data);
    for (let minutes = 0; minutes < 12; minutes++) host.begin();
    expect(await audit(), "without libvirt nothing is known").toEqual([]);
    host.addFile("/run/libvirt/qemu/third.xml", "<domstatus/>");
    expect(await audit()).toEqual(["owner-stale"]);
    host.addFile(`/run/libvirt/qemu/${name}`, xml);
    expect(await audit()).toEqual([]);
  });

  test("a young record is none: the guest may be on its way", async () => {
    const { host, context } = await rightHost();
    host.addFile("/run/libvirt/qemu/third.xml", "<domstatus/>");
    await applyCommand(context, { ...applyOptions, given: given("libvirt:vm") });
    expect(codes((await auditCommand(context, { repair: false })).data)).toEqual([]);
  });
});
