import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Conversation, converse, longestQuestion } from "../../src/system/conversation.ts";
import { keepLock, type LockKeeper } from "../../src/system/lockKeeper.ts";
import { rememberNames } from "../../src/system/remembered.ts";

const folder = mkdtempSync(join(tmpdir(), "netkeep-resident-"));
const path = process.env["PATH"];
afterEach(() => {
  process.env["PATH"] = path;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Speaks as `ip -force -batch -` does. */
const ip = `#!/bin/bash
n=0
while IFS= read -r line; do
  n=$((n + 1))
  case $line in
  show*) echo "[{\\"n\\":$n,\\"line\\":\\"$line\\",\\"pid\\":$$}]" ;;
  get*) echo "198.51.100.1 dev br0 lladdr 52:00:00:00:00:01 PERMANENT" ;;
  bad*) echo "RTNETLINK answers: File exists" >&2; echo "Command failed -:$n" >&2 ;;
  stop*) echo "RTNETLINK answers: No such file or directory" >&2; exit 2 ;;
  netkeep-end*) echo "Object \\"$line\\" is unknown, try \\"ip help\\"." >&2; echo "Command failed -:$n" >&2 ;;
  esac
done
`;

describe("a conversation with ip", () => {
  let one: Conversation;
  const pidIn = (text: string) => /"pid":(\d+)/.exec(text)?.[1];
  beforeAll(() => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/ip"), ip);
    chmodSync(join(folder, "bin/ip"), 0o755);
  });
  const begin = () => {
    process.env["PATH"] = `${folder}/bin:${path}`;
    one = converse(["-j"], 2);
  };
  afterEach(() => one?.end());

  test("answers come in order, of one process, and say which lines were refused", async () => {
    begin();
    const [first, second, third] = await Promise.all([
      one.ask("show a\nget\n"),
      one.ask("set\nbad\nset\nbad\n"),
      one.ask("show b\n"),
    ]);
    expect(first).toMatchObject({ stderr: "", exitCode: 0 });
    expect(first?.stdout).toMatch(/^\[\{"n":1,.*\}\]\n198\.51\.100\.1 dev br0 .*\n$/);
    const refused = "RTNETLINK answers: File exists\n";
    const stderr = `${refused}Command failed -:2\n${refused}Command failed -:4\n`;
    expect(second).toEqual({ stdout: "", stderr, exitCode: 1 });
    expect(pidIn(third?.stdout ?? "")).toBe(pidIn(first?.stdout ?? "x"));
  });

  test("a batch that stops says so, and the next has another process", async () => {
    begin();
    const before = await one.ask("show\n");
    expect(await one.ask("set\nstop\nset\n")).toEqual({
      stdout: "",
      stderr: "RTNETLINK answers: No such file or directory\n",
      exitCode: 2,
    });
    const after = await one.ask("show\nbad\n");
    expect(after).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Command failed -:2") });
    expect(pidIn(after.stdout)).not.toBe(pidIn(before.stdout));
  });

  test("long questions and long answers are whole", async () => {
    begin();
    const line = "show 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\n";
    const count = Math.floor(longestQuestion / line.length);
    const { stdout } = await one.ask(line.repeat(count));
    expect(stdout.trimEnd().split("\n")).toHaveLength(count);
    expect(stdout).toContain(`"n":${count},`);
  });
});

describe.each(["perl", "flock"])("the lock, held by %s", (program) => {
  let keeper: LockKeeper;
  const file = join(folder, `lock-${program}`);
  const isFree = () => spawnSync("/usr/bin/env", [`PATH=${path}`, "flock", "-n", file, "true"]).status === 0;
  const begin = () => {
    if (program === "flock") {
      const bin = join(folder, "only-flock");
      mkdirSync(bin, { recursive: true });
      for (const name of ["sh", "flock"]) {
        const place = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
        rmSync(join(bin, name), { force: true });
        symlinkSync(place, join(bin, name));
      }
      process.env["PATH"] = bin;
    }
    keeper = keepLock(file);
  };
  const holders = () => {
    const found = ["pgrep", "-P", String(process.pid), "-f", "flock"];
    return spawnSync("/usr/bin/env", [`PATH=${path}`, ...found], { encoding: "utf8" }).stdout.trim();
  };
  // Those of the test before may take a while to end.
  afterEach(async () => {
    keeper.end();
    await expect.poll(holders, { timeout: 15_000 }).toBe("");
  });

  test("is taken, given back, and waited for", async () => {
    begin();
    for (let round = 0; round < 3; round++) {
      await keeper.lock(5);
      expect(isFree()).toBe(false);
      keeper.unlock();
      await expect.poll(isFree, { timeout: 15_000 }).toBe(true);
    }
    const other = spawn("/usr/bin/env", [`PATH=${path}`, "flock", file, "sh", "-c", "echo held; read -r line"]);
    await once(other.stdout, "data");
    await expect(keeper.lock(0)).rejects.toMatchObject({ exitCode: 75 });
    const locked = keeper.lock(20);
    expect(await Promise.race([locked.then(() => "locked"), setTimeout(200, "waits")])).toBe("waits");
    other.stdin.end("go\n");
    await locked;
    expect(isFree()).toBe(false);
  });

  test("is taken and given back by another one when its holder was killed", async () => {
    begin();
    const kill = () => {
      const pids = holders().split("\n").map(Number);
      expect(pids).toHaveLength(1);
      for (const pid of pids) process.kill(pid, "SIGKILL");
    };
    await keeper.lock(5);
    keeper.unlock();
    await expect.poll(isFree, { timeout: 15_000 }).toBe(true);
    kill();
    await keeper.lock(5);
    kill();
    expect(isFree()).toBe(false);
    keeper.unlock();
    await expect.poll(isFree, { timeout: 15_000 }).toBe(true);
    // Both at once: nobody knows whether it has heard that the lock is given back.
    await keeper.lock(5);
    kill();
    keeper.unlock();
    await expect.poll(isFree, { timeout: 15_000 }).toBe(true);
    await keeper.lock(5);
    expect(isFree()).toBe(false);
  });
});

test("names in a directory are read again when one has come or gone", () => {
  const directory = join(folder, "names");
  mkdirSync(directory);
  let now = Date.now();
  const names = rememberNames(() => now);
  expect(names.in(directory)).toEqual([]);
  // In the same tick of the clock: the time alone does not tell.
  const { atime, mtime } = { atime: new Date(now), mtime: new Date(now) };
  writeFileSync(join(directory, "b"), "");
  utimesSync(directory, atime, mtime);
  expect(names.in(directory)).toEqual(["b"]);
  now += 5000;
  expect(names.in(directory)).toEqual(["b"]);
  writeFileSync(join(directory, "a"), "");
  expect(names.in(directory)).toEqual(["a", "b"]);
  expect(names.in(join(folder, "none"))).toEqual([]);
  expect(names.in(join(folder, "names/b"))).toBeNull();
});
