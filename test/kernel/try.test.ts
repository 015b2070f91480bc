import { describe, expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

/** Without systemd: what is tried is taken back by a process of its own, whatever becomes of the one that began it. */
const guest = (mac: string, ...addresses: string[]) => ({ name: "web", dev: "br0", mac, addresses });
const before = { guests: [guest("52:00:00:00:00:01", "198.51.100.1")] };
const tried = { guests: [guest("52:00:00:00:00:02", "198.51.100.1", "2001:db8:9::1")] };

async function prepared(ns: Namespace): Promise<string[]> {
  await applied(ns, "web", before);
  await ns.write("/run/web.json", JSON.stringify({ version: 1, ...tried }));
  await ns.sh(
    "ip route add 198.51.100.77 dev br0 proto 99; ip neigh add 198.51.100.78 lladdr 02:00:00:00:00:78 dev br0 nud permanent",
  );
  return stateOf(ns);
}

async function stateOf(ns: Namespace): Promise<string[]> {
  const files = await ns.sh(
    "find /etc/systemd/network /run/systemd /var/lib/netkeep/owners -type f -exec md5sum {} + 2>/dev/null | sort || true",
  );
  return [...(await ipText(ns)), ...files.trim().split("\n")];
}

const isTried = async (ns: Namespace) => (await ns.sh("ip -6 route show 2001:db8:9::1")).includes("dev br0");
const stateIs = async (ns: Namespace, state: string) =>
  (await ns.sh("cat /run/netkeep/try 2>/dev/null || true")).includes(`"state":"${state}"`);

async function until(condition: () => Promise<boolean>, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Under a terminal of its own, which goes with `script`. */
const atTerminal = (seconds: number) => [
  "-qfec",
  `${process.execPath} ${new URL("../../dist/netkeep.cjs", import.meta.url).pathname} try --timeout ${seconds} /run/web.json`,
  "/dev/null",
];

describe("try", () => {
  test(
    "killed while it waits: taken back in time, and what others have stays",
    inNamespace(async (ns) => {
      const state = await prepared(ns);
      const options = { kill: { after: 1500, group: true } };
      const run = ns.netkeep(["try", "--timeout", "3", "/run/web.json"], options);
      await until(() => isTried(ns));
      expect((await run).status).toBeNull();
      expect((await audit(ns)).map(({ code }) => code)).toEqual(["trial-pending"]);
      expect(await ns.netkeep(["apply"])).toMatchObject({ status: 75 });
      await until(() => stateIs(ns, "reverted"));
      expect(await stateOf(ns)).toEqual(state);
      expect(await audit(ns)).toEqual([]);
      expect(await ns.netkeep(["confirm"])).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("the last try was reverted"),
      });
    }),
  );

  test(
    "confirmed from elsewhere, and with ENTER at the terminal",
    inNamespace(async (ns) => {
      await prepared(ns);
      const run = ns.netkeep(["try", "--timeout", "60", "/run/web.json"]);
      await until(() => stateIs(ns, "trying"));
      await until(async () => (await ns.netkeep(["confirm", "-q"])).status === 69);
      expect(await run).toMatchObject({ status: 0, stderr: expect.stringContaining("confirmed: it stays") });
      expect(await isTried(ns)).toBe(true);
      expect(await audit(ns)).toEqual([]);
      await applied(ns, "web", before);
      const words = atTerminal(60).map((word) => `'${word}'`);
      const line = `{ sleep 2; echo; sleep 1; } | script ${words.join(" ")}`;
      const { stdout: typed } = await ns.run("bash", ["-c", line]);
      expect(typed).toMatch(/ENTER keeps it, Ctrl-C takes it back; \d+ s left[\s\S]*confirmed: it stays/);
      expect(await isTried(ns)).toBe(true);
    }),
  );

  test(
    "the terminal is lost: taken back at once",
    inNamespace(async (ns) => {
      const state = await prepared(ns);
      const run = ns.run("script", atTerminal(60), { kill: { after: 2500, group: false } });
      await until(() => isTried(ns));
      await run;
      await until(() => stateIs(ns, "reverted"), 5);
      expect(await stateOf(ns)).toEqual(state);
    }),
  );
});
