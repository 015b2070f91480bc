import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { applied, apply, noNetworkd } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";
import { returns, watching } from "./support/watched.ts";

const guests = (number: number) => ({
  guests: Array.from({ length: number }, (_, n) => ({
    name: `g${n}`,
    dev: "br0",
    mac: `52:00:00:00:0${n >> 8}:${(n & 255).toString(16).padStart(2, "0")}`,
    addresses: [`198.18.${n >> 8}.${n & 255}`],
  })),
});

test.concurrent(
  "a /dev/shm that somebody has filled is nothing to us",
  inNamespace(async (ns) => {
    await ns.sh("mount -t tmpfs -o size=4k tmpfs /dev/shm; head -c 4096 /dev/zero >/dev/shm/full");
    await applied(ns, "guests", guests(500));
    const before = await ipText(ns);
    expect(before).toHaveLength(1000);
    const watched = await watching(ns);
    await ns.sh("ip link set br0 address 02:00:00:00:00:00");
    await returns(ns, before);
    await watched.end();
  }),
);

test.concurrent(
  "where /run has no room for what ip lists, that is said, and nothing is taken for missing",
  inNamespace(async (ns) => {
    await ns.sh("mkdir -p /run/netkeep; mount -t tmpfs -o size=1m tmpfs /run/netkeep");
    await applied(ns, "guests", guests(500));
    const before = await ipText(ns);
    const said: string[] = [];
    for (const size of [16, 32, 48, 64, 80, 96, 112]) {
      await ns.sh(`mount -o remount,size=${size}k /run/netkeep`);
      const { status, stderr } = await apply(ns, "guests", guests(501));
      expect({ status, stderr }, `${size}k`).not.toMatchObject({ stderr: expect.stringContaining("fault of netkeep") });
      if (status !== noNetworkd) {
        expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/no room|no space left/) });
        expect((await ipText(ns)).filter((line) => before.includes(line))).toEqual(before);
        said.push(stderr);
      }
      const audit = await ns.netkeep(["audit", "-j"]);
      expect(audit.stderr).not.toContain("fault of netkeep");
      if (audit.status !== 2) expect(audit.stdout).not.toContain('"kernel-missing"');
    }
    expect(said.join("")).toContain("no room in memory for its output: make room in /run and /dev/shm");
    await ns.sh("mount -o remount,size=1m /run/netkeep");
    await applied(ns, "guests", guests(501));
    expect(await ipText(ns)).toHaveLength(1002);
  }),
);
