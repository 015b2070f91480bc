import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { restoreCommand } from "../../src/commands/restore.ts";
import { setCommand } from "../../src/commands/set.ts";
import { confirmTrial, revertByTimer, revertTrial } from "../../src/commands/trialEnd.ts";
import { tryCommand } from "../../src/commands/try.ts";
import { CommandError, UserError } from "../../src/errors.ts";
import type { GivenDocument } from "../../src/store/documents.ts";
import type { Answer } from "../../src/system/system.ts";
import { type FakeSystem, Killed } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { canonicalJson } from "../support/ipJson.ts";

const units = "/etc/systemd/network/10-cloudbr0.network.d";
const owner = { runtime: false, live: true, reload: true };

function guest(name: string, mac: string, ...addresses: string[]): GivenDocument {
  const document = { version: 1, guests: [{ name, dev: "cloudbr0", mac, addresses }] };
  return { owner: name, source: `/root/${name}.json`, path: `/root/${name}.json`, text: JSON.stringify(document) };
}

const old = guest("web", "52:02:00:00:00:01", "2.57.57.41");
const tried = guest("web", "52:02:00:00:00:02", "2.57.57.41", "2.57.57.42");
const more = guest("more", "52:02:00:00:00:03", "2.57.57.43");

/** A host with one guest of the admin and one that was applied. */
async function host(): Promise<FakeSystem> {
  const made = hostOf(fixture("l3-guest"));
  made.begin();
  await applyCommand(await contextOf(made), { ...applyOptions, given: [old] });
  made.begin();
  return made;
}

/** A host where a timer of systemd can be had. */
async function hostWithSystemd(): Promise<FakeSystem> {
  const made = await host();
  made.addFile("/run/systemd/system/x", "");
  return made;
}

async function tryOn(made: FakeSystem, given = [tried, more], seconds = 60) {
  return tryCommand(await contextOf(made), { given, seconds });
}

const texts = (result: { messages: readonly { text: string }[] }) => result.messages.map(({ text }) => text).join("\n");

describe("try", () => {
  test("nobody confirms: the host is as before, to the byte", async () => {
    const made = await host();
    const before = stateOf(made);
    const result = await tryOn(made);
    expect(result).toMatchObject({ exitCode: 1, data: { state: "reverted", applied: { outcome: { refused: [] } } } });
    expect(result.text).toContain("~ neighbor 2.57.57.41");
    expect(texts(result)).toContain("not confirmed: what was tried is taken back");
    expect(stateOf(made)).toBe(before);
    expect(made.questions[0]).toMatch(/^done: .* ENTER keeps it, Ctrl-C takes it back; 60 s left$/);
    expect(made.questions).toHaveLength(240);
    await clean(made);
  });

  test("where no terminal shows the question, it is said while there is time how it is kept", async () => {
    const made = await host();
    const said: string[] = [];
    made.answers.push(() => {
      expect(said).toEqual(["tried for 60 s: netkeep confirm keeps it"]);
      return "no";
    });
    await tryCommand(await contextOf(made), { given: [tried], seconds: 60 }, ({ text }) => said.push(text));
    expect(said).toHaveLength(1);
  });

  test("the terminal is lost, and with it a program that netkeep waits for: taken back at once all the same", async () => {
    const made = await host();
    const before = stateOf(made);
    const { withLock } = made.system;
    let failures = 0;
    made.answers.push(() => {
      made.system.withLock = async (path, seconds, work) => {
        failures += 1;
        if (failures === 1) throw new CommandError("flock", "SIGHUP", "");
        return withLock(path, seconds, async () => {
          const done = await work();
          if (failures === 2) throw new CommandError("networkctl reload", "exit status 126", "");
          return done;
        });
      };
      return "no";
    });
    expect(await tryOn(made)).toMatchObject({ exitCode: 1 });
    expect(failures).toBe(3);
    expect(stateOf(made)).toBe(before);
    await clean(made);
  });

  test("ENTER keeps it: the host is as after apply", async () => {
    const applied = await host();
    await applyCommand(await contextOf(applied), { ...applyOptions, given: [tried, more] });
    const made = await host();
    made.answers.push(
      () => "later",
      () => "yes",
    );
    expect(await tryOn(made)).toMatchObject({ exitCode: 0, data: { state: "confirmed" } });
    expect(stateOf(made)).toBe(stateOf(applied));
    await clean(made);
  });

  test("while it lasts it is live, the audit agrees, and the documents on disk are as before", async () => {
    const made = await host();
    const stored = made.files.tree("/var", "/etc/netkeep");
    made.answers.push(async (): Promise<Answer> => {
      expect(made.kernel.routes.some(({ dst }) => dst === "2.57.57.42")).toBe(true);
      expect(made.files.text(`${units}/60-netkeep.conf`)).not.toContain("2.57.57.42");
      expect(made.files.tree("/var", "/etc/netkeep")).toEqual(stored);
      expect(await findings(made)).toMatchObject([{ code: "trial-pending", severity: "info" }]);
      await (await contextOf(made)).system.sleep(130_000);
      expect(await findings(made)).toMatchObject([{ code: "trial-pending", severity: "warning" }]);
      return "later";
    });
    await tryOn(made);
  });

  test("Ctrl-C and the loss of the terminal take it back at once", async () => {
    const made = await host();
    const before = stateOf(made);
    made.answers.push(() => "no");
    expect(await tryOn(made)).toMatchObject({ exitCode: 1 });
    expect(made.questions).toHaveLength(1);
    expect(stateOf(made)).toBe(before);
  });

  test("confirm and --revert from another terminal", async () => {
    const made = await host();
    made.answers.push(async (): Promise<Answer> => {
      expect(await confirmTrial(await contextOf(made))).toMatchObject({ exitCode: 0 });
      return "later";
    });
    const kept = await tryOn(made);
    expect(kept).toMatchObject({ exitCode: 0, data: { state: "confirmed" } });
    made.answers.push(async (): Promise<Answer> => {
      expect(await revertTrial(await contextOf(made), null)).toMatchObject({ exitCode: 1 });
      return "later";
    });
    expect(await tryOn(made, [guest("other", "52:02:00:00:00:09", "2.57.57.49")])).toMatchObject({ exitCode: 1 });
    await clean(made);
  });

  test("with nothing to confirm, that is said", async () => {
    const made = await host();
    const none = await confirmTrial(await contextOf(made));
    expect(none).toMatchObject({ exitCode: 1, data: { state: null } });
    expect(texts(none)).toBe("nothing is being tried");
    await tryOn(made);
    expect(texts(await confirmTrial(await contextOf(made)))).toBe("nothing is being tried; the last try was reverted");
  });

  test("a second try, apply and set of its owner have to wait; agents do not", async () => {
    const made = await host();
    made.answers.push(async (): Promise<Answer> => {
      const context = await contextOf(made);
      const busy = new UserError(
        75,
        "/root/web.json, /root/more.json is being tried, for 60 s more: netkeep confirm keeps it, netkeep try --revert takes it back",
      );
      await expect(tryOn(made, [more])).rejects.toThrow(busy);
      await expect(applyCommand(context, { ...applyOptions, given: [] })).rejects.toThrow(busy);
      await expect(setCommand(context, { ...more, source: "stdin" }, owner)).rejects.toMatchObject({ exitCode: 75 });
      const agent = guest("vm-1", "52:02:00:00:00:07", "2.57.57.47");
      expect(await setCommand(context, agent, owner)).toMatchObject({ exitCode: 0 });
      return "no";
    });
    expect(await tryOn(made)).toMatchObject({ exitCode: 1 });
    expect(made.files.text(`${units}/60-netkeep.conf`)).toContain("2.57.57.47");
    expect(made.files.text(`${units}/60-netkeep.conf`)).not.toContain("2.57.57.42");
    await clean(made);
    expect(await setCommand(await contextOf(made), guest("vm-1", "52:02:00:00:00:07"), owner)).toBeDefined();
    await clean(made);
  });

  test("a copy stands in for the admin's document, and is kept once the admin has put it there", async () => {
    const made = await host();
    const place = "/etc/netkeep/desired.d/i-2-10-VM.yaml";
    const copy = { ...guest("i-2-10-VM", "52:02:45:76:d2:35", "2.57.57.99"), path: "/root/i-2-10-VM.yaml" };
    const before = stateOf(made);
    made.answers.push(
      () => "yes",
      () => "no",
    );
    expect(await tryOn(made, [copy])).toMatchObject({ exitCode: 1 });
    expect(made.questions[1]).toContain(`first replace what it stands for: cp /root/i-2-10-VM.json ${place}`);
    expect(stateOf(made)).toBe(before);
    made.answers.push(() => {
      made.addFile(place, copy.text);
      return "yes";
    });
    expect(await tryOn(made, [copy])).toMatchObject({ exitCode: 0 });
    expect(made.files.text(`${units}/60-netkeep.conf`)).toMatch(/2\.57\.57\.99/);
    await clean(made);
    await expect(tryOn(made, [{ ...copy, path: place }])).rejects.toMatchObject({ exitCode: 64 });
  });

  test("a document that takes its owner away", async () => {
    const made = await host();
    const before = stateOf(made);
    const empty = { ...old, text: '{"version":1}' };
    made.answers.push(() => {
      expect(made.kernel.routes.some(({ dst }) => dst === "2.57.57.41")).toBe(false);
      return "no";
    });
    await tryOn(made, [empty]);
    expect(stateOf(made)).toBe(before);
    made.answers.push(() => "yes");
    expect(await tryOn(made, [empty])).toMatchObject({ exitCode: 0 });
    expect(made.files.text("/var/lib/netkeep/owners/web.json")).toBeNull();
    await clean(made);
  });

  test("what somebody else has set is not replaced, and bad documents change nothing", async () => {
    const made = await host();
    const line = "route replace 2.57.57.43/32 dev cloudbr0 proto 186 scope link";
    made.kernel.ip(["-force", "-batch", "-"], `${line}\n`);
    const before = stateOf(made);
    const refused = await tryOn(made, [more]);
    expect(refused).toMatchObject({ exitCode: 2, data: { state: "refused" } });
    expect(texts(refused)).toMatch(/2\.57\.57\.43.* is of somebody else, and what is tried must not replace it/);
    await expect(tryOn(made, [{ ...more, text: "{version: 2}" }])).rejects.toMatchObject({ exitCode: 65 });
    expect(stateOf(made)).toBe(before);
    expect(made.timers).toEqual([]);
  });

  test("what the kernel refuses is taken back at once", async () => {
    const made = await host();
    const before = stateOf(made);
    const hop = { version: 1, routes: [{ to: "100.64.0.0/24", via: "203.0.113.9", dev: "cloudbr0" }] };
    const result = await tryOn(made, [{ ...more, text: JSON.stringify(hop) }]);
    expect(result).toMatchObject({ exitCode: 2, data: { state: "reverted" } });
    expect(made.questions).toEqual([]);
    expect(stateOf(made)).toBe(before);
  });

  test("without a timer nothing is tried", async () => {
    const made = await hostWithSystemd();
    const before = stateOf(made);
    const undisturbed = await hostWithSystemd();
    await tryOn(undisturbed);
    const at = undisturbed.trace.findIndex((what) => what.startsWith("run systemd-run")) + 1;
    made.begin({ at, how: "fail" });
    await expect(tryOn(made)).rejects.toThrow(/^no timer to take it back, so nothing is tried: systemd-run/);
    expect(stateOf(made)).toBe(before);
  });
});

describe.each(["systemd", "no systemd"])("killed at every effect, with %s", (kind) => {
  const fresh = () => (kind === "systemd" ? hostWithSystemd() : host());

  test("the timer takes it back", async () => {
    const how = kind === "systemd" ? "kill" : "halfway";
    const undisturbed = await fresh();
    const before = stateOf(undisturbed);
    await tryOn(undisturbed, undefined, 1);
    const { effects, trace } = undisturbed;
    expect(trace.filter((what) => what.includes("--revert"))).toHaveLength(1);
    expect(effects).toBeGreaterThan(30);
    for (let at = 1; at <= effects; at++) {
      const made = await fresh();
      made.begin({ at, how });
      await tryOn(made, undefined, 1).catch((error) => {
        if (!(error instanceof Killed) && !(error instanceof UserError)) throw error;
      });
      const where = `${how} at ${at}: ${trace[at - 1]}`;
      made.begin();
      for (const [, id = ""] of made.timers) await revertByTimer(await contextOf(made), id);
      expect(stateOf(made), where).toBe(before);
      await clean(made, where);
    }
  });
});

describe("killed at every effect", () => {
  const fresh = hostWithSystemd;

  test("kill: a reboot takes it back, without the timer", async () => {
    const undisturbed = await fresh();
    const before = undisturbed.files.tree("/etc", "/var");
    await tryOn(undisturbed, undefined, 1);
    for (let at = 1; at <= undisturbed.effects; at++) {
      const made = await fresh();
      made.begin({ at, how: "kill" });
      await expect(tryOn(made, undefined, 1)).rejects.toThrow(Killed);
      for (const path of made.files.tree("/run").keys()) made.files.delete(path);
      made.begin();
      expect(await restoreCommand(await contextOf(made))).toMatchObject({ exitCode: 0 });
      expect(made.files.tree("/etc", "/var"), `${at}: ${undisturbed.trace[at - 1]}`).toEqual(before);
    }
  });

  test("killed while it is confirmed: it is kept or taken back as a whole", async () => {
    const [before, after] = [await fresh(), await fresh()];
    await applyCommand(await contextOf(after), { ...applyOptions, given: [tried, more] });
    const undisturbed = await fresh();
    undisturbed.answers.push(() => "yes");
    await tryOn(undisturbed);
    const ends = new Set<string>();
    for (let at = 1; at <= undisturbed.effects; at++) {
      const made = await fresh();
      made.answers.push(() => "yes");
      made.begin({ at, how: "kill" });
      await tryOn(made).catch((error) => expect(error).toBeInstanceOf(Killed));
      made.begin();
      for (const [, id = ""] of made.timers) await revertByTimer(await contextOf(made), id);
      await clean(made, `${at}: ${undisturbed.trace[at - 1]}`);
      ends.add(stateOf(made));
    }
    expect(ends).toContain(stateOf(before));
    expect(ends).toContain(stateOf(after));
  });
});

test("a reboot in the window: the boot writes what the documents say, whatever /run had", async () => {
  const made = await host();
  const files = made.files.tree("/etc", "/var");
  made.answers.push(() => {
    throw new Killed("power off");
  });
  await expect(tryOn(made)).rejects.toThrow(Killed);
  expect(made.files.tree("/etc", "/var")).not.toEqual(files);
  for (const path of made.files.tree("/run").keys()) made.files.delete(path);
  made.begin();
  expect(await restoreCommand(await contextOf(made))).toMatchObject({ exitCode: 0 });
  expect(made.files.tree("/etc", "/var")).toEqual(files);
});

test("a timer that is late takes back nothing that came after it", async () => {
  const made = await host();
  made.answers.push(() => "yes");
  await tryOn(made);
  made.begin();
  made.answers.push(async (): Promise<Answer> => {
    const [, id = ""] = made.timers[0] ?? [];
    expect(await revertByTimer(await contextOf(made), id)).toMatchObject({ exitCode: 0, text: "" });
    return "yes";
  });
  expect(await tryOn(made, [guest("other", "52:02:00:00:00:09", "2.57.57.49")])).toMatchObject({ exitCode: 0 });
});

async function findings(made: FakeSystem): Promise<unknown[]> {
  const { data } = await auditCommand(await contextOf(made), { repair: false });
  return (data as { findings: unknown[] }).findings;
}

async function clean(made: FakeSystem, where = ""): Promise<void> {
  const { exitCode, data } = await auditCommand(await contextOf(made), { repair: false });
  expect({ exitCode, findings: (data as { findings: unknown[] }).findings }, where).toEqual({
    exitCode: 0,
    findings: [],
  });
}

/** Files of documents and networkd, routes and neighbors; when a document was stored does not count. */
function stateOf(made: FakeSystem): string {
  const files = [...made.files.tree("/etc", "/run/systemd", "/var/lib/netkeep/owners")]
    // Half a file that was being written: networkd ignores it, and the next write sweeps it.
    .filter(([path]) => !path.endsWith(".tmp"))
    .map(([path, text]) => [path, text.replace(/"changed":\d+/, '"changed":0')]);
  const entries = [...made.kernel.routes, ...made.kernel.neighbors].map(canonicalJson).sort();
  return JSON.stringify({ files, entries }, null, 1);
}
