import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../../src/system/programs.ts";
import { keepStarter, type Starter } from "../../src/system/starter.ts";
import { openInMemory } from "./support/openInMemory.ts";

const folder = mkdtempSync(join(tmpdir(), "netkeep-starter-"));
let starter: Starter;
beforeEach(() => {
  starter = keepStarter(openSync(join(folder, "lock"), "a"));
});
afterEach(() => starter.end());
afterAll(() => rmSync(folder, { recursive: true }));

const run = (program: string, args: readonly string[], input?: string) => {
  const answer = starter.run(program, args, input);
  expect(answer).not.toBeNull();
  return answer ?? Promise.reject(new Error("it was not run"));
};
/** Runs until `name` is there, or is killed. */
const until = (name: string) => ["-c", `until [ -e ${folder}/${name} ]; do sleep 0.01; done; cat`] as const;
const make = (name: string) => writeFileSync(join(folder, name), "");

test("what a program is told and what it says is as if it was started by itself", async () => {
  const cases: [program: string, args: readonly string[], input?: string][] = [
    ["printf", ["%s|", "it's", "$HOME `id`", 'a "b"\n', "", "\\"]],
    ["sh", ["-c", "echo said; echo complained >&2; exit 7"]],
    ["sh", ["-c", 'printf "%s " "$LC_ALL" "$SYSTEMD_COLORS"; cat; readlink /proc/self/fd/0']],
    ["cat", [], "in\nwithout an end of line"],
    ["wc", ["-c"], "longer than a pipe holds\n".repeat(10_000)],
    ["cat", [], ""],
    ["no-such-program", ["x"]],
  ];
  for (const [program, args, input] of [...cases, ...cases]) {
    expect(await run(program, args, input)).toEqual(await runProgram(program, args, input, null));
  }
  const killed = { stdout: "", stderr: "Command was killed with signal 9: sh", exitCode: 126 };
  expect(await run("sh", ["-c", "echo said; kill -9 $$"])).toEqual(killed);
});

test("many at once: who finds no place is told so, and nobody waits for another", async () => {
  const late = Array.from({ length: 7 }, (_, n) => run("sh", until("go"), `late ${n}`));
  expect((await run("echo", ["quick"])).stdout).toBe("quick\n");
  const last = run("sh", until("go"));
  expect(starter.run("echo", [], undefined)).toBeNull();
  make("go");
  expect((await Promise.all(late)).map(({ stdout }) => stdout)).toEqual(late.map((_, n) => `late ${n}`));
  expect((await last).stdout).toBe("");
  expect((await run("echo", ["again"])).stdout).toBe("again\n");
});

test("it leaves no process behind, neither while it stays nor after its end", async () => {
  for (let round = 0; round < 20; round++) await Promise.all([run("true", []), run("cat", [], "x")]);
  const shell = Number((await run("sh", ["-c", "ps -o ppid= -p $PPID"])).stdout);
  // What the last line of the shell waits for may be about to end.
  await expect.poll(() => children(shell)).toBe("");
  starter.end();
  await expect.poll(() => existsSync(`/proc/${shell}`)).toBe(false);
  await expect.poll(openInMemory).toEqual([]);
});

test("what a shell that was killed has started goes on, and the next has another shell", async () => {
  const shell = Number((await run("sh", ["-c", "ps -o ppid= -p $PPID"])).stdout);
  const begin = (name: string) => ["-c", `: >${folder}/${name}; ${until("later")[1]}`];
  const asked = run("sh", begin("asks"));
  const changing = run("sh", begin("changes"), "changed");
  await expect.poll(() => ["asks", "changes"].every((name) => existsSync(join(folder, name)))).toBe(true);
  process.kill(shell, "SIGKILL");
  await expect.poll(() => existsSync(`/proc/${shell}`)).toBe(false);
  expect((await run("echo", ["next"])).stdout).toBe("next\n");
  make("later");
  expect(await asked).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  expect(await changing).toEqual({ stdout: "changed", stderr: "", exitCode: 0 });
});

test("what was killed with the line that runs it: a question is asked again, a change is not made twice", async () => {
  starter = keepStarter(openSync(join(folder, "lock"), "a"), 300);
  const script = (name: string) => `[ -e ${folder}/${name} ] && echo again || { : >${folder}/${name}; kill -9 $PPID; }`;
  const asked = run("sh", ["-c", script("question")]);
  const changing = run("sh", ["-c", script("change")], "");
  expect((await run("echo", ["next"])).stdout).toBe("next\n");
  expect(await changing).toEqual({ stdout: "", stderr: "the shell that ran sh has ended", exitCode: 126 });
  expect((await asked).stdout).toBe("again\n");
});

test("what changes something holds the lock when we are gone, and what only asks does not", async () => {
  const path = join(folder, "held");
  const isFree = () => spawnSync("flock", ["-n", path, "true"]).status === 0;
  const held = openSync(path, "a");
  spawnSync("flock", ["-x", "3"], { stdio: ["ignore", "ignore", "ignore", held] });
  starter = keepStarter(held);
  const asked = run("sh", until("asked"));
  const changed = run("sh", until("changed"), "");
  await run("true", []);
  // As the kernel does for one that was killed.
  starter.end();
  closeSync(held);
  expect(isFree()).toBe(false);
  make("changed");
  await changed;
  await expect.poll(isFree).toBe(true);
  make("asked");
  await asked;
});

function children(pid: number): string {
  return spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).stdout;
}
