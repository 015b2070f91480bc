import { describe, expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { until } from "./support/watched.ts";

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

const netkeepTry = (seconds: number) =>
  `${process.execPath} ${new URL("../../dist/netkeep.mjs", import.meta.url).pathname} try --timeout ${seconds} /run/web.json`;

/** Tries it at a terminal of its own, and runs the lines once the question is there; the terminal's input is 3, `$p` what has it. */
const atTerminal = (
  lines: string,
) => `mkfifo /run/typed; script -qfec 'trap : HUP; ${netkeepTry(100)}; echo $? >/run/status' /dev/null </run/typed >/run/shown & p=$!
  exec 3>/run/typed
  until grep -q 'ENTER keeps it' /run/shown; do sleep 0.05; kill -0 $p; done
  ${lines}`;

describe("try", () => {
  test(
    "killed while it waits: refused to others, and taken back when its time is over, and what others have stays",
    inNamespace(async (ns) => {
      const state = await prepared(ns);
      const run = ns.sh(`echo $$ >/run/pid; exec ${netkeepTry(100)}`).catch(String);
      await until(async () => (await isTried(ns)) && (await stateIs(ns, "trying")));
      // Applied as a whole, and waiting.
      await ns.sh("flock /run/netkeep/lock true; kill -KILL $(cat /run/pid)");
      expect(await run).toContain("status null");
      expect((await audit(ns)).map(({ code }) => code)).toEqual(["trial-pending"]);
      expect(await ns.netkeep(["apply"])).toMatchObject({ status: 75 });
      const { id } = JSON.parse(await ns.read("/run/netkeep/try"));
      // Its time is over as soon as its sleep is.
      await ns.sh(`pkill -P $(pgrep -f "^sh -c .*netkeep-try 100 .* --revert ${id}") -x sleep`);
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
    "nobody confirms it: taken back in time, by itself or by what was set up for it",
    inNamespace(async (ns) => {
      const state = await prepared(ns);
      expect((await ns.netkeep(["try", "--timeout", "1", "/run/web.json"])).stderr).toContain("is taken back");
      await until(() => stateIs(ns, "reverted"));
      expect(await stateOf(ns)).toEqual(state);
    }),
  );

  test(
    "confirmed from elsewhere, and with ENTER at the terminal",
    inNamespace(async (ns) => {
      await prepared(ns);
      const run = ns.netkeep(["try", "--timeout", "100", "/run/web.json"]);
      await until(() => stateIs(ns, "trying"));
      await until(async () => (await ns.netkeep(["confirm", "-q"])).status === 69);
      expect(await run).toMatchObject({ status: 0, stderr: expect.stringContaining("confirmed: it stays") });
      expect(await isTried(ns)).toBe(true);
      expect(await audit(ns)).toEqual([]);
      await applied(ns, "web", before);
      const typed = await ns.sh(atTerminal("echo >&3; wait $p || [ $? = 69 ]; cat /run/shown"));
      expect(typed).toMatch(/ENTER keeps it, Ctrl-C takes it back; \d+ s left[\s\S]*confirmed: it stays/);
      expect(await isTried(ns)).toBe(true);
    }),
  );

  test(
    "the terminal is lost: taken back at once",
    inNamespace(async (ns) => {
      const state = await prepared(ns);
      await ns.sh(atTerminal("kill -KILL $p"));
      await until(() => stateIs(ns, "reverted"));
      await until(async () => (await ns.sh("cat /run/status || true")) !== "");
      expect(await ns.read("/run/status")).toBe("69\n");
      expect(await stateOf(ns)).toEqual(state);
    }),
  );
});
