import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findingCodes } from "../../src/model/finding.ts";
import { auditMetrics, failedAuditMetrics } from "../../src/report/auditMetrics.ts";
import { exposition } from "../../src/report/exposition.ts";
import { neighbor, owner, route } from "../support/build.ts";
import { read, section } from "../support/docs.ts";
import { parseExposition } from "../support/exposition.ts";
import { finding, report } from "../support/reports.ts";
import { auditAs, driftedHost, hostileHost, hostileNames, rightHost } from "../support/reviewHosts.ts";

const drifted = report({
  exitCode: 1,
  owners: [
    owner("a", [route("10.0.0.1/32", "br0"), neighbor("10.0.0.1", "02:00:00:00:00:01", "br0")]),
    owner("b", [route("10.0.0.1/32", "br0"), route("10.1.0.0/16", "br1")], { persistence: "runtime" }),
  ],
  findings: [
    finding(),
    finding({ expected: "another" }),
    finding({ code: "reload-pending", severity: "warning", layer: "networkd", link: null }),
  ],
});

describe("metrics", () => {
  test("of an audit, as a file", async () => {
    const text = auditMetrics(drifted);
    // The list of codes grows; below it is looked at by itself.
    const stable = text.replace(/^netkeep_audit_code_findings\{.*\} 0\n/gm, "");
    await expect(stable).toMatchFileSnapshot("expected/drifted.prom");
  });

  test("each view of the findings sums up to their number, zeros included", () => {
    const samples = parseExposition(auditMetrics(drifted));
    for (const name of ["netkeep_audit_findings", "netkeep_audit_code_findings", "netkeep_audit_link_findings"]) {
      const sum = samples.filter((sample) => sample.name === name).reduce((total, { value }) => total + value, 0);
      expect(sum, name).toBe(3);
    }
    const codes = samples
      .filter(({ name }) => name === "netkeep_audit_code_findings")
      .map(({ labels }) => labels["code"]);
    expect(codes).toEqual(findingCodes);
  });

  test("of a failed audit: that it failed, and when", () => {
    const samples = parseExposition(failedAuditMetrics({ version: "1", time: 5000, duration: 100, exitCode: 2 }));
    expect(samples.map(({ name, value }) => [name, value])).toEqual([
      ["netkeep_info", 1],
      ["netkeep_audit_timestamp_seconds", 5],
      ["netkeep_audit_duration_seconds", 0.1],
      ["netkeep_audit_exit_status", 2],
    ]);
  });

  test("have the same names, labels and order of labels whatever was found, and no owner", async () => {
    const shapes = (text: string) =>
      parseExposition(text)
        .filter(({ name }) => name !== "netkeep_audit_link_findings")
        .map(({ name, labels }) => `${name} ${Object.keys(labels).join(",")}`);
    const right = await auditAs(await rightHost(), "prometheus");
    const wrong = await auditAs(await driftedHost(), "prometheus");
    expect(shapes(wrong)).toEqual(shapes(right));
    const hostile = await auditAs(await hostileHost(), "prometheus");
    for (const sample of parseExposition(hostile)) {
      for (const value of Object.values(sample.labels)) expect(hostileNames).not.toContain(value);
    }
    const links = parseExposition(hostile).flatMap(({ labels }) => labels["link"] ?? []);
    expect(links.sort()).toEqual(["<script>alert(6)</script>", "cloudbr0"]);
  });

  test("are those of netkeep(8)", () => {
    const items = section(read("docs/netkeep.8"), "METRICS").matchAll(/^\.It Sy (\w+)(?: Ns Brq Sy (.*))?$/gm);
    const documented = [...items].map(([, name, labels]) => `${name} ${(labels ?? "").replaceAll(" ", "")}`);
    const shapes = parseExposition(auditMetrics(drifted)).map(
      ({ name, labels }) => `${name} ${Object.keys(labels).join(",")}`,
    );
    expect(documented).toEqual([...new Set(shapes)]);
  });
});

describe("the text format", () => {
  test("any label value and any number comes back", () => {
    const value = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat());
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), value, (text, help, number) => {
        const written = exposition([{ name: "m", help, samples: [{ labels: { l: text, k: "" }, value: number }] }]);
        const [sample, ...more] = parseExposition(written.replaceAll("\r", "?"));
        expect(more).toEqual([]);
        expect(sample?.labels).toEqual({ l: text.replaceAll("\r", "?"), k: "" });
        expect(sample?.value).toBe(Object.is(number, -0) ? 0 : number);
      }),
    );
  });

  test("what is no number, and half a character", () => {
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value, index) => ({
      labels: { l: `\ud800${index}` },
      value,
    }));
    expect(
      exposition([
        { name: "m", help: "a\\b\nc", samples },
        { name: "n", help: "", samples: [] },
      ]),
    ).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{l="\ufffd0"} NaN\nm{l="\ufffd1"} +Inf\nm{l="\ufffd2"} -Inf\n');
  });

  test.each([
    ["no newline at the end", "# HELP a b\n# TYPE a gauge\na 1"],
    ["a sample without a family", "a 1\n"],
    ["a quote that is not escaped", '# HELP a b\n# TYPE a gauge\na{l="""} 1\n'],
    ["a backslash that is not escaped", '# HELP a b\n# TYPE a gauge\na{l="\\x"} 1\n'],
    ["a time", "# HELP a b\n# TYPE a gauge\na 1 1700000000\n"],
    ["a series twice", '# HELP a b\n# TYPE a gauge\na{l="1"} 1\na{l="1"} 2\n'],
    ["a family twice", "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\n"],
    ["an empty line", "\n"],
  ])("the grammar of these tests refuses %s", (_, text) => {
    expect(() => parseExposition(text)).toThrow(Error);
  });
});
