import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { setCommand, unsetCommand } from "../../src/commands/set.ts";
import { showCommand } from "../../src/commands/show.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const options = { runtime: false, live: true, reload: true };
const dropIn = "/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf";
const nasty = [
  "../../etc/passwd",
  "a\n[Route]\nDestination=0.0.0.0/0",
  "]",
  "# netkeep end",
  ".",
  "ä\ud800",
  "\u001b[31m",
];

/** A host with a base file for cloudbr0 and one guest of the admin. */
async function host() {
  const made = hostOf(fixture("l3-guest"));
  made.begin(null);
  return { made, context: await contextOf(made) };
}

function guest(owner: string, mac: string, ...addresses: string[]) {
  const document = { version: 1, guests: [{ name: "guest", dev: "cloudbr0", mac, addresses }] };
  return { owner, source: "stdin", path: null, text: JSON.stringify(document) };
}

async function entries(context: Awaited<ReturnType<typeof contextOf>>): Promise<string> {
  return (await showCommand(context, null)).text;
}

describe("set and unset", () => {
  test("an owner's entries come and go, and those of others stay", async () => {
    const { made, context } = await host();
    const set = await setCommand(context, guest("vm-1", "52:02:00:00:00:01", "2.57.57.31"), options);
    expect(set).toMatchObject({ exitCode: 0, text: expect.stringContaining("+ route 2.57.57.31/32") });
    expect(made.files.text(dropIn)).toMatch(/owner=i-2-10-VM [\s\S]*owner=vm-1 /);
    const gone = await unsetCommand(context, ["vm-1"], options);
    expect(gone).toMatchObject({ exitCode: 0, text: expect.stringContaining("- route 2.57.57.31/32") });
    expect(gone.text).not.toContain("2.57.57.30");
    expect((await auditCommand(context, { repair: false })).data).toMatchObject({ findings: [] });
  });

  test.each([
    ["networkd", "; it was left out of the drop-in"],
    ["live", ""],
  ])("mode %s: what the kernel refuses is told, with a drop-in only where there is one", async (mode, left) => {
    const { made, context } = await host();
    made.addFile("/etc/netkeep/desired.d/mode.yaml", `version: 1\nlinks:\n  cloudbr0: { mode: ${mode} }\n`);
    const routes = [{ to: "203.0.113.0/24", via: "198.18.9.9", dev: "cloudbr0" }];
    const document = { owner: "o", source: "stdin", path: null, text: JSON.stringify({ version: 1, routes }) };
    const { messages } = await setCommand(context, document, options);
    expect(messages.filter(({ level }) => level === "error").map(({ text }) => text)).toEqual([
      expect.stringMatching(new RegExp(`^the kernel refuses route 203\\.0\\.113\\.0/24 .* of o: [^;]*${left}$`)),
    ]);
  });

  test("both are idempotent, and an unknown owner is no error", async () => {
    const { context } = await host();
    const document = guest("vm-1", "52:02:00:00:00:01", "2.57.57.31");
    await setCommand(context, document, options);
    const again = await setCommand(context, document, options);
    expect(again.messages.at(-1)?.text).toBe("nothing to do");
    await unsetCommand(context, ["vm-1"], options);
    expect((await unsetCommand(context, ["vm-1", "nosuch"], options)).messages.at(-1)?.text).toBe("nothing to do");
  });

  test("an entry that two owners want outlives one of them", async () => {
    const { context } = await host();
    for (const owner of ["vm-1", "vm-2"])
      await setCommand(context, guest(owner, "52:02:00:00:00:01", "2.57.57.31"), options);
    expect((await unsetCommand(context, ["vm-1"], options)).text).toBe("");
    expect((await unsetCommand(context, ["vm-2"], options)).text).toContain("- neighbor 2.57.57.31");
  });

  test("the newest owner wins a conflict, the loser is told of, and comes back", async () => {
    const { context } = await host();
    await setCommand(context, guest("old", "52:02:00:00:00:01", "2.57.57.31"), options);
    const won = await setCommand(context, guest("new", "52:02:00:00:00:02", "2.57.57.31"), options);
    expect(won).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining("~ neighbor 2.57.57.31 lladdr 52:02:00:00:00:02"),
    });
    expect(won.messages.map(({ text }) => text).join("\n")).toContain("the newer one, of new, is used");
    const audit = await auditCommand(context, { repair: false });
    expect(audit).toMatchObject({ exitCode: 1, data: { findings: [{ code: "conflict", owner: "old" }] } });
    // The loser asks again, with the same words: now it is the newest.
    const again = await setCommand(context, guest("old", "52:02:00:00:00:01", "2.57.57.31"), options);
    expect(again.text).toContain("~ neighbor 2.57.57.31 lladdr 52:02:00:00:00:01");
    await setCommand(context, guest("new", "52:02:00:00:00:02", "2.57.57.31"), options);
    const back = await unsetCommand(context, ["new"], options);
    expect(back.text).toContain("~ neighbor 2.57.57.31 lladdr 52:02:00:00:00:01");
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
  });

  test("a broken document of the host costs only itself: what its drop-in says stays", async () => {
    const { made, context } = await host();
    await setCommand(context, guest("vm-1", "52:02:00:00:00:01", "2.57.57.31"), options);
    made.addFile("/etc/netkeep/desired.d/i-2-10-VM.yaml", "version: [");
    made.addFile("/var/lib/netkeep/owners/vm\\x2d1.json", "{");
    const set = await setCommand(context, guest("vm-2", "52:02:00:00:00:02", "2.57.57.32"), options);
    expect(set).toMatchObject({ exitCode: 0, text: expect.not.stringContaining("- ") });
    expect(await entries(context)).toMatch(/2\.57\.57\.30[\s\S]*2\.57\.57\.31[\s\S]*2\.57\.57\.32/);
    const codes = (await auditCommand(context, { repair: false })).data as { findings: { code: string }[] };
    expect(codes.findings.map(({ code }) => code)).toEqual(["document-broken", "document-broken"]);
  });

  test("a foreign neighbor in the way is replaced: a guest that starts must work", async () => {
    const made = hostOf(fixture("foreign-in-the-way"));
    made.begin(null);
    const set = await setCommand(await contextOf(made), guest("vm-1", "52:02:00:00:00:01", "2.57.57.30"), options);
    expect(set.text).toMatch(/~ neighbor 2\.57\.57\.30 lladdr 52:02:00:00:00:01/);
  });

  test.each(nasty)("the owner id %j cannot leave its place, and does not show as it is", async (owner) => {
    const { made, context } = await host();
    expect((await setCommand(context, guest(owner, "52:02:00:00:00:01", "2.57.57.31"), options)).exitCode).toBe(0);
    const stored = [...made.files.tree("/var/lib/netkeep").keys()];
    expect(stored).toEqual([expect.stringMatching(/^\/var\/lib\/netkeep\/owners\/[A-Za-z0-9:_.\\-]+\.json$/)]);
    expect(made.files.text(dropIn)?.match(/^\[/gm)).toHaveLength(6);
    expect(await entries(context)).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect((await unsetCommand(context, [owner], options)).text).toContain("- route 2.57.57.31/32");
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
  });

  test.each([
    ["", "an owner needs a name"],
    ["x".repeat(231), "too long for a file name"],
    ["ä".repeat(30), "too long for a file name"],
    ["i-2-10-VM", "is a document of the admin"],
  ])("owner id %j is refused", async (owner, message) => {
    const { context } = await host();
    await expect(setCommand(context, guest(owner, "52:02:00:00:00:01", "2.57.57.31"), options)).rejects.toThrow(
      message,
    );
  });
});
