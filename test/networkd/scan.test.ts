import { describe, expect, test } from "vitest";
import { assignments, scanFile } from "../../src/networkd/scan.ts";

const path = "/etc/systemd/network/10-x.network";

/** `Section.Key=value@line` of everything that was read. */
function read(text: string): string[] {
  return scanFile(path, text).sections.flatMap((section) =>
    section.assignments.map(({ key, value, line }) => `${section.name}.${key}=${value}@${line}`),
  );
}

describe("scanFile", () => {
  test.each<[string, string, string[]]>([
    ["sections and keys", "[Match]\nName=br0\n\n[Network]\nDHCP=no\n", ["Match.Name=br0@2", "Network.DHCP=no@5"]],
    ["a section twice stays two", "[Route]\nMetric=1\n[Route]\nMetric=2", ["Route.Metric=1@2", "Route.Metric=2@4"]],
    ["blanks around key and value", " [Match] \n  Name = br0 br1 \t\n", ["Match.Name=br0 br1@2"]],
    ["comments", "# a\n[Match]\n ; b\nName=br0\n", ["Match.Name=br0@4"]],
    ["no inline comments, no quotes", '[Match]\nName="a" # b\n', ['Match.Name="a" # b@2']],
    ["a continuation", "[Match]\nName=a \\\n  b\n", ["Match.Name=a    b@2"]],
    [
      "a comment inside a continuation",
      "[Match]\nName=a\\\n# no\n ;no\nb\nKind=c",
      ["Match.Name=a b@2", "Match.Kind=c@6"],
    ],
    ["an empty line ends a continuation", "[Match]\nName=a\\\n\nKind=b\n", ["Match.Name=a@2", "Match.Kind=b@4"]],
    ["two backslashes are none", "[Match]\nName=a\\\\\nKind=b\n", ["Match.Name=a\\\\@2", "Match.Kind=b@3"]],
    ["a comment does not continue", "[Match]\n# a \\\nName=b\n", ["Match.Name=b@3"]],
    ["a continuation at the end of the file", "[Match]\nName=a\\", ["Match.Name=a@2"]],
    ["a line without =", "[Match]\nName\n=br0\nKind=a=b\n", ["Match.Kind=a=b@4"]],
    ["a key above the first section", "Name=a\n[Match]\nName=b\n", ["Match.Name=b@3"]],
    ["unknown sections", "[X-Foo]\na=b\n[ Match ]\nc=d\n", ["X-Foo.a=b@2", " Match .c=d@4"]],
    ["CRLF", "[Match]\r\nName=a\r\n\r\n[Link]\r\nGroup=1\r\n", ["Match.Name=a@2", "Link.Group=1@5"]],
    ["CR alone", "[Match]\rName=a\r", ["Match.Name=a@2"]],
    ["NUL ends a line", "[Match]\0Name=a\0\0Kind=b", ["Match.Name=a@2", "Match.Kind=b@4"]],
    ["a byte order mark", "\uFEFF[Match]\nName=a\n", ["Match.Name=a@2"]],
    ["an empty value", "[Match]\nName=\n", ["Match.Name=@2"]],
    ["invalid UTF-8 in a comment", "[Match]\n# \uFFFD\nName=a\n", ["Match.Name=a@3"]],
  ])("%s", (_, text, wanted) => {
    expect(read(text)).toEqual(wanted);
    expect(scanFile(path, text).failure).toBeUndefined();
  });

  test.each([
    ["a header without a bracket", "[Match]\nName=a\n[Route\n", 3],
    ["text after a header", "[Match] # x\n", 1],
    ["a single bracket", "[\n", 1],
    ["a quote in a header", '["Match"]\n', 1],
    ["invalid UTF-8", "[Match]\nName=\uFFFD\n", 2],
    ["a line of 1 MiB", `[Match]\nName=${"a".repeat(1024 * 1024)}\n`, 2],
    ["a continued line of 1 MiB", `[Match]\nName=a\\\n${"a".repeat(1024 * 1024 - 5)}\n`, 2],
  ])("gives up at %s", (_, text, line) => {
    expect(scanFile(path, text).failure?.line).toBe(line);
  });

  test("keeps what stands above the failure", () => {
    expect(read("[Match]\nName=a\n[Route\nMetric=1\n")).toEqual(["Match.Name=a@2"]);
  });
});

test("assignments gathers a key over sections and files, resets included", () => {
  const dropIn = scanFile("/run/a.conf", "[Match]\nName=\nName=c\n");
  const sections = [...scanFile(path, "[Match]\nName=a\nKind=x\n[Link]\nName=no\n").sections, ...dropIn.sections];
  expect(assignments(sections, "Match", "Name")).toEqual([
    { key: "Name", value: "a", line: 2, path },
    { key: "Name", value: "", line: 2, path: "/run/a.conf" },
    { key: "Name", value: "c", line: 3, path: "/run/a.conf" },
  ]);
});
