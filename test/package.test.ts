import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { files } from "../scripts/packaging/tree.mjs";
import { read, repo } from "./support/docs.ts";

const folder = mkdtempSync(join(tmpdir(), "netkeep-package-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** In CI every tool was installed, so a test that cannot run fails there. */
const lacks = (program: string) => process.env["CI"] !== "true" && spawnSync(program, ["--version"]).status !== 0;
const run = (program: string, args: readonly string[]) => {
  const result = spawnSync(program, args, { encoding: "utf8" });
  expect(result.status, result.stderr).toBe(0);
  return result.stdout;
};

/** On another machine: another umask, zone, language and directory, the same sources. */
function build(name: string, umask: string, environment: Record<string, string>): string {
  const output = join(folder, name);
  const script = `umask ${umask}; cd /; exec "$0" "$1" --output "$2"`;
  const words = [process.execPath, join(repo, "scripts/package.mjs"), output];
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1700000000", ...environment };
  const result = spawnSync("sh", ["-c", script, ...words], { encoding: "utf8", env });
  expect(result.status, result.stderr).toBe(0);
  return output;
}

describe.skipIf(lacks("dpkg-deb"))("packages", () => {
  let first = "";
  beforeAll(() => {
    first = build("first", "077", { TZ: "Asia/Tokyo" });
  }, 60_000);
  const deb = () => join(first, "netkeep_0.1.0-1_all.deb");

  test("the same sources give the same bytes", () => {
    const second = build("second", "002", { TZ: "UTC", LANG: "de_DE.UTF-8" });
    expect(readdirSync(first)).toEqual(readdirSync(second));
    for (const name of readdirSync(first)) {
      expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);
    }
  }, 60_000);

  test("everything is of root, in its place, with its mode and text", () => {
    const lines = run("dpkg-deb", ["--contents", deb()]).trimEnd().split("\n");
    expect(lines.filter((line) => !/^[d-]rw[x-]r-[x-]r-[x-] root\/root /.test(line))).toEqual([]);
    const tree = join(folder, "tree");
    run("dpkg-deb", ["--extract", deb(), tree]);
    for (const [source, place, mode] of files) {
      const path = join(tree, place);
      expect(statSync(path).mode & 0o777, path).toBe(mode);
      if (source !== "dist/netkeep.mjs") expect(readFileSync(path, "utf8"), path).toBe(read(source));
    }
    expect(readFileSync(join(tree, "usr/share/bash-completion/completions/netkeep"), "utf8")).toContain("--repair");
    const copyright = readFileSync(join(tree, "usr/share/doc/netkeep/copyright"), "utf8");
    for (const name of Object.keys((JSON.parse(read("package.json")) as { dependencies: object }).dependencies)) {
      expect(copyright).toMatch(new RegExp(`^Comment: ${name} \\d`, "m"));
    }
  });

  test.skipIf(lacks("lintian"))(
    "lintian has nothing to say",
    () => {
      const words = ["--fail-on", "error,warning,info", "--display-info", "--show-overrides", deb()];
      const result = spawnSync("lintian", words, { encoding: "utf8" });
      expect(result.stdout.split("\n").filter((line) => /^[EWI]: /.test(line))).toEqual([]);
      expect(result.stdout).not.toMatch(/mismatched-override|unused-override/);
    },
    60_000,
  );

  test.each(["postinst", "prerm", "postrm"])("%s can be read by a plain shell", (script) => {
    run("dpkg-deb", ["--control", deb(), join(folder, `control-${script}`)]);
    const path = join(folder, `control-${script}`, script);
    expect(readFileSync(path, "utf8")).not.toMatch(/@[A-Z]+@/);
    run("sh", ["-n", path]);
  });
});

describe("units", () => {
  const units = readdirSync(join(repo, "units")).filter((name) => name.endsWith(".service"));

  test.skipIf(lacks("systemd-analyze")).each(units)("%s is exposed by 2.5 at most", (unit) => {
    const { status, stdout } = spawnSync(
      "systemd-analyze",
      ["security", "--offline=yes", "--threshold=25", join(repo, "units", unit)],
      { encoding: "utf8" },
    );
    expect(status, stdout.trimEnd().split("\n").at(-1)).toBe(0);
    expect(stdout).toMatch(/Overall exposure level/);
  });

  test("each is in the packages", () => {
    const packed = files.map(([source]) => source);
    for (const name of readdirSync(join(repo, "units"))) expect(packed).toContain(`units/${name}`);
  });
});
