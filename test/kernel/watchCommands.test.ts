import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { audit, noNetworkd } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { install, returns, until, watching } from "./support/watched.ts";

const guest = (n: number, dev = "br0") => ({
  name: `g${n}`,
  dev,
  mac: `52:00:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`,
  addresses: [`10.9.${n >> 8}.${n & 255}`],
});
const document = (...numbers: readonly number[]) =>
  JSON.stringify({ version: 1, guests: numbers.map((n) => guest(n)) });
const large = document(...Array.from({ length: 2000 }, (_, n) => n + 1));

async function fill(ns: Namespace): Promise<{ PATH: string }> {
  await ns.sh("mkdir -p /run/docs/inner /etc/netkeep/desired.d");
  await ns.write("/run/docs/a.json", document(1, 2));
  await ns.write("/run/docs/b.yaml", `version: 1\nguests:\n  - ${JSON.stringify(guest(3, "br1"))}\n`);
  await ns.write("/run/docs/twice.json", document(2).replace("52:00", "52:99"));
  await ns.write("/run/docs/bad.yaml", "version: 1\nguests:\n  - name: x\n    adresses: [10.9.0.9]\n");
  await ns.write("/run/docs/c.yaml", `version: 1\nguests: [${JSON.stringify(guest(4))}]\n`);
  return install(ns);
}

/** Those that the watch carries out where it runs. */
const commands = [
  "netkeep-hook apply /run/docs/a.json",
  "cp /run/docs/c.yaml /etc/netkeep/desired.d && netkeep-hook apply",
  "cd /run/docs/inner && netkeep-hook apply ../a.json ./.././b.yaml",
  "netkeep-hook apply - </run/docs/a.json; netkeep-hook unset a",
  "netkeep-hook apply /run/docs/bad.yaml",
  "netkeep-hook apply /run/docs/twice.json",
  "cd /etc/netkeep && netkeep-hook apply desired.d/../desired.d//c.yaml",
  "netkeep-hook set guest:1 /run/docs/b.yaml",
  "netkeep-hook set guest:1 </run/docs/a.json",
  "netkeep-hook set c /run/docs/a.json",
  "netkeep-hook set '' /run/docs/a.json",
  "netkeep-hook unset guest:1 nobody",
  "echo Slip=yes >/etc/netkeep/netkeep.conf; netkeep-hook apply /run/docs/a.json; s=$?; rm /etc/netkeep/netkeep.conf; exit $s",
  "NETKEEP_LEVEL_PREFIX=yes netkeep-hook apply /run/docs/twice.json",
];

async function outcomes(ns: Namespace, env: { readonly PATH: string }): Promise<unknown[]> {
  const results = [];
  for (const command of commands) results.push([command, await ns.run("bash", ["-c", command], { env })]);
  const files = await ns.sh("find /etc/systemd/network -type f | sort | xargs tail -n +1");
  const owners = await ns.sh(`sed 's/"changed": *[0-9]*//' /var/lib/netkeep/owners/*`);
  const { generations } = JSON.parse((await ns.netkeep(["history", "-j"])).stdout) as { generations: object[] };
  const history = generations.map((generation) => ({ ...generation, time: 0 }));
  return [results, files, owners, history, await ipText(ns), await audit(ns)];
}

test(
  "a command has the same effect, output and exit status as without the watch, and starts no process of netkeep",
  inNamespace(async (plain) => {
    const expected = await outcomes(plain, await fill(plain));
    const statuses = [69, 69, 69, 69, 65, 65, 69, 69, 69, 65, 65, 69, 78, 65];
    await inNamespace(async (ns) => {
      const env = await fill(ns);
      const watched = await watching(ns);
      await forbid(ns);
      const found = await outcomes(ns, env);
      expect(found).toEqual(expected);
      // The comparison is one of what was meant.
      expect((found[0] as [string, { status: number }][]).map(([, { status }]) => status)).toEqual(statuses);
      await watched.end();
    })();
  }),
);

/** A `netkeep` that must not be called. */
const forbid = (ns: Namespace) => ns.write("/run/bin/netkeep", "#!/bin/sh\necho a process was started >&2; exit 99\n");

describe.concurrent("what the watch cannot do for its caller is done by a netkeep of the caller's", () => {
  test(
    "options, directories, what is no file or not there, words that are too few or too many, and who asks for it",
    inNamespace(async (ns) => {
      const env = await fill(ns);
      const watched = await watching(ns);
      await forbid(ns);
      for (const words of [
        "apply --dry-run /run/docs/a.json",
        "apply /run/docs",
        "apply /run/docs/nosuch",
        "apply <(cat /run/docs/a.json)",
        "set guest:1 /run/docs",
        "set guest:1 /run/docs/a.json more",
        "set",
        "unset",
        "--quiet apply",
      ]) {
        const { status } = await ns.run("bash", ["-c", `netkeep-hook ${words}`], { env });
        expect([words, status]).toEqual([words, 99]);
      }
      const own = await ns.run("netkeep-hook", ["apply"], { env: { ...env, NETKEEP_HOOK_QUEUE: "1" } });
      expect(own.status).toBe(99);
      await watched.end();
    }),
  );

  test(
    "all that was asked for, when the watch is killed at work",
    inNamespace(async (ns) => {
      const env = await fill(ns);
      await ns.write("/run/docs/large.json", large);
      for (const after of [20, 90]) {
        const watched = await watching(ns);
        const asked = ns.run("netkeep-hook", ["apply", "/run/docs/large.json"], { env });
        await delay(after);
        await watched.end("KILL");
        const { status, stderr } = await asked;
        expect(status, stderr).toBe(noNetworkd);
        expect(await ipText(ns)).toHaveLength(4000);
        expect(await audit(ns)).toEqual([]);
        await ns.netkeep(["unset", "large"]);
      }
    }),
  );
});

test.concurrent(
  "what happens while nobody listens, because a whole host is set, is found afterwards",
  inNamespace(async (ns) => {
    const env = await fill(ns);
    const watched = await watching(ns);
    await ns.write("/run/docs/large.json", large);
    // Just after the answer it does not listen yet.
    const remove = "ip route del 10.9.0.7 dev br0; ip neigh del 10.9.0.8 dev br0";
    await ns.run("bash", ["-c", `netkeep-hook apply /run/docs/large.json; ${remove}`], { env });
    await until(async () => (await ipText(ns)).length === 4000, 20);
    const before = await ipText(ns);
    await ns.sh("ip route del 10.9.0.9 dev br0");
    await returns(ns, before);
    expect(await watched.log()).not.toMatch(/has ended|fault/);
    await watched.end();
  }),
);
