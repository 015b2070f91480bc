import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { apply, audit, noNetworkd } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const count = 100;

const guest = (n: number, mac: string) => ({
  guests: [{ name: `g${n}`, dev: `br${n % 2}`, mac, addresses: [`198.51.100.${n + 1}`, `2001:db8:9::${n + 1}`] }],
});
const macOf = (n: number, round: number) => `52:00:00:00:0${round}:${n.toString(16).padStart(2, "0")}`;

test.concurrent(
  "a hundred owners at once: each gets what it asked for, with one writer at a time",
  inNamespace(async (ns) => {
    await ns.write("/etc/netkeep/netkeep.conf", "[Netkeep]\nLockTimeoutSec=100\n");
    const owners = Array.from({ length: count }, (_, n) => n);
    const results = await Promise.all(owners.map((n) => apply(ns, `vm${n}`, guest(n, macOf(n, 1)))));
    expect(results.map(({ status }) => status)).toEqual(Array(count).fill(noNetworkd));
    const lines = await ipText(ns);
    expect(lines).toHaveLength(4 * count);
    for (const n of owners) expect(lines.filter((line) => line.includes(macOf(n, 1)))).toHaveLength(2);
    expect(await audit(ns)).toEqual([]);
    expect(await ns.sh("find /etc /run /var/lib/netkeep -name '*.tmp' 2>/dev/null")).toBe("");
  }),
);

test.concurrent(
  "who does not get the lock in time says so and changes nothing",
  inNamespace(async (ns) => {
    await ns.write("/etc/netkeep/netkeep.conf", "[Netkeep]\nLockTimeoutSec=1\n");
    const holder = await ns.sh(
      "mkdir /run/netkeep; exec 9>/run/netkeep/lock; flock 9; sleep 100 >/dev/null 2>&1 & echo $!",
    );
    const busy = await apply(ns, "a", guest(1, macOf(1, 1)));
    expect(busy.status).toBe(75);
    expect(await ipText(ns)).toEqual([]);
    await ns.sh(`kill ${holder}`);
    expect((await apply(ns, "a", guest(1, macOf(1, 1)))).status).toBe(noNetworkd);
  }),
);
