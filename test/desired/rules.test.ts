import { describe, expect, test } from "vitest";
import { toDocument } from "../../src/desired/toDocument.ts";
import { heads, read, titles } from "../support/documents.ts";

const rules = (...lines: string[]) => `version: 1\nrules:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
const uplinks = (...lines: string[]) => `version: 1\nuplinks:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
const said = (text: string) => heads(text).map((head) => head.replace(/^d\.yaml:\d+:\d+: /, ""));

describe("rules", () => {
  test.each([
    ["{ from: 192.0.2.0/24, table: 100, priority: 3200, dev: br0 }", ["from 192.0.2.0/24 lookup 100 priority 3200"]],
    ["{ from: 192.0.2.7, table: main, priority: 1, dev: br0 }", ["from 192.0.2.7/32 lookup 254 priority 1"]],
    [
      "{ to: '2001:DB8:0::/32', table: uplink2, priority: 7, dev: br0 }",
      ["from all to 2001:db8::/32 lookup 202 priority 7"],
    ],
    [
      "{ fwmark: 0x10/0xFF, iif: lo, table: 5, priority: 7, dev: br0 }",
      ["from all fwmark 0x10/0xff iif lo lookup 5 priority 7"],
    ],
    ["{ fwmark: 16, oif: br0, table: 5, priority: 7, dev: br0 }", ["from all fwmark 0x10 oif br0 lookup 5 priority 7"]],
    ["{ iif: br0, type: prohibit, priority: 7, dev: br0 }", ["from all iif br0 prohibit priority 7"]],
    ["{ iif: br0, family: ipv6, table: 5, priority: 7, dev: br0 }", ["from ::/0 iif br0 lookup 5 priority 7"]],
    [
      "{ iif: br0, family: both, table: 4294967295, priority: 4294967295, dev: br0 }",
      [
        "from all iif br0 lookup 4294967295 priority 4294967295",
        "from ::/0 iif br0 lookup 4294967295 priority 4294967295",
      ],
    ],
  ])("%s", (line, texts) => {
    expect(titles(rules(line))).toEqual(texts.map((text) => `rule ${text}`));
    const { state } = read(rules(line));
    expect(titles(JSON.stringify(toDocument(state?.entries.map(({ entry }) => entry) ?? [])))).toEqual(
      texts.map((text) => `rule ${text}`),
    );
  });

  test("inverted ones need AllowDefaultRoute=yes, as they are for nearly all packets", () => {
    const line = "{ fwmark: 51820, invert: true, table: 5, priority: 7, dev: br0 }";
    expect(titles(rules(line), { allowDefaultRoute: true })).toEqual([
      "rule not from all fwmark 0xca6c lookup 5 priority 7",
    ]);
    expect(said(rules(line))).toEqual([
      "rules.0: a rule for all packets but some is as good as a default route; AllowDefaultRoute=yes in netkeep.conf(5) permits it",
    ]);
  });

  test.each([
    ["{ priority: 7, dev: br0 }", "rules.0.table: is missing: the routing table that packets are looked up in"],
    [
      "{ iif: br0, type: blackhole, table: 5, priority: 7, dev: br0 }",
      "rules.0.table: a rule of type blackhole looks into no table",
    ],
    [
      "{ from: 192.0.2.0/24, table: nowhere, priority: 7, dev: br0 }",
      /^rules\.0\.table: "nowhere" is not the name of a table/,
    ],
    [
      "{ from: 192.0.2.0/24, to: '2001:db8::/32', table: 5, priority: 7, dev: br0 }",
      /^rules\.0\.to: 2001:db8::\/32 is not of the family/,
    ],
    [
      "{ from: 192.0.2.0/24, family: ipv6, table: 5, priority: 7, dev: br0 }",
      /^rules\.0\.family: is ipv6, and 192.0.2.0\/24 is of ipv4/,
    ],
    ["{ from: 192.0.2.1/24, table: 5, priority: 7, dev: br0 }", /^rules\.0\.from: .*host bits/],
    ["{ fwmark: 0, iif: br0, table: 5, priority: 7, dev: br0 }", "rules.0.fwmark: must be at least 1"],
    ["{ fwmark: 0x0, iif: br0, table: 5, priority: 7, dev: br0 }", "rules.0.fwmark: must be at least 1"],
    ["{ fwmark: 0x11/0x10, table: 5, priority: 7, dev: br0 }", /^rules\.0\.fwmark: .* fits no packet/],
    ["{ table: 5, priority: 7, dev: br0 }", /^rules\.0: a rule for all packets is as good as a default route/],
    [
      "{ from: 0.0.0.0/0, table: 5, priority: 7, dev: br0 }",
      /^rules\.0: a rule for all packets is as good as a default route/,
    ],
    [
      "{ from: 198.51.100.0/24, type: blackhole, priority: 7, dev: br0 }",
      /^rules\.0: 198.51.100.0\/24 covers 198.51.100.2, an address of this host/,
    ],
    ["{ to: 198.51.100.1, type: prohibit, priority: 7, dev: br0 }", /^rules\.0: 198.51.100.1\/32 covers 198.51.100.1/],
    ["{ from: 192.0.2.0/24, table: 5, priority: 7, dev: eth0 }", /^rules\.0: link eth0 is not in AllowLinks=/],
  ])("%s is refused", (line, problem) => {
    expect(said(rules(line))).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
  });

  test("a source that is the host's own is no mistake where packets are looked up, or came in by a link", () => {
    expect(titles(rules("{ from: 198.51.100.0/24, table: 5, priority: 7, dev: br0 }"))).toHaveLength(1);
    expect(titles(rules("{ from: 198.51.100.0/24, iif: br0, type: blackhole, priority: 7, dev: br0 }"))).toHaveLength(
      1,
    );
  });

  test("without dev: the link of the table's routes in the same document", () => {
    const one = rules("{ from: 192.0.2.0/24, table: 100, priority: 7 }");
    const route = (dev: string, metric: number) =>
      `  - { to: 10.0.0.0/8, dev: ${dev}, table: 100, metric: ${metric} }\n`;
    expect(read(`${one}routes:\n${route("br1", 1)}`).state?.entries.map(({ entry }) => entry.link)).toEqual([
      "br1",
      "br1",
    ]);
    expect(said(one)).toEqual([
      "rules.0.dev: is missing: the link whose drop-in carries the rule; no route of this document is in table 100",
    ]);
    expect(said(`${one}routes:\n${route("br2", 1)}${route("br1", 2)}`)).toEqual([
      "rules.0.dev: is missing: the link whose drop-in carries the rule; routes of this document in table 100 are on br1 and br2",
    ]);
    expect(said(rules("{ from: 192.0.2.0/24, type: prohibit, priority: 7 }"))).toEqual([
      "rules.0.dev: is missing: the link whose drop-in carries the rule",
    ]);
  });

  test("a prefix of length 0 only says the family", () => {
    const line = "{ from: '::/0', iif: br0, table: 5, priority: 7, dev: br0 }";
    expect(titles(rules(line))).toEqual(["rule from ::/0 iif br0 lookup 5 priority 7"]);
    expect(titles(rules("{ to: 0.0.0.0/0, iif: br0, table: 5, priority: 7, dev: br0 }"))).toEqual([
      "rule from all iif br0 lookup 5 priority 7",
    ]);
  });

  test("two that the kernel takes for one are told, whichever comes first", () => {
    const wide = "{ to: 10.2.0.0/16, table: 100, priority: 7, dev: br0 }";
    const narrow = "{ from: 10.1.0.0/16, to: 10.2.0.0/16, table: 100, priority: 7, dev: br0 }";
    const problem =
      "rules.1: the kernel takes this rule and that of rules.0 for one: what it does with their packets is the same";
    expect(said(rules(wide, narrow))).toEqual([problem]);
    expect(said(rules(narrow, wide))).toEqual([problem]);
    expect(read(rules(narrow, wide)).problems[0]).toContain("leave out the one that selects less");
    const inverted = "{ to: 10.2.0.0/16, invert: true, table: 100, priority: 7, dev: br0 }";
    const { problems } = read(rules(wide, inverted), { allowDefaultRoute: true });
    expect(problems).toEqual([expect.stringContaining(problem)]);
    for (const other of ["table: 101, priority: 7", "table: 100, priority: 8"]) {
      const line = `{ from: 10.1.0.0/16, to: 10.2.0.0/16, ${other}, dev: br0 }`;
      expect(titles(rules(wide, line))).toHaveLength(2);
    }
    const [plain, marked] = ["iif: br0", "iif: br0, fwmark: 7, oif: br1"];
    const at = (more: string) => `{ from: 10.1.0.0/16, ${more}, table: 100, priority: 7, dev: br0 }`;
    expect(said(rules(at(marked), at(plain)))).toEqual([problem]);
    expect(titles(rules(at(plain), at("oif: br1, fwmark: 7")))).toHaveLength(2);
  });

  test("two for the same packets at one priority contradict each other", () => {
    const text = rules(
      "{ from: 192.0.2.0/24, table: 100, priority: 7, dev: br0 }",
      "{ from: 192.0.2.0/24, table: 101, priority: 7, dev: br0 }",
      "{ from: 192.0.2.0/24, table: 102, priority: 8, dev: br0 }",
    );
    expect(said(text)).toEqual([
      'rules.1: the IPv4 rule of priority 7 for these packets is asked for twice: here "from 192.0.2.0/24 lookup 101 ' +
        'priority 7 (in the drop-in of br0)", in rules.0 "from 192.0.2.0/24 lookup 100 priority 7 (in the drop-in of br0)"',
    ]);
  });
});

test("a table by its name, in routes too", () => {
  expect(titles("version: 1\nroutes: [{ to: 10.0.0.0/8, dev: br0, table: uplink2 }]\n")).toEqual([
    "route 10.0.0.0/8 dev br0 table 202 proto 107 scope link",
  ]);
  expect(said("version: 1\nroutes: [{ to: 10.0.0.0/8, dev: br0, table: 5x }]\n")).toEqual([
    "routes.0.table: is neither a number nor the name of a table",
  ]);
});

describe("uplinks", () => {
  test("become the routes of a table, and rules from and to the subnet", () => {
    const text = uplinks(
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: 101 }",
      "{ dev: br1, address: '2001:db8:2::5/64', gateway: 'fe80::1', table: uplink2, priority: 99, metric: 7 }",
    );
    expect(titles(text)).toEqual([
      "route 192.0.2.0/24 dev br0 table 101 proto 107 scope link",
      "route 0.0.0.0/0 via 192.0.2.1 dev br0 table 101 proto 107",
      "rule from 192.0.2.0/24 lookup 101 priority 3200",
      "rule from all to 192.0.2.0/24 lookup 101 priority 3200",
      "route 2001:db8:2::/64 dev br1 table 202 proto 107 metric 7",
      "route ::/0 via fe80::1 dev br1 onlink table 202 proto 107 metric 7",
      "rule from 2001:db8:2::/64 lookup 202 priority 99",
      "rule from all to 2001:db8:2::/64 lookup 202 priority 99",
    ]);
    expect(
      read(text)
        .state?.entries.map(({ path }) => path)
        .slice(0, 4),
    ).toEqual(["uplinks.0.address", "uplinks.0.gateway", "uplinks.0.table", "uplinks.0.table"]);
  });

  test.each([
    [
      "{ dev: br0, address: 192.0.2.5, gateway: 192.0.2.1, table: 101 }",
      /^uplinks\.0\.address: .*has no prefix length/,
    ],
    ["{ dev: br0, address: 192.0.2.5/33, gateway: 192.0.2.1, table: 101 }", /^uplinks\.0\.address: .*must be 1 to 32/],
    ["{ dev: br0, address: 192.0.2.5/0, gateway: 192.0.2.1, table: 101 }", /^uplinks\.0\.address: .*must be 1 to 32/],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.3.1, table: 101 }",
      /^uplinks\.0\.gateway: 192.0.3.1 is not in 192.0.2.0\/24/,
    ],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.5, table: 101 }",
      /^uplinks\.0\.gateway: 192.0.2.5 is the address of this host/,
    ],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 'fe80::1', table: 101 }",
      /^uplinks\.0\.gateway: fe80::1 is not of the family/,
    ],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: main }",
      /^uplinks\.0\.table: main is a table that all packets/,
    ],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: 255 }",
      /^uplinks\.0\.table: 255 is a table that all packets/,
    ],
    [
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: nowhere }",
      /^uplinks\.0\.table: "nowhere" is not the name/,
    ],
    ["{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1 }", /^uplinks\.0\.table: is missing/],
    [
      "{ dev: br0, address: '2001:db8::5/64', gateway: '2001:db8::1', table: 101, metric: 0 }",
      /^uplinks\.0\.metric: 0 is not a metric for IPv6/,
    ],
    ["{ dev: eth0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: 101 }", /link eth0 is not in AllowLinks=/],
  ])("%s is refused", (line, problem) => {
    const problems = said(uplinks(line));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(problem);
  });

  test("of two in one table the second is told", () => {
    const text = uplinks(
      "{ dev: br0, address: 192.0.2.5/24, gateway: 192.0.2.1, table: 101 }",
      "{ dev: br1, address: 198.51.101.5/24, gateway: 198.51.101.1, table: 101 }",
    );
    expect(said(text)).toEqual([
      expect.stringMatching(
        /^uplinks\.1\.gateway: the route to 0\.0\.0\.0\/0 \(table 101, metric 0\) is asked for twice/,
      ),
    ]);
  });
});
