import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../src/system/programs.ts";
import { askTogether } from "../../src/system/together.ts";
import { openInMemory } from "./support/openInMemory.ts";

const alone = (program: string, args: readonly string[]) => runProgram(program, args, undefined, null);
const never = () => Promise.reject(new Error("asked by itself"));

test("programs that are asked for in one go: each has its own answer", async () => {
  const ask = askTogether(never);
  const many = Array.from({ length: 12 }, (_, n) => ask("printf", ["%s\n", `number ${n}`]));
  const [odd, failed, missing] = await Promise.all([
    ask("printf", ["%s|", "it's", "$HOME `id`", 'a "b"\n', "", "\\"]),
    ask("sh", ["-c", "echo said; echo complained >&2; exit 7"]),
    ask("no-such-program", ["x"]),
  ]);
  expect(odd).toEqual({ stdout: 'it\'s|$HOME `id`|a "b"\n||\\|', stderr: "", exitCode: 0 });
  expect(failed).toEqual({ stdout: "said\n", stderr: "complained\n", exitCode: 7 });
  expect(missing).toMatchObject({ stdout: "", exitCode: 127 });
  expect(missing.stderr).toContain("no-such-program");
  expect((await Promise.all(many)).map(({ stdout }) => stdout)).toEqual(
    Array.from({ length: 12 }, (_, n) => `number ${n}\n`),
  );
});

test("an answer does not wait for the others", async () => {
  const directory = mkdtempSync(join(tmpdir(), "together-"));
  try {
    const ask = askTogether(never);
    const late = ask("sh", ["-c", `until [ -e ${directory}/go ]; do sleep 0.01; done; echo late`]);
    expect((await ask("echo", ["quick"])).stdout).toBe("quick\n");
    writeFileSync(`${directory}/go`, "");
    expect((await late).stdout).toBe("late\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a single question, and the next go, need no shell", async () => {
  const asked: string[] = [];
  const ask = askTogether((program, args) => {
    asked.push(`${program} ${args.join(" ")}`);
    return alone(program, args);
  });
  expect((await ask("printf", ["one"])).stdout).toBe("one");
  expect(asked).toEqual(["printf one"]);
});

test("they run as programs do that are asked for by themselves", async () => {
  const ask = askTogether(never);
  const question = ["-c", 'printf "%s " "$LC_ALL" "$SYSTEMD_COLORS"; cat; readlink /proc/self/fd/0'] as const;
  const [first, second] = await Promise.all([ask("sh", question), ask("sh", question)]);
  const byItself = await alone("sh", question);
  expect(first).toEqual({ ...byItself, stdout: "C 0 /dev/null\n" });
  expect(second).toEqual(first);
});

test("what a shell that was killed did not answer is asked once more, and no file stays open", async () => {
  const asked: string[] = [];
  const ask = askTogether(async (program) => {
    asked.push(program);
    return { stdout: "asked again", stderr: "", exitCode: 0 };
  });
  const [quick, killed] = await Promise.all([ask("echo", ["quick"]), ask("sh", ["-c", "kill -9 $PPID"])]);
  expect(quick.stdout).toBe("quick\n");
  expect(killed.stdout).toBe("asked again");
  expect(asked).toEqual(["sh"]);
  await expect.poll(openInMemory).toEqual([]);
});
