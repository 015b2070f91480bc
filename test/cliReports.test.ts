import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { outputSchemas } from "../src/report/schemas.ts";
import { ensureBuilt, netkeep, temporaryFolder } from "./support/cli.ts";
import { parseExposition } from "./support/exposition.ts";
import { desired, image } from "./support/image.ts";

beforeAll(ensureBuilt);

const formats = ["text", "json", "prometheus", "html"] as const;
const begins = {
  text: "cloudbr0  2 errors\n",
  json: '{\n  "host": null,',
  prometheus: "# HELP netkeep_info ",
  html: "<!doctype html>\n",
};

describe("audit --format", () => {
  test.each(formats)("%s: the exit status says whether there is drift, whatever is printed", (format) => {
    const root = image(desired);
    const differs = netkeep(["audit", "--root", root, "--format", format]);
    expect(differs).toMatchObject({ status: 1, stderr: "2 findings: 2 errors\n" });
    expect(differs.stdout.startsWith(begins[format])).toBe(true);
    expect(netkeep(["apply", "--root", root]).status).toBe(0);
    expect(netkeep(["audit", "--root", root, "--format", format])).toMatchObject({
      status: 0,
      stderr: "as desired: documents, drop-ins, networkd and kernel agree\n",
    });
  });

  test("json is --json=pretty, unless --json or -j say which", () => {
    const run = (...args: string[]) =>
      netkeep(["audit", "--root", image(desired), ...args]).stdout.replace(/"(time|duration)": ?[\d.]+/g, "");
    expect(run("--format=json")).toBe(run("--json=pretty"));
    expect(run("--format=json", "-j")).toBe(run("-j"));
    expect(run("--format=json", "--json=short")).toBe(run("-j"));
    expect(run("--format=text", "--json=off")).toBe(run());
  });

  test("what --json says and what the metrics say is the same", () => {
    const root = image(desired);
    const { exitCode, version, summary } = outputSchemas.audit.parse(
      JSON.parse(netkeep(["audit", "-j", "--root", root]).stdout),
    );
    expect({ exitCode, version, summary }).toEqual({
      exitCode: 1,
      version: "0.1.0",
      summary: { errors: 2, warnings: 0, infos: 0, owners: 1, routes: 1, neighbors: 1, rules: 0 },
    });
    const samples = parseExposition(netkeep(["audit", "--format=prometheus", "--root", root]).stdout);
    const value = (name: string, labels = {}) =>
      samples.find((sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
    expect(value("netkeep_audit_exit_status")).toBe(1);
    expect(value("netkeep_info", { version: "0.1.0" })).toBe(1);
    expect(value("netkeep_audit_findings", { severity: "error" })).toBe(2);
    expect(value("netkeep_desired_entries", { kind: "route" })).toBe(1);
    expect(Math.abs((value("netkeep_audit_timestamp_seconds") ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });
});

describe("audit --output", () => {
  test.each(formats)("%s: the file has what stdout would have, with mode 0644 and nothing beside it", (format) => {
    const folder = temporaryFolder();
    const file = join(folder, "report");
    writeFileSync(file, "old");
    chmodSync(file, 0o600);
    // Relative to the working directory, and never below --root.
    const under = ["sh", "-c", 'umask 077; exec "$0" "$@"'];
    const ran = netkeep(["audit", "--root", image(desired), "--format", format, "--output", "report"], {
      cwd: folder,
      under,
    });
    expect(ran).toMatchObject({ status: 1, stdout: "", stderr: "2 findings: 2 errors\n" });
    expect(readFileSync(file, "utf8").startsWith(begins[format])).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(["report"]);
  });

  test("- is stdout; no colour gets into a file unless asked for", () => {
    expect(netkeep(["audit", "--root", image(desired), "--output=-"]).stdout).toContain("dropin-missing");
    const file = join(temporaryFolder(), "report");
    netkeep(["audit", "--root", image(desired), "--output", file, "--color=always"]);
    expect(readFileSync(file, "utf8")).toContain("\u001b[31m");
  });

  test("what cannot be written is an error, and a link is not followed", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "target"), "kept");
    symlinkSync("target", join(folder, "link"));
    const ran = netkeep(["audit", "--root", image(desired), "--output", join(folder, "link")]);
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining("is a symbolic link; move it away") });
    expect(readFileSync(join(folder, "target"), "utf8")).toBe("kept");
  });

  test("a directory that is not there is not made, and nothing is repaired before that is said", () => {
    const root = image(desired);
    const folder = temporaryFolder();
    const ran = netkeep(["audit", "--repair", "--root", root, "--output", join(folder, "new/report")]);
    expect(ran).toEqual({
      status: 64,
      stdout: "",
      stderr: `netkeep: cannot write ${folder}/new/report: there is no directory ${folder}/new\n`,
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(netkeep(["audit", "--root", root]).status).toBe(1);
  });
});

test("an audit that fails leaves metrics that say so; other formats leave the old file", () => {
  const root = image({ "/var/lib/netkeep/owners/a.json": "{", "/etc/netkeep/desired.d/a.yaml": "version: 1\n" });
  const twin = { "/etc/netkeep/desired.d/a.yml": "version: 1\n" };
  const broken = image({ ...twin, "/etc/netkeep/desired.d/a.yaml": "version: 1\n" });
  const statuses = [root, broken].map((dir) => {
    const { status, stdout } = netkeep(["audit", "--format=prometheus", "--root", dir]);
    const samples = parseExposition(stdout);
    return [status, samples.find(({ name }) => name === "netkeep_audit_exit_status")?.value, samples.length];
  });
  for (const [status, metric, number] of statuses.filter(([status = 0]) => (status ?? 0) > 1)) {
    expect(metric).toBe(status);
    expect(number).toBe(4);
  }
  expect(statuses.some(([status = 0]) => (status ?? 0) > 1)).toBe(true);
});
