/** A guest waits for a hook, so what netkeep starts for it is counted. */
import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { install } from "./support/watched.ts";

const root = new URL("../..", import.meta.url).pathname;
/** What a call with --strict exits with where no networkd runs. */
const noNetworkd = 69;
const log = "/run/started";

/** Each program that Node starts, a line each, whatever starts it. */
const counter = `
const { ChildProcess } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const spawn = ChildProcess.prototype.spawn;
ChildProcess.prototype.spawn = function (options) {
  appendFileSync("${log}", options.args.join(" ") + "\\n");
  return spawn.call(this, options);
};
require("node:child_process").spawnSync = () => { throw new Error("not counted") };
`;

async function started(ns: Namespace): Promise<string[]> {
  const lines = (await ns.read(log)).split("\n").filter((line) => line !== "");
  await ns.write(log, "");
  return lines;
}

test(
  "a call about a known guest starts two programs: the lock, and one ip for all that is asked, set and looked at",
  inNamespace(async (ns) => {
    const env = { ...(await install(ns)), NODE_OPTIONS: "--require /run/counter.cjs" };
    await ns.write("/run/counter.cjs", counter);
    await ns.write(log, "");
    const guest = (operation: string, n: number) => [
      ...["--strict", "cloudstack", "-o", operation, "-b", `br${n % 2}`, "-m", `52:00:00:00:00:0${n}`],
      ...["-4", `198.51.100.${n}`, "-6", `2001:db8:9::${n}`],
    ];
    const ways: Record<string, (words: readonly string[]) => ReturnType<Namespace["run"]>> = {
      hook: (words) => ns.netkeep(["hook", ...words], { env }),
      "netkeep-hook": (words) => ns.run(`${root}/bin/netkeep-hook`, words, { env }),
    };
    const two = [expect.stringMatching(/^flock -x /), "ip -j -N -force -batch -"];
    for (const call of Object.values(ways)) {
      // The first call for a link reads everything, and so it is with the counter.
      for (const n of [1, 2]) expect(await call(guest("add", n))).toMatchObject({ status: noNetworkd });
      await started(ns);
      for (const n of [3, 4, 5, 6]) {
        expect(await call(guest("add", n))).toMatchObject({ status: noNetworkd });
        expect(await started(ns), `add ${n}`).toEqual(two);
      }
      expect(await ipText(ns)).toHaveLength(6 * 4);
      expect(await audit(ns)).toEqual([]);
      for (const n of [3, 4, 5, 6]) {
        expect(await call(guest("delete", n))).toMatchObject({ status: noNetworkd });
        expect(await started(ns), `delete ${n}`).toEqual(two);
      }
      expect(await ipText(ns)).toHaveLength(2 * 4);
      for (const n of [1, 2]) await call(guest("delete", n));
    }
    // Two children are no rule where more is to be read: the neighbors of a link are gone.
    for (const n of [1, 3]) await ways["hook"]?.(guest("add", n));
    await ns.sh("ip neigh flush dev br1 nud permanent");
    await started(ns);
    expect(await ways["hook"]?.(guest("add", 5))).toMatchObject({ status: noNetworkd });
    expect((await started(ns)).length).toBeGreaterThan(2);
    expect(await ipText(ns)).toHaveLength(3 * 4);
  }),
);

test(
  "killed at any time, a call leaves no lock behind",
  inNamespace(async (ns) => {
    const env = await install(ns);
    const call = (n: number, after: number) =>
      ns.netkeep(
        ["hook", "cloudstack", "-o", "add", "-b", "br0", "-m", `52:00:00:00:01:${n + 10}`, "-4", `198.51.100.${n}`],
        { env, ...(after === 0 ? {} : { kill: { after, group: false } }) },
      );
    for (const n of [1, 2]) await call(n, 0);
    for (let n = 3; n < 15; n++) {
      await call(n, 20 + 8 * n);
      await ns.sh("flock -w 10 /run/netkeep/lock true");
    }
    expect(await call(2, 0)).toMatchObject({ stderr: expect.not.stringContaining("another netkeep") });
    expect(await audit(ns)).toEqual([]);
  }),
);
