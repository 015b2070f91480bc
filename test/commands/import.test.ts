import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { cloudstackCall } from "../../src/commands/hook/hookCloudstack.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { importCommand } from "../../src/commands/import.ts";
import { showCommand } from "../../src/commands/show.ts";
import { makeHost } from "../support/fakeSystem.ts";
import { applyOptions, contextOf } from "../support/fixture.ts";
import { grownHost } from "../support/grownHost.ts";

const plain = { links: [] as string[], all: false, files: false, adopt: false, dryRun: false, agent: "cloudstack" };
const all = { ...plain, all: true };
const adopt = { ...all, adopt: true };
const texts = ({ messages }: { messages: readonly { level: string; text: string }[] }) =>
  messages.map(({ level, text }) => `${level}: ${text}\n`).join("");

/** Of a hand: to a table on one link, of a link that there is not, to a table without routes. */
const handRules = [
  { priority: 3200, src: "192.0.2.0", srclen: 24, table: "100", protocol: "0" },
  { priority: 3201, src: "all", iif: "cloudbr7", iif_detached: null, table: "5", protocol: "0" },
  { priority: 3202, src: "203.0.113.0", srclen: 24, table: "9", protocol: "0" },
];

describe("netkeep import", () => {
  test("of a host that grew by hand: the document, and what was left out", async () => {
    const { made, context } = await grownHost();
    for (const rule of handRules) made.kernel.rules.set(rule, false);
    const result = await importCommand(context, all);
    expect(result.exitCode).toBe(0);
    await expect(result.text).toMatchFileSnapshot("../import/expected/all.yaml");
    await expect(texts(result)).toMatchFileSnapshot("../import/expected/all.txt");
    expect(made.trace.filter((what) => what.startsWith("write") || what.includes("-batch"))).toEqual([]);
  });

  test("--files adds what files say, and names where it has to be taken out", async () => {
    const { context } = await grownHost();
    const result = await importCommand(context, { ...plain, links: ["cloudbr1"], files: true });
    expect(result.text).toContain(
      "#   /etc/systemd/network/10-cloudbr1.network.d/20-hand.conf:2: [Route] Destination=10.67.0.0/16",
    );
    expect(result.data).toMatchObject({
      routes: expect.arrayContaining([{ to: "10.67.0.0/16", via: "192.0.2.66", dev: "cloudbr1", mtu: 1400 }]),
    });
    expect(JSON.stringify(result.data)).not.toContain("10.68.0.0");
    expect(texts(result)).toMatch(/20-hand\.conf:7: a document has no words for QuickAck=yes/);
    expect(texts(result)).toMatch(/20-hand\.conf:12: a document has no words for a rule without Priority=/);
    expect(texts(result)).not.toContain("stays the administrator's");
  });

  test("of one link says nothing of others, but of rules that may concern it", async () => {
    const { made, context } = await grownHost();
    for (const rule of handRules) made.kernel.rules.set(rule, false);
    const result = await importCommand(context, { ...plain, links: ["cloudbr0"] });
    expect(result.text).not.toMatch(/dev: cloudbr1$/m);
    expect(texts(result)).toContain(
      'left out: policy rule from 203.0.113.0/24 lookup 9 priority 3202: no route tells its link; in a document "dev" has to',
    );
    expect(texts(result)).not.toContain("cloudbr7");
  });

  test("of a link with nothing prints a document that asks for nothing", async () => {
    const { context } = await grownHost();
    const result = await importCommand(context, { ...plain, links: ["port0"] });
    expect(result).toMatchObject({ exitCode: 0, data: { version: 1 }, messages: [{ text: "nothing to import" }] });
  });

  test.each([
    [{ ...plain }, /name the links/],
    [{ ...all, links: ["cloudbr0"] }, /leave the names out/],
    [{ ...all, dryRun: true }, /goes with --adopt/],
    [{ ...adopt, files: true }, /does not go with --adopt/],
    [{ ...plain, links: ["cloudbr0", "br9"] }, /there is no link br9/],
  ])("%j is refused", async (options, message) => {
    const { context } = await grownHost();
    await expect(importCommand(context, options)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringMatching(message),
    });
  });

  test("with --root there is nothing to import", async () => {
    const offline = await contextOf(
      makeHost({ ip: { route4: [], route6: [], neigh: [], address: [] }, networkd: null, offline: true }),
    );
    await expect(importCommand(offline, all)).rejects.toMatchObject({ exitCode: 64 });
  });
});

describe("netkeep import --adopt", () => {
  test.each([252, 257])("on networkd %i takes over by replacing only, and the audit is content", async (version) => {
    const { made, context } = await grownHost(version);
    // 252 would delete it, whatever it is told.
    made.kernel.dropRoutes(({ nhid }) => nhid !== undefined && version < 257);
    const before = made.kernel.routes.map(({ dst }) => dst).sort();
    const result = await importCommand(context, adopt);
    expect(result, texts(result)).toMatchObject({ exitCode: 0 });
    expect(made.kernel.lines.filter((line) => / del /.test(line))).toEqual([]);
    expect(made.kernel.routes.map(({ dst }) => dst).sort()).toEqual(expect.arrayContaining(before));
    const audit = await auditCommand(context, { repair: false });
    expect(audit.exitCode).toBe(0);
    // What import leaves out is in danger on 252, and set again.
    const codes = (audit.data as { findings: { code: string }[] }).findings.map(({ code }) => code);
    expect(codes).toEqual(version < 257 ? ["foreign-at-risk", "foreign-at-risk"] : []);
    const again = await importCommand(context, adopt);
    expect(again).toMatchObject({ exitCode: 0, text: "" });
    expect(texts(again)).toContain("nothing to take over");
  });

  test("on 252 a route with a nexthop object is in danger, so nothing is changed", async () => {
    const { made, context } = await grownHost(252);
    const result = await importCommand(context, adopt);
    expect(texts(result)).toMatch(/198\.51\.100\.4\/32 via 192\.0\.2\.9/);
    expect(texts(result)).toContain("nothing was changed");
    expect(texts(result)).toContain("netkeep import takes over only what nobody looks after");
    expect(made.kernel.lines).toEqual([]);
  });

  test("guests get the owners that the agent's next call meets, the rest another one", async () => {
    const { made, context } = await grownHost();
    await importCommand(context, adopt);
    const shown = (await showCommand(context, null)).text;
    expect(shown).toContain("cloudstack:cloudbr0:52:02:45:76:d2:35  runtime, 6 entries");
    expect(shown).toContain("imported  persistent, 10 entries");
    const guest = ["-b", "cloudbr0", "-m", "52:02:45:76:d2:35"];
    const options = { live: true, reload: true, strict: true, wait: true };
    await runHook(context, cloudstackCall(context, ["-o", "delete", ...guest], options));
    const left = JSON.stringify([...made.kernel.routes, ...made.kernel.neighbors]);
    expect(left).not.toMatch(/2\.57\.57\.30|100::80|fe80::5002/);
    expect(left).toMatch(/2\.57\.57\.40/);
  });

  test("--agent libvirt: the owners of running domains, by MAC; other guests are imported", async () => {
    const { made, context } = await grownHost();
    const domain = `<domain type='kvm' id='1'><name>web 1</name><devices><interface type='bridge'>
      <mac address='52:02:45:76:D2:40'/><source bridge='cloudbr0'/></interface></devices></domain>`;
    made.addFile("/run/libvirt/qemu/web.xml", `<!-- state -->\n<domstatus state='running'>\n${domain}\n</domstatus>\n`);
    made.addFile("/run/libvirt/qemu/broken.xml", "<domstatus>");
    made.addFile("/run/libvirt/qemu/web.pid", "1");
    const result = await importCommand(context, { ...adopt, agent: "libvirt" });
    expect(result, texts(result)).toMatchObject({ exitCode: 0 });
    const shown = (await showCommand(context, null)).text;
    expect(shown).toContain("libvirt:web 1  runtime, 2 entries");
    expect(shown).toContain("imported  persistent, 14 entries");
    expect((await auditCommand(context, { repair: false })).text).toBe("");
  });

  test("--agent none: one owner for all", async () => {
    const { context } = await grownHost();
    await importCommand(context, { ...adopt, agent: "none" });
    expect((await showCommand(context, null)).text.match(/^\S.*entries/gm)).toEqual([
      "imported  persistent, 16 entries",
    ]);
  });

  test("HookPersistence= counts for the guests", async () => {
    const { context } = await grownHost(257, "HookPersistence=persistent");
    await importCommand(context, adopt);
    expect((await showCommand(context, null)).text).toContain(
      "cloudstack:cloudbr0:52:02:45:76:d2:35  persistent, 6 entries",
    );
  });

  test("later it adds to what was imported before, and to a guest's record", async () => {
    const { made, context } = await grownHost();
    await importCommand(context, adopt);
    made.kernel.setRoute({ dst: "10.5.0.0/16", gateway: "192.0.2.5", dev: "cloudbr1", protocol: "3", flags: [] });
    made.kernel.setRoute({ dst: "2.57.57.31", dev: "cloudbr0", protocol: "3", scope: "253", flags: [] });
    made.kernel.setNeighbor({ dst: "2.57.57.31", dev: "cloudbr0", lladdr: "52:02:45:76:d2:35", state: ["PERMANENT"] });
    expect(await importCommand(context, adopt)).toMatchObject({ exitCode: 0 });
    const shown = (await showCommand(context, null)).text;
    expect(shown).toContain("cloudstack:cloudbr0:52:02:45:76:d2:35  runtime, 8 entries");
    expect(shown).toContain("imported  persistent, 11 entries");
  });

  test("what stands in files of others is neither doubled nor taken", async () => {
    const { made, context } = await grownHost();
    await importCommand(context, adopt);
    const ours = made.files.text("/etc/systemd/network/10-cloudbr1.network.d/60-netkeep.conf") ?? "";
    expect(ours).toContain("2001:db8:100::/64");
    expect(ours).not.toMatch(/10\.6[678]\./);
    expect(made.kernel.routes.find(({ dst }) => dst === "10.66.0.0/16")).toMatchObject({ protocol: "4" });
  });

  test("--dry-run changes nothing and exits with 1, as a plan does", async () => {
    const { made, context } = await grownHost();
    const result = await importCommand(context, { ...adopt, dryRun: true });
    expect(result.exitCode).toBe(1);
    expect(result.text).toContain("~ route 2.57.57.30/32 dev cloudbr0 proto 107 scope link (was");
    expect(made.kernel.lines).toEqual([]);
  });

  test("the printed document does the same in the admin's hands", async () => {
    const { made, context } = await grownHost();
    made.addFile("/etc/netkeep/desired.d/host.yaml", (await importCommand(context, all)).text);
    const result = await applyCommand(context, { ...applyOptions, given: [] });
    expect(result, texts(result)).toMatchObject({ exitCode: 0 });
    expect((await auditCommand(context, { repair: false })).text).toBe("");
  });
});
