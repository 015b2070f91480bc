import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { builtFile, ensureBuilt, netkeep, run, temporaryFolder, tree } from "./support/cli.ts";
import { desired, guest, image } from "./support/image.ts";

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

  test("what takes longer than a second is said on a terminal, in a line that goes again", () => {
    const root = image();
    const shown = join(temporaryFolder(), "shown");
    // Another netkeep, which goes on until it is waited for.
    const other = `mkdir -p "$ROOT/run/netkeep"; flock "$ROOT/run/netkeep/lock" timeout 20 sh -c '
      : >"$SHOWN.held"; until grep -q waiting "$SHOWN"; do sleep 0.05; done' & until [ -e "$SHOWN.held" ]; do sleep 0.05; done`;
    const under = [
      "sh",
      "-c",
      `${other}; script -qec "'$0' '$1' set a --root '$ROOT' '$ROOT/a'" /dev/null >"$SHOWN"; wait`,
    ];
    writeFileSync(join(root, "a"), guest);
    expect(netkeep([], { under, env: { ROOT: root, SHOWN: shown, SHELL: "/bin/sh" } }).status).toBe(0);
    const lines = readFileSync(shown, "utf8")
      .replaceAll("\u001b[K", "")
      .split(/[\r\n]+/);
    while (lines[0] === "") lines.shift();
    while (lines.at(-1) === "") lines.pop();
    expect(lines[0]).toBe("… waiting for another netkeep, which holds /run/netkeep/lock");
    expect(lines.at(-1)).toMatch(/^done: /);
    expect(lines.slice(1).filter((line) => line.startsWith("…"))).toEqual([]);
  });

  test("--quiet leaves errors and warnings", () => {
    expect(netkeep(["apply", "--root", image(desired), "--quiet"]).stderr).toBe("");
    expect(netkeep(["plan", "--root", image(), "-q", "-"], { input: "version: 9\n" }).stderr).toContain("must be 1");
  });

  test("what cannot be written is said in a line, and stderr that cannot be written ends nothing", () => {
    const into = (redirection: string) => ({ under: ["sh", "-c", `exec "$0" "$@" ${redirection}`] });
    expect(netkeep(["plan", "--root", image(desired)], into(">/dev/full"))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /\nnetkeep: cannot write to standard output: ENOSPC: no space left on device, write\n$/,
      ),
    });
    const root = image(desired);
    expect(netkeep(["apply", "--root", root], into("2>/dev/full")).status).toBe(0);
    expect(Object.keys(tree(root)).filter((path) => path.includes("netkeep.conf"))).not.toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "a directory that cannot be made: the reason is that of the file system",
    () => {
      const under = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro t /mnt && exec "$0" "$@"'];
      expect(netkeep(["generate", "--root", "/mnt/image", "-"], { under, input: guest })).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/^netkeep: cannot write \/mnt\/image\/etc\/.*: read-only file system$/m),
      });
    },
  );

  test.skipIf(process.getuid?.() !== 0)("what changes a host needs root, and says so before anything else", () => {
    // As root without the rights of root it could open the lock, so as somebody else, for whom the file must be readable.
    const file = join(temporaryFolder(), "netkeep.mjs");
    cpSync(builtFile, file);
    for (const path of [dirname(file), file]) chmodSync(path, 0o755);
    for (const words of [["apply"], ["watch"], ["settle"], ["restore"], ["confirm"], ["rollback"], ["unset", "x"]]) {
      const under = ["setpriv", "--reuid", "65534", "--clear-groups"];
      expect(netkeep(words, { under, file }), words.join(" ")).toEqual({
        status: 77,
        stdout: "",
        stderr: "netkeep: this needs root (or --root DIR, which touches files below DIR only)\n",
      });
    }
  });

  test("a working directory that has been removed is none of its business", () => {
    const cwd = join(temporaryFolder(), "gone");
    mkdirSync(cwd);
    // doctor starts programs of all kinds.
    const under = ["sh", "-c", 'rmdir "$PWD"; exec "$0" "$@"'];
    const { status, stderr } = netkeep(["doctor", "--only", "networkd-running"], { cwd, under });
    expect(stderr).not.toContain("fault");
    expect([0, 1]).toContain(status);
    for (const words of [
      ["audit", "--root", "/", "--output", "a"],
      ["plan", "--root", image(), "."],
    ]) {
      mkdirSync(cwd);
      expect(netkeep(words, { cwd, under })).toEqual({
        status: 64,
        stdout: "",
        stderr: `netkeep: ${words.at(-1)}: the working directory is not there any more\n`,
      });
    }
  });

  test("--debug prints the stack of an error", () => {
    const args = ["plan", "--root", image(), "-"];
    expect(netkeep(args, { input: "version: 9\n" }).stderr).not.toMatch(/\n\s+at /);
    expect(netkeep([...args, "--debug"], { input: "version: 9\n" }).stderr).toMatch(/\n\s+at /);
  });
});
