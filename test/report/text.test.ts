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
  bridges: [],
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
const empty: Plan = { bridges: [], kernel: [], files: [], reloads: [], notes: [] };

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

  test("by link, the worst first: what is wrong, the entries with a mark, whose they are, what to do", () => {
    expect(auditText(findings, plainStyle, false)).toBe(`a0  1 error
  error kernel-differs: the route is not in the kernel
    ~ expected: E
      actual:   A
    owner: \\u{1b}[31mx\\u{a}
    do: netkeep audit --repair

br0  2 errors
  error kernel-missing: the route is not in the kernel
    - E
    owner: vm
    do: netkeep audit --repair
  error kernel-extra: the route is not in the kernel
    + A
    do: netkeep audit --repair

host  1 warning
  warning reload-pending: one
    two
    do: netkeep audit --repair
`);
    expect(auditText([], plainStyle, false)).toBe("");
  });

  test("what is said of many entries is said once, with the owners where they differ", () => {
    const many = [finding({}), finding({ expected: "F", owner: "other" })];
    expect(auditText(many, plainStyle, false)).toBe(`br0  2 errors
  error kernel-missing: the route is not in the kernel
    - E
      owner: vm
    - F
      owner: other
    do: netkeep audit --repair
`);
  });

  test("coloured by severity and by mark, around whole words and lines", () => {
    const lines = auditText(findings, colourStyle, false).split("\n");
    expect(lines).toContain("\u001b[31m  error kernel-missing\u001b[39m: the route is not in the kernel");
    expect(lines).toContain("\u001b[31m    - E\u001b[39m");
    expect(lines).toContain("\u001b[32m    + A\u001b[39m");
    expect(lines).toContain("\u001b[33m    ~ expected: E\u001b[39m");
    expect(lines).toContain("\u001b[2m    do: netkeep audit --repair\u001b[22m");
  });

  test("at 80 columns, words that are longer aside", () => {
    const mac = "52:02:45:76:d2:35";
    const entry = `neighbor 2001:db8:1234:5678:9abc:def0:1234:5678 lladdr ${mac} dev cloudbr0 nud permanent`;
    const path = `/etc/systemd/network/${"a".repeat(80)}.network.d/60-netkeep.conf`;
    const text = auditText(
      [
        finding({ expected: entry, actual: entry }),
        finding({ message: `the route does not stand in ${path}, which is edited by hand`, expected: entry }),
      ],
      plainStyle,
      false,
    );
    for (const line of text.split("\n")) if (!line.includes(path)) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toContain(
      "    ~ expected: neighbor 2001:db8:1234:5678:9abc:def0:1234:5678 lladdr\n                52:02",
    );
    expect(text).toContain(`\n    ${path},`);
  });

  test("many are abbreviated, unless all are asked for", () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      finding({ link: `br${index % 20}`, expected: `entry ${index}`, code: index % 2 ? "kernel-missing" : "conflict" }),
    );
    const text = auditText(many, plainStyle, false);
    expect(text.split("\n").length).toBeLessThan(120);
    expect(text).toContain("    - entry 20\n    - entry 40\n    and 47 more\n    owner: vm\n");
    expect(text).toMatch(
      /\n\nand 8 more links with 400 findings\nThis is a part of 1000 .* audit --all prints each\.\n$/,
    );
    const all = auditText(many, plainStyle, true);
    for (const { expected } of many) expect(all).toContain(`    - ${expected}\n`);
    expect(all).not.toMatch(/more|--all/);
    expect(auditText(many.slice(0, 50), plainStyle, false)).toBe(auditText(many.slice(0, 50), plainStyle, true));
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
    const changed = 1_790_000_000_000;
    expect(showText([owner("vm", [], { changed })], changed + age, plainStyle)).toContain(`${text} old`);
  });

  test("what drop-ins say in the place of a document has no age", () => {
    expect(showText([owner("vm", [], { changed: 0 })], 1_790_000_000_000, plainStyle)).not.toContain("old");
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
