import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { batchesOf, batchText, replacedRules } from "../../src/kernel/batch.ts";
import { parseRules } from "../../src/kernel/parseRules.ts";
import type { KernelChange } from "../../src/model/change.ts";
import { ruleKey, ruleText } from "../../src/model/rule.ts";
import { neighbor, route, rule } from "../support/build.ts";

const captured = (name: string) => readFileSync(new URL(`captured/${name}`, import.meta.url), "utf8");
const read = (name: string, family: 4 | 6) =>
  parseRules(captured(name), family).map((found) => [ruleText(found), found.protocol, ruleKey(found)]);

test("what a real `ip` prints of rules, without those of the kernel", () => {
  const from = "from 1.2.3.4/32";
  expect(read("rule4.json", 4)).toEqual([
    [
      "not from 10.0.0.0/8 to 10.1.0.1/32 fwmark 0x10/0xff iif lo oif cloudbr1 prohibit priority 50",
      107,
      "rule 4 50 not from 10.0.0.0/8 to 10.1.0.1/32 fwmark 0x10/0xff iif lo oif cloudbr1",
    ],
    ["from all iif nosuch blackhole priority 60", 0, "rule 4 60 from all iif nosuch"],
    ["from all fwmark 0x10 unreachable priority 61", 0, "rule 4 61 from all fwmark 0x10"],
    [
      `${from} tos 0x10 suppress_prefixlen 0 lookup 254 priority 62`,
      0,
      `rule 4 62 ${from} tos 0x10 suppress_prefixlen 0`,
    ],
    [
      `${from} uid_start 1 uid_end 5 ipproto ipproto-6 sport_start 1 sport_end 3 dport 5 goto 32766 priority 63`,
      0,
      `rule 4 63 ${from} uid_start 1 uid_end 5 ipproto ipproto-6 sport_start 1 sport_end 3 dport 5 goto 32766`,
    ],
    [
      expect.stringMatching(/^from all (nop|action 3) priority 64$/),
      0,
      expect.stringMatching(/^rule 4 64 from all (nop|action 3)$/),
    ],
    ["from 10.98.0.0/16 lookup 100 priority 3200", 4, "rule 4 3200 from 10.98.0.0/16"],
  ]);
  expect(read("rule6.json", 6)).toEqual([
    ["from all to 2001:db8::/32 lookup 4294967295 priority 65", 0, "rule 6 65 from all to 2001:db8::/32"],
    ["from ::/0 iif cloudbr0 lookup 7 priority 66", 186, "rule 6 66 from ::/0 iif cloudbr0"],
  ]);
  expect(parseRules("", 4)).toEqual([]);
  expect(() => parseRules('[{"src":"all"}]', 4)).toThrow();
});

test("rules of IPv6 go to an `ip -6` of their own, in the order of the changes", () => {
  const six = rule({ from: "2001:db8::/32" });
  const changes: KernelChange[] = [
    { action: "add", entry: neighbor("192.0.2.1", "02:00:00:00:00:01", "br0") },
    { action: "add", entry: rule({ type: "prohibit", from: "10.0.0.0/8", table: 254 }) },
    { action: "replace", entry: six, before: { ...six, table: 7 } },
    { action: "remove", entry: rule({ family: 6, iif: "br0", protocol: 107 }) },
    { action: "remove", entry: route("10.1.0.0/16", "br0") },
  ];
  const text = (list: readonly KernelChange[]) =>
    batchesOf(list).map(({ options, changes: some }) => [...options, ...batchText(some, 107).trim().split("\n")]);
  expect(text(changes)).toEqual([
    [
      "neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent protocol 107",
      "rule add from 10.0.0.0/8 prohibit priority 3200 table 254 protocol 4",
    ],
    [
      "-6",
      "rule add from 2001:db8::/32 lookup 100 priority 3200 protocol 4",
      "rule del from ::/0 iif br0 lookup 100 priority 3200 protocol 107",
    ],
    ["route del 10.1.0.0/16 dev br0 table 254 proto 107 metric 0"],
  ]);
  expect(text(replacedRules(changes))).toEqual([
    ["-6", "rule del from 2001:db8::/32 lookup 7 priority 3200 protocol 4"],
  ]);
});
