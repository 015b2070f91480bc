import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { watchCommand } from "../../src/commands/watch.ts";
import type { Message } from "../../src/result.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { FakeWatching, type Happening } from "../support/fakeWatching.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const guest = "2.57.57.30";
const lost = `[ROUTE]Deleted ${guest} dev cloudbr0 table 254 proto 107 scope 253`;

/** Lets a watch run for so many milliseconds. */
async function watch(host: FakeSystem, lasts: number, story: readonly Happening[]) {
  const said: (Message & { at: number })[] = [];
  const watching = new FakeWatching(host, lasts, story);
  await watchCommand(await contextOf(host), watching, (message) => {
    said.push({ ...message, at: watching.time });
    // Time stands still while it works: one that never waits would never end.
    if (said.length > 100) watching.ending = true;
  });
  return {
    said,
    texts: said.map(({ text }) => text),
    status: watching.notified.filter((text) => /^STATUS=/.test(text)),
  };
}

async function healthyHost(): Promise<FakeSystem> {
  const host = hostOf(fixture("l3-guest"));
  host.begin();
  await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  return host;
}

const hasRoute = (host: FakeSystem) => host.kernel.routes.some(({ dst }) => dst === guest);
const loseRoute = (host: FakeSystem) => () => {
  host.kernel.ip(["-force", "-batch", "-"], `route del ${guest}/32 dev cloudbr0 table 254 proto 107 metric 0\n`);
  expect(hasRoute(host)).toBe(false);
};

describe("netkeep watch", () => {
  test("what the kernel says was lost is set again", async () => {
    const host = await healthyHost();
    const { texts, status } = await watch(host, 2000, [
      [1000, loseRoute(host)],
      [1000, (watching) => watching.line(lost)],
    ]);
    expect(hasRoute(host)).toBe(true);
    expect(status.at(-1)).toBe("STATUS=as desired");
    expect(texts).toEqual([
      "watching: as desired",
      expect.stringContaining(`set again: route ${guest}/32 dev cloudbr0`),
    ]);
  });

  test.each<[string, (watching: FakeWatching) => void, number, boolean]>([
    [
      "when the kernel has dropped events",
      (watching) => watching.complaint("netlink receive error No buffer space available (105)"),
      6000,
      true,
    ],
    ["when networkd has set up a link", (watching) => watching.change("/run/systemd/netif/links/4"), 6000, true],
    ["not with a file of no meaning", (watching) => watching.change("/etc/netkeep/netkeep.conf"), 6000, false],
    ["with the next full look", () => undefined, 95_000, true],
  ])("what is lost without a word comes back %s", async (_, happens, by, back) => {
    const host = await healthyHost();
    await watch(host, by, [
      [3000, loseRoute(host)],
      [3000, happens],
    ]);
    expect(hasRoute(host)).toBe(back);
  });

  test("what is lost while it is at work is judged right after", async () => {
    const host = await healthyHost();
    const { withLock } = host.system;
    const lose = loseRoute(host);
    let during: FakeWatching | null = null;
    let losses = 0;
    host.system.withLock = async (path, seconds, work) => {
      const result = await withLock(path, seconds, work);
      if (losses++ === 0) {
        lose();
        during?.line(lost);
      }
      return result;
    };
    await watch(host, 3000, [
      [
        900,
        (watching) => {
          during = watching;
          lose();
        },
      ],
      [1000, (watching) => watching.line(lost)],
    ]);
    expect(losses).toBeGreaterThanOrEqual(2);
    expect(hasRoute(host)).toBe(true);
  });

  test("systemd hears that it is well, also while it works, but not of one that is stuck", async () => {
    const host = await healthyHost();
    const { withLock } = host.system;
    const heard: number[] = [];
    let watching: FakeWatching | null = null;
    const hear = async (after: number) => {
      await host.system.sleep(after);
      const before = watching?.notified.length ?? 0;
      watching?.sayWell();
      heard.push((watching?.notified.length ?? 0) - before);
    };
    host.system.withLock = async (path, seconds, work) => {
      for (const after of [60_000, 200_000, 50_000]) await hear(after);
      return withLock(path, seconds, work);
    };
    await watch(host, 5000, [
      [
        1000,
        (now) => {
          watching = now;
          loseRoute(host)();
          now.line(lost);
        },
      ],
    ]);
    await hear(0);
    expect(heard.slice(0, 3)).toEqual([1, 1, 0]);
    expect(heard.at(-1)).toBe(1);
  });

  test("a heal that fails is not tried without a pause, and comes as soon as it can", async () => {
    const host = await healthyHost();
    const settings = "/etc/netkeep/netkeep.conf";
    const { said, status } = await watch(host, 60_000, [
      [1000, () => host.addFile(settings, "[Netkeep]\nLockSeconds=soon\n")],
      [1000, loseRoute(host)],
      ...Array.from({ length: 200 }, (_, n): Happening => [1000 + 50 * n, (watching) => watching.line(lost)]),
      [12_000, () => host.addFile(settings, "[Netkeep]\n")],
      [13_000, (watching) => watching.line(lost)],
    ]);
    expect(status).toEqual([
      "STATUS=as desired",
      "STATUS=as desired",
      ...status.slice(2, -1).fill("STATUS=the last look at everything failed, see the journal"),
      "STATUS=as desired",
    ]);
    expect(status.length).toBeGreaterThan(3);
    const errors = said.filter(({ level }) => level === "error");
    expect(errors.length).toBeGreaterThan(1);
    expect(errors.length, errors.map(({ at, text }) => `${at}: ${text}`).join("\n")).toBeLessThan(8);
    const again = said.find(({ text }) => text.includes("set again"));
    expect(again?.at).toBeGreaterThan(12_000);
    expect(again?.at).toBeLessThan(20_000);
    expect(hasRoute(host)).toBe(true);
  });

  test("somebody who takes an entry away again and again is told of by what the entry is; and that it stays, too", async () => {
    const host = await healthyHost();
    // Nine times, as a heal takes no time on a fake host.
    const story = Array.from({ length: 9 }, (_, n): Happening[] => [
      [1000 + 100 * n, loseRoute(host)],
      [1000 + 100 * n, (watching) => watching.line(lost)],
    ]);
    const { said } = await watch(host, 200_000, story.flat());
    const about = said.filter(({ level, text }) => level === "warning" || text.includes("nobody takes it away"));
    expect(about.map(({ text }) => text)).toEqual([
      `somebody takes away or changes route ${guest}/32 dev cloudbr0 proto 107 scope link again and again: it is set less often now`,
      `route ${guest}/32 dev cloudbr0 proto 107 scope link stays: nobody takes it away any more`,
    ]);
  });

  test("a document that is put right while it is being refused is applied all the same", async () => {
    const host = await healthyHost();
    const write = (text: string) =>
      host.files.set("/etc/netkeep/desired.d/more.yaml", { kind: "text", text, modified: host.system.now() });
    const { withLock } = host.system;
    let refusals = 0;
    host.system.withLock = async (path, seconds, work) => {
      try {
        return await withLock(path, seconds, work);
      } catch (error) {
        refusals += 1;
        write("version: 1\nroutes:\n  - { to: 10.99.0.0/24, dev: cloudbr0 }\n");
        throw error;
      }
    };
    const changed = (watching: FakeWatching) => watching.change("/etc/netkeep/desired.d/more.yaml");
    await watch(host, 10_000, [
      [1000, () => write("version: 1\nrotues: []\n")],
      [1000, changed],
      [2100, changed],
    ]);
    expect(refusals).toBe(1);
    expect(host.kernel.routes.map(({ dst }) => dst)).toContain("10.99.0.0/24");
  });

  test("a directory of documents that has gone changes nothing until it is there again, with them or empty", async () => {
    const documents = "/etc/netkeep/desired.d";
    const host = await healthyHost();
    const name = host.files.list(documents)[0] ?? "";
    const text = host.files.text(`${documents}/${name}`) ?? "";
    const changed = (watching: FakeWatching) => watching.change(documents);
    const without: boolean[] = [];
    const { texts } = await watch(host, 40_000, [
      [1000, () => host.files.deleteDocuments()],
      [1000, changed],
      [9000, () => without.push(hasRoute(host))],
      [10_000, () => host.addFile(`${documents}/${name}`, text)],
      [10_000, changed],
      [19_000, () => without.push(hasRoute(host))],
      [20_000, () => host.files.deleteDocuments()],
      [20_000, changed],
      [30_000, () => host.files.makeDocuments()],
      [30_000, changed],
    ]);
    expect(without).toEqual([true, true]);
    expect(hasRoute(host)).toBe(false);
    const missing = /^documents: \/etc\/netkeep\/desired\.d is missing, .*: put it back; or, .*`mkdir -p/;
    expect(texts.filter((line) => missing.test(line))).toHaveLength(2);
  });

  test("documents that change during a trial wait for its end, and that is said once", async () => {
    const host = await healthyHost();
    const now = host.system.now();
    const trial = { id: "x", begun: now, until: now + 600_000, state: "trying", documents: [] };
    const tried = "/run/netkeep/try";
    const more = "/etc/netkeep/desired.d/more.yaml";
    const { said } = await watch(host, 60_000, [
      [1000, () => host.addFile(tried, JSON.stringify(trial))],
      [2000, () => host.addFile(more, "version: 1\nroutes:\n  - { to: 10.99.0.0/24, dev: cloudbr0 }\n")],
      [2000, (watching) => watching.change(more)],
      [30_000, () => host.addFile(tried, JSON.stringify({ ...trial, state: "reverted" }))],
    ]);
    const about = said.filter(({ text }) => text.startsWith("documents: "));
    expect(about).toMatchObject([{ level: "notice", text: expect.stringContaining("netkeep confirm keeps it") }]);
    expect(said.find(({ text }) => text.startsWith("documents changed: done"))?.at).toBeGreaterThan(30_000);
    expect(host.kernel.routes.map(({ dst }) => dst)).toContain("10.99.0.0/24");
  });
});
