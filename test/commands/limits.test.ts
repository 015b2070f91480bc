import { expect, test } from "vitest";
import { planCommand } from "../../src/commands/plan.ts";
import { makeHost } from "../support/fakeSystem.ts";
import { contextOf, fixture, readIp } from "../support/fixture.ts";

/** What `plan` says of a bridge with so many guests, each with one route. */
async function planned(guests: number, networkd: number, maxSize: string) {
  const host = makeHost({ ip: readIp(`${fixture("l3-guest").folder}/current/ip`), networkd });
  host.addFile("/etc/systemd/network/10-cloudbr0.network", "[Match]\nName=cloudbr0\n");
  for (const family of [4, 6]) host.addFile(`/proc/sys/net/ipv${family}/route/max_size`, maxSize);
  host.boot();
  const list = Array.from({ length: guests }, (_, n) => ({
    name: `g${n}`,
    dev: "cloudbr0",
    mac: "52:02:00:00:00:01",
    addresses: [`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`].map((text) => text.replace(/^10\.0\.0\.0$/, "10.9.9.9")),
  }));
  const given = [{ owner: "a", source: "a", path: null, text: JSON.stringify({ version: 1, guests: list }) }];
  const result = await planCommand(await contextOf(host), { given, runtime: false, adopt: false });
  return { exitCode: result.exitCode, said: result.messages.map(({ text }) => text).join("\n") };
}

test("what this networkd would ignore is refused, with what lifts its limit", async () => {
  const refused = await planned(8193, 257, "2147483647\n");
  expect(refused.exitCode).toBe(2);
  expect(refused.said).toContain("cloudbr0 gets 8193 routes, and systemd-networkd 257 on this host loads 8192");
  expect(refused.said).toContain("set net.ipv6.route.max_size=100000 in sysctl.d(5)");
  expect((await planned(8192, 257, "2147483647\n")).exitCode).toBe(1);
  expect((await planned(20_000, 257, "100000\n")).exitCode).toBe(1);
  expect((await planned(20_000, 252, "2147483647\n")).exitCode).toBe(1);
});

test("what no networkd takes in good time is refused, and no sysctl is named", async () => {
  for (const networkd of [252, 257]) {
    const { exitCode, said } = await planned(20_001, networkd, "100000\n");
    expect(exitCode).toBe(2);
    expect(said).toContain("cloudbr0 gets 20001 routes, and netkeep gives no link more than 20000");
    expect(said).not.toContain("max_size");
  }
});
