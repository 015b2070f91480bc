import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { historyCommand, historyDiffCommand, historyShowCommand } from "../../src/commands/history.ts";
import { rollbackCommand } from "../../src/commands/rollback.ts";
import { setCommand } from "../../src/commands/set.ts";
import { ownerFileName } from "../../src/desired/stored.ts";
import { UserError } from "../../src/errors.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import type { GivenDocument } from "../../src/store/documents.ts";
import { type FakeSystem, Killed, type Mishap } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { canonicalJson } from "../support/ipJson.ts";

const folder = "/var/lib/netkeep/generations";
const adminPath = "/etc/netkeep/desired.d/i-2-10-VM.yaml";

function guest(name: string, mac: string, ...addresses: string[]): GivenDocument {
  const document = { version: 1, guests: [{ name, dev: "cloudbr0", mac, addresses }] };
  return { owner: name, source: `${name}.json`, path: null, text: JSON.stringify(document) };
}

const web = (last: number) => guest("web", "52:02:00:00:00:01", `2.57.57.${last}`);
const agents = guest("vm-1", "52:02:00:00:00:07", "2.57.57.47");

async function apply(host: FakeSystem, ...given: GivenDocument[]) {
  host.begin();
  const generation = ["apply", ...given.map(({ source }) => source)].join(" ");
  return applyCommand(await contextOf(host), { ...applyOptions, given, generation });
}

async function rollback(
  host: FakeSystem,
  to: number | null = null,
  options: { dryRun?: boolean; force?: boolean } = {},
) {
  return rollbackCommand(await contextOf(host), { to, dryRun: false, force: false, ...options });
}

async function numbers(host: FakeSystem): Promise<string[]> {
  const { data } = await historyCommand(await contextOf(host));
  return outputSchemas.history.parse(data).generations.map(({ number, command }) => `${number} ${command}`);
}

/** A host with one guest of the admin, generation 1. */
async function host(): Promise<FakeSystem> {
  const made = hostOf(fixture("l3-guest"));
  // On a real host the directory stays when the last owner goes.
  made.addFile("/var/lib/netkeep/owners/.keep", "");
  await apply(made);
  return made;
}

describe("history", () => {
  test("a change of documents makes a generation, nothing else does", async () => {
    const made = await host();
    await apply(made);
    await apply(made, web(31));
    await apply(made, web(31));
    const options = { runtime: false, live: true, reload: true };
    await setCommand(await contextOf(made), agents, options);
    made.kernel.ip(["-force", "-batch", "-"], "route del 2.57.57.30/32 dev cloudbr0 proto 107 table 254 metric 0\n");
    await apply(made);
    await apply(made, web(32), guest("more", "52:02:00:00:00:02", "2.57.57.33"));
    const { text, data } = await historyCommand(await contextOf(made));
    expect(text).toBe(
      [
        "   1  5 min ago            +4 ~0 -0      apply: +i-2-10-VM",
        "   2  3 min ago            +2 ~0 -0      apply web.json: +web",
        "   3  under a minute ago   +4 ~0 -2      apply web.json more.json: ~web +more",
        "",
      ].join("\n"),
    );
    expect(outputSchemas.history.parse(data).generations[2]).toMatchObject({
      complete: true,
      files: ["/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf"],
    });
  });

  test("diff and show", async () => {
    const made = await host();
    await apply(made, web(31));
    await apply(made, web(32));
    const context = await contextOf(made);
    const diff = await historyDiffCommand(context, 2, 3);
    expect(diff.exitCode).toBe(1);
    expect(diff.text).toMatch(
      /^--- \/etc\/systemd\/[\s\S]*-Destination=2\.57\.57\.31\/32\n\+Destination=2\.57\.57\.32/m,
    );
    expect(diff.text).toMatch(
      /\+\+\+ \/var\/lib\/netkeep\/owners\/web\.json\n[\s\S]*- +"2\.57\.57\.31"\n\+ +"2\.57\.57\.32"/,
    );
    outputSchemas["history-diff"].parse(diff.data);
    expect((await historyDiffCommand(context, 3, 1)).text).toMatch(/\+\+\+ \/dev\/null/);
    expect(await historyDiffCommand(context, 3, 3)).toMatchObject({ exitCode: 0, text: "" });
    expect((await historyShowCommand(context, 1, adminPath)).text).toBe(made.files.text(adminPath));
    await expect(historyShowCommand(context, 1, "/etc/passwd")).rejects.toThrow(
      "generation 1 has nothing at /etc/passwd",
    );
    await expect(historyDiffCommand(context, 1, 9)).rejects.toThrow(
      new UserError(64, "there is no generation 9; known: 0 to 3"),
    );
  });

  test("the last 20 are kept, and half a generation is none", async () => {
    const made = await host();
    for (let last = 1; last <= 24; last++) await apply(made, web(100 + last));
    expect(made.files.list(folder)).toHaveLength(20);
    expect((await numbers(made)).at(0)).toBe("6 apply web.json");
    made.addFile(`${folder}/00000026.json.gz`, '{"netkeep":1,"number":26');
    expect((await numbers(made)).at(-1)).toBe("25 apply web.json");
    expect(await rollback(made, 5)).toMatchObject({ exitCode: 0 });
    expect(made.files.text("/var/lib/netkeep/owners/web.json")).toContain("2.57.57.104");
    await expect(rollback(made, 4)).rejects.toMatchObject({ exitCode: 64 });
  });
});

describe("rollback", () => {
  test("of the first generation: the admin's documents are not the past's, which is said", async () => {
    const made = await host();
    await expect(rollback(made)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`${adminPath} was not there in generation 0; take it away: rm ${adminPath}`),
    });
  });

  test("to before all that is kept: not to know what was there is not to have put it back", async () => {
    const made = await host();
    for (let count = 1; count <= 21; count++) {
      made.addFile(adminPath, `version: 1\n# ${count}\n`);
      await apply(made);
    }
    await expect(rollback(made, 2)).rejects.toThrow(
      "what /etc/netkeep/desired.d held before generation 3 is not kept any more",
    );
  });

  test("to the one before, and back again; what an agent has said meanwhile stays", async () => {
    const made = await host();
    await apply(made, web(31));
    const before = stateOf(made);
    await apply(made, web(32), guest("more", "52:02:00:00:00:02", "2.57.57.33"));
    const after = stateOf(made);
    const plan = await rollback(made, null, { dryRun: true });
    expect(plan).toMatchObject({ exitCode: 1, text: expect.stringContaining("+ route 2.57.57.31/32") });
    expect(stateOf(made)).toBe(after);
    expect(await rollback(made)).toMatchObject({ exitCode: 0, text: expect.stringContaining("- route 2.57.57.33/32") });
    expect(stateOf(made)).toBe(before);
    await setCommand(await contextOf(made), agents, { runtime: true, live: true, reload: true });
    expect(await rollback(made)).toMatchObject({ exitCode: 0 });
    expect(await numbers(made)).toEqual([
      "1 apply",
      "2 apply web.json",
      "3 apply web.json more.json",
      "4 rollback 2",
      "5 rollback 3",
    ]);
    expect(await rollback(made, 0, { force: true })).toMatchObject({ exitCode: 0 });
    expect(made.files.list("/var/lib/netkeep/owners")).toEqual([".keep"]);
    expect(made.files.text(`/run/netkeep/owners/${ownerFileName("vm-1")}`)).not.toBeNull();
    const { data } = await auditCommand(await contextOf(made), { repair: false });
    expect(data).toMatchObject({ exitCode: 0 });
  });

  test("documents of the administrator are theirs: it says how to put them back, and does not without", async () => {
    const made = await host();
    const old = made.files.text(adminPath) ?? "";
    made.addFile(adminPath, old.replace("2.57.57.30", "2.57.57.39"));
    made.addFile("/etc/netkeep/desired.d/new.yaml", "version: 1\nroutes: [{ to: 100.64.7.1, dev: cloudbr0 }]\n");
    await apply(made);
    const before = stateOf(made);
    const refused = await rollback(made).catch((error) => error);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.message).toContain(`put it back: netkeep history show 1 ${adminPath} >`);
    expect(refused.message).toContain(
      "new.yaml was not there in generation 1; take it away: rm /etc/netkeep/desired.d/new.yaml",
    );
    expect(stateOf(made)).toBe(before);
    made.addFile(adminPath, (await historyShowCommand(await contextOf(made), 1, adminPath)).text);
    made.files.delete("/etc/netkeep/desired.d/new.yaml");
    expect(await rollback(made)).toMatchObject({ exitCode: 0 });
    expect(made.files.text("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf")).not.toMatch(
      /2\.57\.57\.39|100\.64\.7\.1/,
    );
  });

  test("what somebody else has changed since is not overwritten without --force", async () => {
    const made = await host();
    await apply(made, web(31));
    await apply(made, web(32));
    await setCommand(await contextOf(made), web(33), { runtime: false, live: true, reload: true });
    await expect(rollback(made)).rejects.toThrow(
      "the document of web was changed since by somebody else, such as netkeep set",
    );
    expect(await rollback(made, null, { force: true })).toMatchObject({ exitCode: 0 });
    expect(made.files.text("/var/lib/netkeep/owners/web.json")).toContain("2.57.57.31");
  });

  test("what took over entries of others is not taken back without --force", async () => {
    const made = await host();
    made.kernel.ip(["-force", "-batch", "-"], "route replace 2.57.57.31/32 dev cloudbr0 proto 186 scope link\n");
    await apply(made, web(31));
    await expect(rollback(made)).rejects.toThrow(
      "generation 2 (apply web.json) took over entries of others: going back deletes them",
    );
  });

  test("records of guests are in no generation", async () => {
    const made = await host();
    const owner = "cloudstack:cloudbr0:52:02:00:00:00:01";
    await apply(made, { ...web(31), owner }, { ...web(32), owner: "web2", persistence: "runtime" });
    expect(await numbers(made)).toEqual(["1 apply"]);
  });

  test("with nothing to go back to", async () => {
    const made = hostOf(fixture("l3-guest"));
    expect((await historyCommand(await contextOf(made))).text).toBe("");
    await expect(rollback(made)).rejects.toThrow(new UserError(64, "there is no generation to go back to"));
  });
});

describe.each(["kill", "halfway", "fail"] as const)("%s at every effect", (how) => {
  async function disturbed(work: (made: FakeSystem) => Promise<unknown>, mishap: Mishap | null) {
    const made = await host();
    await apply(made, web(31));
    made.begin(mishap);
    await work(made).catch((error) => {
      if (!(error instanceof Killed || error instanceof UserError)) throw error;
    });
    const { effects, trace } = made;
    made.begin();
    return { made, effects, trace: [...trace] };
  }

  test("apply and again: one generation, whole, and its rollback leads to where it was", async () => {
    const before = await host();
    await apply(before, web(31));
    const command = async (made: FakeSystem) =>
      applyCommand(await contextOf(made), { ...applyOptions, given: [web(32)], generation: "apply web.json" });
    const { effects, trace } = await disturbed(command, null);
    for (let at = 1; at <= effects; at++) {
      const { made } = await disturbed(command, { at, how });
      await apply(made, web(32));
      const { data } = await historyCommand(await contextOf(made));
      const rows = outputSchemas.history.parse(data).generations;
      const where = `${at}: ${trace[at - 1]}`;
      expect(
        rows.map(({ number, complete }) => `${number} ${complete}`),
        where,
      ).toEqual(["1 true", "2 true", "3 true"]);
      await rollback(made);
      expect(stateOf(made), where).toBe(stateOf(before));
    }
  });

  test("rollback and again to the same generation", async () => {
    const before = await host();
    const command = (made: FakeSystem) => rollback(made, 1);
    const { effects, trace } = await disturbed(command, null);
    for (let at = 1; at <= effects; at++) {
      const { made } = await disturbed(command, { at, how });
      expect(await rollback(made, 1), `${at}: ${trace[at - 1]}`).toMatchObject({ exitCode: 0 });
      expect(stateOf(made), `${at}: ${trace[at - 1]}`).toBe(stateOf(before));
    }
  });
});

/** Files of documents and networkd, routes and neighbors; when a document was stored does not count. */
function stateOf(made: FakeSystem): string {
  const files = [...made.files.tree("/etc", "/run/systemd", "/var/lib/netkeep/owners")]
    .filter(([path]) => !path.endsWith(".tmp"))
    .map(([path, text]) => [path, text.replace(/"changed":\d+/, '"changed":0')]);
  const entries = [...made.kernel.routes, ...made.kernel.neighbors].map(canonicalJson).sort();
  return JSON.stringify({ files, entries }, null, 1);
}
