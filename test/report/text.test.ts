import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/model/change.ts";
import type { Finding } from "../../src/model/finding.ts";
import { auditSummary, auditText } from "../../src/report/auditText.ts";
import { noteText, planSummary, planText } from "../../src/report/planText.ts";
import { showText } from "../../src/report/showText.ts";
import { colourStyle, count, plainStyle } from "../../src/report/style.ts";
import { neighbor, owner, route } from "../support/build.ts";

const peer = neighbor("10.0.0.1", "02:00:00:00:00:01", "br0");
const moved = neighbor("10.0.0.1", "02:00:00:00:00:02", "br0");
const plan: Plan = {
  kernel: [
    { action: "add", entry: route("10.1.0.0/16", "br0") },
    { action: "replace", entry: peer, before: moved },
    { action: "remove", entry: route("10.2.0.0/16", "br0") },
  ],
  files: [
    { action: "write", path: "/etc/new.conf", text: "[Route]\nA=1\n", before: null },
    { action: "write", path: "/etc/changed.conf", text: "A=1\nB=2\n", before: "A=1\nB=1\n" },
    { action: "remove", path: "/etc/old.conf", before: "A=1\n" },
  ],
  reloads: ["br0", "br1"],
  notes: [],
};
const empty: Plan = { kernel: [], files: [], reloads: [], notes: [] };

describe("a plan", () => {
  test("kernel lines, then a unified diff of each file", () => {
    expect(planText(plan, plainStyle)).toBe(`kernel
+ route 10.1.0.0/16 dev br0 proto 107 scope link
~ neighbor 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent (was 10.0.0.1 lladdr 02:00:00:00:00:02 dev br0 nud permanent)
- route 10.2.0.0/16 dev br0 proto 107 scope link

--- /dev/null
+++ /etc/new.conf
@@ -0,0 +1,2 @@
+[Route]
+A=1

--- /etc/changed.conf
+++ /etc/changed.conf
@@ -1,2 +1,2 @@
 A=1
-B=1
+B=2

--- /etc/old.conf
+++ /dev/null
@@ -1,1 +0,0 @@
-A=1
`);
    expect(planText(empty, plainStyle)).toBe("");
  });

  test("coloured only around whole lines", () => {
    const lines = planText(plan, colourStyle).split("\n");
    expect(lines).toContain("\u001b[32m+ route 10.1.0.0/16 dev br0 proto 107 scope link\u001b[39m");
    expect(lines).toContain("\u001b[31m-B=1\u001b[39m");
    expect(lines).toContain(" A=1");
  });

  test("in one line", () => {
    expect(planSummary(plan)).toBe("3 changes in the kernel, 3 files, one reload for br0, br1");
    expect(planSummary({ ...empty, kernel: plan.kernel.slice(0, 1), files: plan.files.slice(0, 1) })).toBe(
      "1 change in the kernel, 1 file",
    );
  });

  test.each([
    ["info", "note: x"],
    ["warning", "warning: x"],
    ["refusal", "refused: x"],
  ] as const)("a note of level %s", (level, text) => {
    expect(noteText({ level, link: null, text: "x" })).toBe(text);
  });
});

describe("findings", () => {
  const finding = (more: Partial<Finding>): Finding => ({
    code: "kernel-missing",
    severity: "error",
    layer: "kernel",
    owner: "vm",
    link: "br0",
    expected: "E",
    actual: null,
    message: "the route is not in the kernel",
    fix: "netkeep audit --repair",
    ...more,
  });
  const findings = [
    finding({}),
    finding({ code: "kernel-extra", owner: null, expected: null, actual: "A" }),
    finding({
      code: "reload-pending",
      severity: "warning",
      layer: "networkd",
      link: null,
      owner: null,
      expected: null,
      message: "one\ntwo",
    }),
    finding({ code: "kernel-differs", link: "a0", actual: "A", owner: "\u001b[31mx\n" }),
  ];

  test("by link, with a mark, and what to do", () => {
    expect(auditText(findings, plainStyle)).toBe(`a0
  ~ kernel-differs: kernel (owner \\u{1b}[31mx\\u{a}): the route is not in the kernel
      expected: E
      actual:   A
      do:       netkeep audit --repair

br0
  - kernel-missing: kernel (owner vm): the route is not in the kernel
      expected: E
      do:       netkeep audit --repair
  + kernel-extra: kernel: the route is not in the kernel
      actual:   A
      do:       netkeep audit --repair

host
  ~ reload-pending: networkd: one
      two
      do:       netkeep audit --repair
`);
    expect(auditText([], plainStyle)).toBe("");
  });

  test("in one line", () => {
    expect(auditSummary([])).toBe("as desired: documents, drop-ins, networkd and kernel agree");
    expect(auditSummary(findings)).toBe("4 findings: 3 errors, 1 warning");
    expect(auditSummary([finding({ severity: "info" })])).toBe("1 finding: 1 info");
  });
});

describe("owners", () => {
  const minute = 60_000;
  test.each([
    [0, "under a minute"],
    [-5000, "under a minute"],
    [minute, "1 min"],
    [119 * minute, "119 min"],
    [120 * minute, "2 h"],
    [47 * 60 * minute, "47 h"],
    [48 * 60 * minute, "2 days"],
  ])("%i ms: %s old", (age, text) => {
    expect(showText([owner("vm", [], { changed: 0 })], age, plainStyle)).toContain(`${text} old`);
  });

  test("a paragraph each, and nothing that a terminal would obey", () => {
    const owners = [
      owner("a", [route("10.1.0.0/16", "br0")]),
      owner("b\u001b[31m", [peer, moved], { persistence: "runtime", source: "x\n" }),
    ];
    expect(
      showText(owners, 1000, plainStyle),
    ).toBe(`a  persistent, 1 entry, under a minute old, from /etc/netkeep/desired.d/a.yaml
  route 10.1.0.0/16 dev br0 proto 107 scope link                    routes.0

b\\u{1b}[31m  runtime, 2 entries, under a minute old, from x\\u{a}
  neighbor 10.0.0.1 lladdr 02:00:00:00:00:01 dev br0 nud permanent  routes.0
  neighbor 10.0.0.1 lladdr 02:00:00:00:00:02 dev br0 nud permanent  routes.1
`);
  });
});

test.each([
  [0, "entry", "0 entries"],
  [1, "entry", "1 entry"],
  [2, "route", "2 routes"],
])("%i %s", (number, noun, text) => {
  expect(count(number, noun)).toBe(text);
});
