/**
 * Two upstreams of one host, and the same client behind both: with one default route the replies of one of them leave by the
 * other. And what networkd does with policy rules: those of a drop-in, live ones, and those of others.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { type MonitorLine, startMonitor } from "./support/monitor.ts";
import { netkeep } from "./support/netkeep.ts";
import { inNamespace, ipBatch } from "./support/network.ts";
import { suites } from "./support/recipe.ts";
import { apply, bootScenario, expectClean, waitFor } from "./support/scenario.ts";

/** The host has .5 and ::5 in each; the default routes of table main go by the first. */
const upstreams = [
  { link: "wan1", v4: "198.51.100", v6: "2001:db8:a1::", table: 101 },
  { link: "wan2", v4: "203.0.113", v6: "2001:db8:a2::", table: 102 },
] as const;
const client = { v4: "192.0.2.77", v6: "2001:db8:c::77" };

const uplinks = `version: 1
uplinks:
${upstreams
  .flatMap(({ link, v4, v6, table }) => [
    `  - { dev: ${link}, address: ${v4}.5/24, gateway: ${v4}.1, table: ${table} }`,
    `  - { dev: ${link}, address: "${v6}5/64", gateway: "${v6}1", table: ${table} }`,
  ])
  .join("\n")}
rules:
  - { fwmark: 0x10/0xff, family: both, priority: 3100, table: 102, dev: wan2 }
  - { from: 10.66.0.0/16, type: prohibit, priority: 3300, dev: wan2 }
`;
const rulesInAll = 11;
const foreign = ["from 10.55.0.0/16 lookup 55 priority 3200", "from 10.56.0.0/16 lookup 55 priority 77 protocol 186"];

describe.each(suites)("policy rules on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite, Object.fromEntries(upstreams.map((upstream) => baseFile(upstream))));
    await addUpstreams(host);
    for (const rule of foreign) await host.run(["ip", "rule", "add", ...rule.split(" ")]);
    await waitFor(async () => (await host.run(["ip", "-6", "route"])).stdout.includes("default via 2001:db8:a1::1"));
  });
  afterAll(() => host?.stop());

  test("before, replies to the second upstream leave by the first", async () => {
    await expectAnswers(host, { wan1: [true, true], wan2: [false, false] });
  });

  test("with uplinks, replies leave by the link that they were asked on; networkd takes the rules over", async () => {
    const events = await rulesDuring(host, async () => {
      const result = await apply(host, uplinks);
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    });
    expect(events.filter(({ deleted }) => deleted)).toEqual([]);
    expect(events).toHaveLength(rulesInAll);
    await expectAnswers(host, { wan1: [true, true], wan2: [true, true] });
    await expectClean(host);
  });

  test("a change of one rule and a reload touch no other rule", async () => {
    const events = await rulesDuring(host, async () => {
      expect(await apply(host, uplinks.replace("10.66.0.0/16", "10.67.0.0/16"))).toMatchObject({ exitCode: 0 });
      await host.run(["networkctl", "reload"]);
    });
    expect(events.map(({ deleted, text }) => [deleted, /10\.6[67]/.exec(text)?.[0] ?? text])).toEqual([
      [false, "10.67"],
      [true, "10.66"],
    ]);
    await expectClean(host);
  });

  test("a rule that somebody deletes is missed and repaired; one with another table is replaced", async () => {
    await host.run(["ip", "rule", "del", "from", "203.0.113.0/24", "lookup", "102"]);
    await host.run(["ip", "-6", "rule", "add", "from", "2001:db8:a2::/64", "lookup", "9", "priority", "3200"]);
    await host.run(["ip", "-6", "rule", "del", "from", "2001:db8:a2::/64", "lookup", "102", "priority", "3200"]);
    const audit = await netkeep(host, ["audit"], { reject: false });
    expect(audit.exitCode).toBe(1);
    expect(audit.stdout).toContain("- rule from 203.0.113.0/24 lookup 102 priority 3200");
    expect(audit.stdout).toMatch(
      /expected: rule from 2001:db8:a2::\/64 lookup 102[\s\S]*actual: +rule from 2001:db8:a2::\/64 lookup 9/,
    );
    expect(await netkeep(host, ["audit", "--repair"], { reject: false })).toMatchObject({ exitCode: 0 });
    await expectClean(host);
    await expectAnswers(host, { wan1: [true, true], wan2: [true, true] });
  });

  test("after a reboot all of it is there again; the rules of others were nobody's to keep", async () => {
    await host.reboot();
    await addUpstreams(host);
    await waitFor(async () => (await ruleCount(host)) === rulesInAll);
    await netkeep(host, ["settle"]);
    await expectClean(host);
    await expectAnswers(host, { wan1: [true, true], wan2: [true, true] });
    for (const rule of foreign) await host.run(["ip", "rule", "add", ...rule.split(" ")]);
  });

  test("a restart of networkd touches none; taken out of the document they go, and those of others stay", async () => {
    const events = await rulesDuring(host, async () => {
      await host.run(["systemctl", "restart", "systemd-networkd"]);
      await waitFor(async () => {
        const states = (await host.run(["networkctl", "list", "--no-legend"])).stdout;
        return states.match(/wan\d .* configured/g)?.length === upstreams.length;
      });
    });
    expect(events).toEqual([]);
    // 257 has forgotten by now which rules it had set.
    expect(await apply(host, "version: 1\n")).toMatchObject({ exitCode: 0 });
    const left = (await host.run(["ip", "rule"])).stdout;
    expect(left).toContain("from 10.55.0.0/16 lookup 55");
    expect(left).toContain("from 10.56.0.0/16 lookup 55");
    expect(await ruleCount(host)).toBe(foreign.length);
    await expectClean(host);
  });
});

function baseFile({ link, v4, v6 }: (typeof upstreams)[number]): [string, string] {
  const gateways = link === "wan1" ? `Gateway=${v4}.1\nGateway=${v6}1\n` : "";
  const addresses = `Address=${v4}.5/24\nAddress=${v6}5/64\n`;
  const text = `[Match]\nName=${link}\n[Network]\nIPv6AcceptRA=no\nLinkLocalAddressing=ipv6\n${addresses}${gateways}`;
  return [`/etc/systemd/network/20-${link}.network`, text];
}

/** Behind each link a router, and behind each router the one client. */
async function addUpstreams(host: LabHost): Promise<void> {
  for (const { link, v4, v6 } of upstreams) {
    await ipBatch(host, [`netns add ${link}`, `link add ${link} type veth peer name eth0 netns ${link}`]);
    await host.run(
      inNamespace(link, ["sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]),
    );
    await ipBatch(
      host,
      [
        "link set lo up",
        "link set eth0 up",
        `addr add ${v4}.1/24 dev eth0`,
        `addr add ${v6}1/64 dev eth0 nodad`,
        `addr add ${client.v4}/32 dev lo`,
        `addr add ${client.v6}/128 dev lo nodad`,
      ],
      link,
    );
  }
  await waitFor(async () => {
    const addresses = (await host.run(["ip", "-6", "addr", "show", "scope", "global"])).stdout;
    return upstreams.every(({ v6 }) => addresses.includes(`${v6}5`)) && !addresses.includes("tentative");
  });
}

/** Neighbors may have to be found first, so what is not yet so is asked again. */
async function expectAnswers(host: LabHost, expected: Record<string, boolean[]>): Promise<void> {
  const end = Date.now() + 15_000;
  let found = await answered(host);
  while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < end) found = await answered(host);
  expect(found).toEqual(expected);
}

/** Whether the client behind each router gets an answer from the host's address there: IPv4, IPv6. */
async function answered(host: LabHost): Promise<Record<string, boolean[]>> {
  const ask = async (namespace: string, from: string, to: string) => {
    const words = ["ping", "-c", "1", "-W", "1", "-I", from, to];
    return (await host.run(inNamespace(namespace, words), { reject: false })).exitCode === 0;
  };
  const all = upstreams.map(async ({ link, v4, v6 }) => [
    link,
    await Promise.all([ask(link, client.v4, `${v4}.5`), ask(link, client.v6, `${v6}5`)]),
  ]);
  return Object.fromEntries(await Promise.all(all));
}

async function rulesDuring(host: LabHost, act: () => Promise<void>): Promise<MonitorLine[]> {
  const monitor = await startMonitor(host);
  await act();
  return (await monitor.stop()).filter(({ kind }) => kind === "rule");
}

async function ruleCount(host: LabHost): Promise<number> {
  const texts = await Promise.all(["-4", "-6"].map((family) => host.run(["ip", family, "rule"])));
  return texts.reduce((sum, { stdout }) => sum + stdout.trim().split("\n").length, 0) - 5;
}
