import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, netkeep, run, temporaryFolder, tree } from "./support/cli.ts";
import { desired, image } from "./support/image.ts";

beforeAll(ensureBuilt);

describe("what a terminal and the journal get", () => {
  const plan = (env: Record<string, string>, ...args: string[]) =>
    netkeep(["plan", "--root", image(desired), ...args], { env });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour begins with one
  const coloured = /\x1b\[32m\+/;

  test.each<[string, Record<string, string>, string[], boolean]>([
    ["a pipe", {}, [], false],
    ["--color=always", {}, ["--color=always"], true],
    ["--color=always beats NO_COLOR", { NO_COLOR: "1" }, ["--color=always"], true],
    ["SYSTEMD_COLORS=1", { SYSTEMD_COLORS: "1" }, [], true],
    ["SYSTEMD_COLORS=1 beats NO_COLOR", { SYSTEMD_COLORS: "1", NO_COLOR: "1" }, [], true],
    ["SYSTEMD_COLORS=0", { SYSTEMD_COLORS: "0" }, [], false],
    ["--color=never beats SYSTEMD_COLORS", { SYSTEMD_COLORS: "1" }, ["--color=never"], false],
  ])("%s", (_, env, args, expected) => {
    expect(coloured.test(plan(env, ...args).stdout)).toBe(expected);
  });

  test("<N> in front of lines only where stderr is the journal", () => {
    const script = `exec "$0" "$@" 2>"$OUT"`;
    const out = join(temporaryFolder(), "stderr");
    writeFileSync(out, "");
    const stream = run(["stat", "-c", "%d:%i", out]).stdout.trim();
    const plan = (journal: string) => {
      const under = ["sh", "-c", script];
      netkeep(["plan", "--root", image(), "-"], {
        under,
        input: "version: 9\n",
        env: { OUT: out, JOURNAL_STREAM: journal },
      });
      return tree(dirname(out))["/stderr"];
    };
    expect(plan(stream)).toMatch(/^<3>netkeep: stdin:1:10: version: must be 1\n<3> {4}version: 9\n<3> /);
    expect(plan("1:1")).toMatch(/^netkeep: stdin:1:10: version: must be 1\n {4}version: 9\n/);
  });

  test("--quiet leaves errors and warnings", () => {
    expect(netkeep(["apply", "--root", image(desired), "--quiet"]).stderr).toBe("");
    expect(netkeep(["plan", "--root", image(), "-q", "-"], { input: "version: 9\n" }).stderr).toContain("must be 1");
  });

  test("--debug prints the stack of an error", () => {
    const args = ["plan", "--root", image(), "-"];
    expect(netkeep(args, { input: "version: 9\n" }).stderr).not.toMatch(/\n\s+at /);
    expect(netkeep([...args, "--debug"], { input: "version: 9\n" }).stderr).toMatch(/\n\s+at /);
  });
});
