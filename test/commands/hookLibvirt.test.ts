import { describe, expect, test } from "vitest";
import { libvirtCall } from "../../src/commands/hook/hookLibvirt.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { showCommand } from "../../src/commands/show.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const options = { live: true, reload: true, strict: false, wait: true };
const guest = "i-2-11-VM";

async function host() {
  const made = hostOf(fixture("l3-guest"));
  made.begin(null);
  return { made, context: await contextOf(made) };
}

function domain(name = guest, ...addresses: string[]): string {
  const parameters = addresses.map(
    (address) => `<parameter name="${address.includes(":") ? "IPV6" : "IP"}" value="${address}"/>`,
  );
  return `<domain type="kvm"><name>${name}</name><devices><interface type="bridge"><mac address="52:02:00:00:00:11"/>
    <source bridge="cloudbr0"/><filterref filter="clean-traffic">${parameters.join("")}</filterref></interface></devices></domain>`;
}

const xml = domain(guest, "2.57.57.31", "2001:678:3a4:100::81");
const call = (context: Awaited<ReturnType<typeof contextOf>>, event: string, text = xml, more = {}) =>
  runHook(
    context,
    libvirtCall(context, [guest, ...event.split(" ")], async () => text, { ...options, ...more }),
  );
const shown = async (context: Awaited<ReturnType<typeof contextOf>>) => (await showCommand(context, null)).text;

describe("hook libvirt", () => {
  test.each(["start begin -", "started begin -", "reconnect begin -", "attach begin -"])(
    "%s sets the guest's entries",
    async (event) => {
      const { made, context } = await host();
      expect(await call(context, event)).toMatchObject({ exitCode: 0, text: "" });
      expect(await shown(context)).toMatch(/libvirt:i-2-11-VM +runtime, 4 entries/);
      expect(made.files.text("/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf")).toContain(
        "2.57.57.31/32",
      );
    },
  );

  test.each(["stopped end -", "release end migrated", "release end failed", "release end from snapshot"])(
    "%s takes them away",
    async (event) => {
      const { context } = await host();
      await call(context, "started begin -");
      const [operation = "", sub = "", ...reason] = event.split(" ");
      const result = await runHook(
        context,
        libvirtCall(context, [guest, operation, sub, reason.join(" ")], async () => "", options),
      );
      expect(result).toMatchObject({ exitCode: 0, text: "" });
      expect(await shown(context)).not.toContain("libvirt:");
    },
  );

  test("a whole life is idempotent: what follows another event of its kind changes nothing", async () => {
    const { made, context } = await host();
    for (const event of ["prepare begin -", "start begin -"]) await call(context, event);
    const before = made.files.tree("/etc", "/run");
    expect((await call(context, "started begin -")).messages.at(-1)?.text).toBe("nothing to do");
    expect(made.files.tree("/etc", "/run")).toEqual(before);
    await call(context, "stopped end -");
    expect((await call(context, "release end shutdown")).messages.at(-1)?.text).toBe("nothing to do");
  });

  test.each([
    ["prepare begin -"],
    ["migrate begin -"],
    ["restore begin -"],
    ["frob begin -"],
    ["start end -"],
    ["start begin"],
    ["start begin - -"],
    [""],
  ])("%j does nothing and does not read the XML", async (event) => {
    const { context } = await host();
    const unread = async () => expect.unreachable("the XML was read");
    const result = await runHook(
      context,
      libvirtCall(context, [guest, ...event.split(" ")], unread, { ...options, strict: true, wait: true }),
    );
    expect(result).toMatchObject({ exitCode: 0, text: "", messages: [] });
  });

  test.each([
    ["an empty XML", "", "the XML is empty"],
    ["an XML of another guest", domain("other", "2.57.57.31"), 'is of "other", not of "i-2-11-VM"'],
    ["an address of the host", domain(guest, "169.254.0.1"), "is an address of this host"],
  ])("%s: a message, exit 0, and what is recorded stays", async (_, text, message) => {
    const { context } = await host();
    await call(context, "started begin -");
    const result = await call(context, "started begin -", text);
    expect(result).toMatchObject({
      exitCode: 0,
      text: "",
      messages: [{ level: "error", text: expect.stringContaining(message) }],
    });
    expect(await shown(context)).toContain("route 2.57.57.31/32");
    const strict = await call(context, "started begin -", text, { strict: true, wait: true });
    expect(strict).toMatchObject({ exitCode: 65, messages: [{ text: expect.stringContaining(message) }] });
    expect(await call(context, "reconnect begin -", text, { strict: true, wait: true })).toMatchObject({ exitCode: 0 });
  });

  test("a guest without addresses in its XML has them in its file, which is checked", async () => {
    const { made, context } = await host();
    expect((await call(context, "started begin -", domain())).messages).toEqual([]);
    const path = "/etc/netkeep/guests.d/i-2-11-VM.yaml";
    made.addFile(
      path,
      "version: 1\nguests: [{name: g, dev: cloudbr0, mac: 52:02:00:00:00:11, addresses: [2.57.57.77]}]\n",
    );
    await call(context, "started begin -", domain());
    expect(await shown(context)).toContain("route 2.57.57.77/32");
    made.addFile(path, "version: 1\nguest: []\n");
    expect((await call(context, "started begin -", domain())).messages[0]?.text).toBe(`${path}: unknown key`);
  });
});
