import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { install } from "./support/watched.ts";

const root = new URL("../..", import.meta.url).pathname;
const macOf = (n: number) => `52:00:00:00:00:${n.toString(16).padStart(2, "0")}`;

const env = { PATH: `/run/bin:${process.env["PATH"]}` };
const call = (ns: Namespace, words: readonly string[], more = {}) =>
  ns.run(`${root}/bin/netkeep-hook`, words, { env, ...more });
const guest = (operation: string, n: number) => [
  ...["--strict", "cloudstack", "-o", operation, "-b", `br${n % 2}`, "-m", macOf(n)],
  ...["-4", `198.51.100.${n + 1}`, "-6", `2001:db8:9::${n + 1}`],
];
/** What a call with --strict exits with where no networkd runs. */
const noNetworkd = 69;

async function isClean(ns: Namespace): Promise<void> {
  expect((await ns.sh("ls -A /run/netkeep/queue")).trim()).toBe("lock");
  expect(await audit(ns)).toEqual([]);
}

test.concurrent(
  "a hundred guests and a router at once share a few runs, and each gets its own answer",
  inNamespace(async (ns) => {
    await install(ns);
    await ns.write("/run/count", "");
    await ns.sh(`sed -i '2i echo run >>/run/count' /run/bin/netkeep`);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    const payload = JSON.stringify({ router: "r-1", routes: [{ prefix: "2001:db8:77::/64", via: "2001:db8:0::9" }] });
    const [router, bad, ...results] = await Promise.all([
      call(ns, ["--strict", "routes"], { input: payload }),
      call(ns, ["cloudstack", "-o", "frob"]),
      ...numbers.map((n) => call(ns, guest("add", n))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(numbers.map(() => noNetworkd));
    expect(router).toMatchObject({ status: noNetworkd, stdout: "" });
    expect(bad).toMatchObject({ status: 2, stdout: expect.stringMatching(/^Usage: /) });
    const lines = await ipText(ns);
    expect(lines).toHaveLength(4 * numbers.length + 1);
    for (const n of numbers) expect(lines.filter((line) => line.includes(macOf(n)))).toHaveLength(2);
    await isClean(ns);
    const runs = (await ns.read("/run/count")).trim().split("\n").length;
    expect(runs).toBeLessThan(20);
    const gone = await Promise.all(numbers.map((n) => call(ns, guest("delete", n))));
    expect(gone.map(({ status }) => status)).toEqual(numbers.map(() => noNetworkd));
    expect(await ipText(ns)).toHaveLength(1);
    await isClean(ns);
  }),
);

test.concurrent(
  "whoever is killed, waiting or at work: the next call carries out what was asked, and nothing is left",
  inNamespace(async (ns) => {
    await install(ns);
    for (let after = 0, n = 1; after <= 400; after += 40, n++) {
      const waiting = call(ns, guest("add", 100 + n));
      const killed = await call(ns, guest("add", n), { kill: { after, group: after % 80 === 0 } });
      await waiting;
      // The next one finds the lock free, the request, or half of it, or the answer that nobody waits for.
      expect(await call(ns, guest("add", n))).toMatchObject({ status: noNetworkd });
      expect([null, noNetworkd]).toContain(killed.status);
      expect((await ipText(ns)).filter((line) => line.includes(macOf(n)))).toHaveLength(2);
    }
    expect(await call(ns, guest("delete", 1))).toMatchObject({ status: noNetworkd });
    await isClean(ns);
  }),
);

test.concurrent(
  "without the queue, as on a full /run or without root, the call is made by itself",
  inNamespace(async (ns) => {
    await install(ns);
    await ns.sh("mkdir -p /run/netkeep && touch /run/netkeep/queue");
    expect(await call(ns, guest("add", 1))).toMatchObject({ status: noNetworkd });
    expect(await ipText(ns)).toHaveLength(4);
    const payload = JSON.stringify({ router: "r-1", routes: [{ prefix: "2001:db8:77::/64", via: "2001:db8:0::9" }] });
    expect(await call(ns, ["--strict", "routes"], { input: payload })).toMatchObject({ status: noNetworkd });
    expect(await ipText(ns)).toHaveLength(5);
  }),
);

test.concurrent(
  "a queue that is held for too long says so, and the call is carried out by the next one",
  inNamespace(async (ns) => {
    await install(ns);
    const client = await readFile(`${root}/bin/netkeep-hook`, "utf8");
    await ns.sh("rm /run/bin/netkeep-hook; mkdir -p /run/netkeep/queue");
    await ns.write("/run/bin/netkeep-hook", client.replace("$patience = 60", "$patience = 1"));
    await ns.sh("chmod 755 /run/bin/netkeep-hook");
    const held = ns.sh(
      "exec 9>>/run/netkeep/queue/lock; flock 9; touch /run/held; while [ -e /run/held ]; do sleep 0.1; done",
    );
    await ns.sh("until [ -e /run/held ]; do sleep 0.1; done");
    const late = await ns.run("/run/bin/netkeep-hook", guest("add", 1), { env });
    expect(late).toMatchObject({ status: 75, stderr: expect.stringContaining("other calls have held") });
    expect(await ns.run("/run/bin/netkeep-hook", guest("add", 2).slice(1), { env })).toMatchObject({ status: 0 });
    expect(await ipText(ns)).toEqual([]);
    await ns.sh("rm /run/held");
    await held;
    expect(await call(ns, guest("add", 3))).toMatchObject({ status: noNetworkd });
    await isClean(ns);
  }),
);

test.concurrent(
  "modifymacip.sh works in spite of its name, also for a caller that has a shell run it",
  inNamespace(async (ns) => {
    await install(ns);
    await ns.sh("rm /run/bin/netkeep-hook");
    const [, , ...words] = guest("add", 1);
    const shim = `${root}/bin/modifymacip.sh`;
    for (const [program, ...rest] of [[shim], ["sh", shim], ["bash", "-e", shim]] as const) {
      const before = { env: { PATH: process.env["PATH"] ?? "" } };
      expect(await ns.run(program, [...rest, ...words], before)).toMatchObject({ status: 1, stdout: "" });
    }
    await ns.write("/run/bin/netkeep-hook", `#!/usr/bin/perl\nprint "@ARGV"; exit 0;\n`);
    for (const [program, ...rest] of [[shim], ["sh", shim], ["bash", "-e", shim]] as const) {
      const said = await ns.run(program, [...rest, ...words], { env });
      expect(said).toEqual({ ...said, status: 0, stdout: `cloudstack ${words.join(" ")}`, stderr: "" });
    }
  }),
);
