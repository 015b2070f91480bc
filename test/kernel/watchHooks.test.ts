import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { inNamespace, type Namespace, type RunOptions } from "../support/namespace.ts";
import { audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { install, until, watching } from "./support/watched.ts";

const root = new URL("../..", import.meta.url).pathname;
const macOf = (n: number) => `52:00:00:00:00:${n.toString(16).padStart(2, "0")}`;
const env = { PATH: `/run/bin:${process.env["PATH"]}` };
const call = (ns: Namespace, words: readonly string[], more: RunOptions = {}) =>
  ns.run(`${root}/bin/netkeep-hook`, words, { env, ...more });
const guest = (operation: string, n: number) => [
  ...["--strict", "cloudstack", "-o", operation, "-b", `br${n % 2}`, "-m", macOf(n)],
  ...["-4", `198.51.100.${n + 1}`, "-6", `2001:db8:9::${(n + 1).toString(16)}`],
];
const shim = (ns: Namespace, words: readonly string[]) => ns.run(`${root}/bin/modifymacip.sh`, words, { env });
/** What a call with --strict exits with where no networkd runs. */
const noNetworkd = 69;

/** A `netkeep` that must not be called: the calls below go to the watch. */
const forbid = (ns: Namespace) => ns.write("/run/bin/netkeep", "#!/bin/sh\necho a process was started >&2; exit 99\n");

/** Each kind of call once, with what came of it, and then what is there. */
async function everyKind(ns: Namespace): Promise<unknown[]> {
  const domain = `<domain><name>g</name><metadata><netkeep:guest xmlns:netkeep="urn:netkeep:domain:1"><netkeep:interface
    mac="52:00:00:00:00:77" link="br0"><netkeep:address>198.51.100.77</netkeep:address></netkeep:interface></netkeep:guest>
    </metadata><devices><interface type="bridge"><mac address="52:00:00:00:00:77"/><source bridge="br0"/></interface></devices></domain>`;
  const payload = JSON.stringify({ router: "r-1", routes: [{ prefix: "2001:db8:77::/64", via: "2001:db8:0::9" }] });
  const results = [
    await call(ns, guest("add", 1)),
    await shim(ns, guest("add", 2).slice(2)),
    await call(ns, ["cloudstack", "-o", "frob"]),
    await call(ns, ["frob"]),
    await call(ns, ["--strict", "routes"], { input: payload }),
    await call(ns, ["--strict", "routes"], { input: "{}" }),
    await call(ns, ["--strict", "routes", "--sync", "r-1"]),
    await call(ns, ["libvirt", "g", "start", "begin", "-"], { input: domain }),
    await call(ns, ["--strict", "cloudstack", "-o", "add", "-b", "nosuch", "-m", macOf(3), "-4", "198.51.100.3"]),
    await call(ns, ["--strict", "cloudstack", "-o", "add", "-b", "br0", "-m", macOf(4), "-4", "192.0.2.1"]),
    await call(ns, guest("delete", 1)),
    await call(ns, ["cloudstack", "-o", "add", "-b", "br0", "-m", macOf(5), "-4", "198.51.100.5"], {
      env: { ...env, NETKEEP_LEVEL_PREFIX: "yes", LC_ALL: "xx_YY.UTF-8" },
    }),
  ];
  const files = await ns.sh("cd /; find etc/systemd/network run/systemd/network -type f | sort | xargs tail -n +1");
  return [results, files, await ipText(ns), await audit(ns)];
}

test(
  "each kind of call has the same effect, output and exit status as without the watch, and starts no process of netkeep",
  inNamespace(async (plain) => {
    await install(plain);
    const expected = await everyKind(plain);
    await inNamespace(async (ns) => {
      await install(ns);
      const watched = await watching(ns);
      await forbid(ns);
      expect(await everyKind(ns)).toEqual(expected);
      expect((await ns.sh("stat -c '%a %U %F' /run/netkeep/watch.sock")).trim()).toBe("600 root socket");
      await watched.end();
      expect(await ns.sh("ls /run/netkeep")).not.toContain("watch.sock");
    })();
  }),
);

test.concurrent(
  "two hundred calls at once are answered, each for itself",
  inNamespace(async (ns) => {
    await install(ns);
    const watched = await watching(ns);
    await forbid(ns);
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const results = await Promise.all(numbers.map((n) => call(ns, guest("add", n))));
    expect(results.filter(({ status }) => status !== noNetworkd)).toEqual([]);
    const lines = await ipText(ns);
    expect(lines).toHaveLength(4 * numbers.length);
    for (const n of numbers) expect(lines.filter((line) => line.includes(`${macOf(n)} `))).toHaveLength(2);
    // What a hook has set is looked after from then on.
    await ns.sh("ip link set br0 address 02:00:00:00:00:00");
    await until(async () => (await ipText(ns)).length === lines.length);
    const gone = await Promise.all(numbers.map((n) => call(ns, guest("delete", n))));
    expect(gone.filter(({ status }) => status !== noNetworkd)).toEqual([]);
    expect(await ipText(ns)).toEqual([]);
    expect(await audit(ns)).toEqual([]);
    expect(await watched.log()).not.toContain("fault");
    await watched.end();
  }),
);

test.concurrent(
  "when the watch is killed at work, or does not run, the calls are carried out all the same",
  inNamespace(async (ns) => {
    await install(ns);
    for (const [round, after] of [0, 15, 40, 80].entries()) {
      const watched = await watching(ns);
      const numbers = Array.from({ length: 12 }, (_, n) => round * 12 + n);
      const calls = numbers.map((n) => call(ns, guest("add", n)));
      await delay(after);
      await watched.end("KILL");
      for (const { status, stderr } of await Promise.all(calls)) expect(status, stderr).toBe(noNetworkd);
    }
    expect(await ipText(ns)).toHaveLength(4 * 48);
    expect(await call(ns, guest("delete", 1))).toMatchObject({ status: noNetworkd });
    expect(await audit(ns)).toEqual([]);
  }),
);

test.concurrent(
  "a link that gets another index or name between calls is the one that is meant",
  inNamespace(async (ns) => {
    await install(ns);
    const watched = await watching(ns);
    expect(await call(ns, guest("add", 2))).toMatchObject({ status: noNetworkd });
    await ns.sh(`ip link set br0 down; ip link set br0 name old0; ip link set old0 up
      ip link add br0 type bridge; ip link set br0 up`);
    expect(await call(ns, guest("add", 4))).toMatchObject({ status: noNetworkd });
    await until(async () => (await ns.sh("ip neigh show nud permanent dev br0")).split("\n").length === 5);
    expect(await ns.sh("ip neigh show nud permanent dev old0")).toBe("");
    expect(await ns.sh("ip route show proto 107 dev old0")).toBe("");
    await watched.end();
  }),
);
