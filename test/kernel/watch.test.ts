import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { applied, audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { shadow } from "./support/shadow.ts";
import { returns, until, watching } from "./support/watched.ts";

const guests = (number: number) => ({
  guests: Array.from({ length: number }, (_, n) => ({
    name: `g${n}`,
    dev: "br0",
    mac: `52:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`,
    addresses: [`198.18.${n >> 8}.${n & 255}`, `2001:db8:9::${(n + 1).toString(16)}`],
  })),
});

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}

test.concurrent(
  "what is lost comes back: by a MAC address, by hand, by a link that goes down, by another tool, with its document",
  inNamespace(async (ns) => {
    await applied(ns, "guests", guests(50));
    const before = await ipText(ns);
    const watched = await watching(ns);
    const drifts = [
      "ip link set br0 address 02:00:00:00:00:00",
      "ip link set br0 address 02:00:00:00:00:aa",
      "ip route del 198.18.0.1/32; ip -6 route del 2001:db8:9::2/128 dev br0",
      "ip neigh del 198.18.0.1 dev br0; ip neigh replace 198.18.0.2 lladdr 52:00:00:00:00:ff dev br0 nud permanent",
      "ip route replace 198.18.0.3/32 dev br0; ip -6 route replace 2001:db8:9::4/128 dev br1",
      "ip link set br0 down; ip link set br0 up",
      "ip route replace 198.18.99.0/24 dev br0 proto 107",
      // The last IPv4 address takes all IPv4 routes of the link along, without an event of theirs.
      "ip address flush dev br0 scope global; ip address add 192.0.2.1/24 dev br0",
    ];
    for (const drift of drifts) {
      await ns.sh(drift);
      // The namespace's own addresses and routes are not what this is about.
      await until(async () => {
        const now = await ipText(ns);
        return (
          before.every((line) => now.includes(line)) && !now.some((line) => /198\.18\.99|\bdev br1.*107/.test(line))
        );
      }).catch(async () => expect(await ipText(ns), `${drift}\n${await watched.log()}`).toEqual(before));
    }
    await ns.sh("mkdir -p /etc/netkeep/desired.d");
    await ns.write("/etc/netkeep/desired.d/more.yaml", "version: 1\nroutes:\n  - { to: 10.99.0.0/24, dev: br1 }\n");
    await until(async () => (await ipText(ns)).some((line) => line.startsWith("10.99.0.0/24 dev br1")));
    await ns.write("/etc/netkeep/desired.d/more.yaml", "version: 1\nrotues: []\n");
    await watched.says(/documents: .*more\.yaml:2:1.*routes/s);
    expect((await ipText(ns)).some((line) => line.startsWith("10.99.0.0/24"))).toBe(true);
    await ns.sh("rm /etc/netkeep/desired.d/more.yaml");
    await until(async () => !(await ipText(ns)).some((line) => line.startsWith("10.99.0.0/24")));
    await watched.end();
    expect(await audit(ns)).toEqual([]);
  }),
);

test.concurrent(
  "after a loss of events, of ip monitor, or of the watch itself everything is looked at",
  inNamespace(async (ns) => {
    await applied(ns, "guests", guests(20));
    const before = await ipText(ns);
    const first = await watching(ns);
    const monitor = async () => (await ns.sh(`pgrep -P ${first.pid} -f "^ip .*monitor"`)).trim();
    await ns.sh(`kill -STOP ${await monitor()}`);
    await ns.sh(`for n in $(seq 30000); do printf 'route add 10.%d.%d.1/32 dev br1 table 99\\n' $((n/250)) $((n%250)); done >/run/batch
      ip link set br0 address 02:00:00:00:00:00
      ip -batch /run/batch; ip route flush table 99; kill -CONT ${await monitor()}`);
    await first.says("more events than could be read");
    await returns(ns, before);
    const seen = (await first.log()).length;
    await ns.sh(`kill -KILL ${await monitor()}; ip route del 198.18.0.1/32`);
    await first.says("it is started again", seen);
    await returns(ns, before);
    expect((await ns.netkeep(["watch"])).status).toBe(75);
    await first.end("KILL");
    await ns.sh("ip link set br0 address 02:00:00:00:00:00");
    const second = await watching(ns);
    await returns(ns, before);
    await second.end();
  }),
);

test.concurrent(
  "one that cannot be listened to says so and ends",
  inNamespace(async (ns) => {
    await ns.sh("mkdir -p /run/netkeep/watch.sock/x");
    const { status, stderr } = await ns.netkeep(["watch"]);
    expect(stderr).toMatch(/^netkeep: cannot listen on \/run\/netkeep\/watch\.sock: .*EADDRINUSE.*$/m);
    expect(stderr).not.toContain("started again");
    expect(status).toBe(2);
  }),
);

test.concurrent(
  "a large batch of the watch holds the lock also if it outlives the watch",
  inNamespace(async (ns) => {
    await applied(ns, "guests", guests(600));
    const before = await ipText(ns);
    // That of small batches has other options.
    const late = '[ "$*" != "-force -batch -" ] || { touch /run/begun; until [ -e /run/go ]; do sleep 0.02; done; }';
    const watched = await watching(ns, await shadow(ns, { ip: late }));
    await ns.sh("ip link set br0 address 02:00:00:00:00:00");
    await until(async () => (await ns.sh("ls /run")).includes("begun"));
    await watched.end("KILL");
    const { status } = await ns.run("flock", ["-n", "/run/netkeep/lock", "true"]);
    await ns.write("/run/go", "");
    expect(status).toBe(1);
    await ns.sh("flock /run/netkeep/lock true");
    await applied(ns, "guests", guests(600));
    expect(await ipText(ns)).toEqual(before);
  }),
);

test.concurrent(
  "another daemon that takes an entry away is not fought for ever, and what is lost besides comes back",
  inNamespace(async (ns) => {
    await applied(ns, "guests", guests(20));
    const watched = await watching(ns);
    const before = await ipText(ns);
    await ns.sh(
      "(while [ ! -e /run/stop ]; do ip route del 198.18.0.1/32 2>/dev/null && echo >>/run/fought; sleep 0.02; done) >/dev/null 2>&1 &",
    );
    await watched.says(/takes away or changes route 198\.18\.0\.1\/32 dev br0 .*again and again/);
    const fought = async () => (await ns.read("/run/fought")).length;
    const early = await fought();
    await ns.sh("ip neigh del 198.18.0.5 dev br0");
    await until(async () => (await ns.sh("ip neigh show 198.18.0.5 dev br0")).includes("PERMANENT"));
    await delay(2000);
    expect((await fought()) - early).toBeLessThan(8);
    await ns.write("/run/stop", "");
    await returns(ns, before);
    await watched.end();
  }),
);

test.concurrent(
  "a day's worth of events, 100,000 of them, leaves it as it was, and no drift is missed",
  inNamespace(async (ns) => {
    await applied(ns, "guests", guests(100));
    const before = await ipText(ns);
    const watched = await watching(ns);
    const rss = async () => Number(/VmRSS:\s+(\d+)/.exec(await ns.sh(`cat /proc/${watched.pid}/status`))?.[1]) / 1024;
    // Guests of others come and go, and now and then one of ours is lost.
    await ns.sh(`for n in $(seq 1000); do
          printf 'route add 10.0.%d.%d/32 dev br1 table 99\\nneigh replace 10.0.%d.%d lladdr 52:00:00:00:00:01 dev br1 nud permanent\\n' $((n/250)) $((n%250)) $((n/250)) $((n%250))
        done >/run/add
        for n in $(seq 1000); do printf 'route del 10.0.%d.%d/32 dev br1 table 99\\nneigh del 10.0.%d.%d dev br1\\n' $((n/250)) $((n%250)) $((n/250)) $((n%250)); done >/run/del`);
    const events = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        await ns.sh("ip -batch /run/add; ip -batch /run/del");
        if (round % 5 > 0) continue;
        await ns.sh("ip link set br0 address 02:00:00:00:00:00");
        await returns(ns, before);
      }
    };
    // 4,000 events and more each.
    await events(10);
    const warm = await rss();
    await events(25);
    const grown = (await rss()) - warm;
    console.log(`resident after 40,000 events ${warm.toFixed(0)} MiB, after 140,000 ${(warm + grown).toFixed(0)} MiB`);
    expect(grown).toBeLessThan(10);
    expect(await audit(ns)).toEqual([]);
    await watched.end();
  }),
);
