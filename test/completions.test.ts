import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bashCompletion, fishCompletion, verbsOf, zshCompletion } from "../scripts/completions.ts";
import { buildProgram } from "../src/program.ts";

const program = buildProgram(async () => undefined);
const verbs = verbsOf(program);
const folder = mkdtempSync(join(tmpdir(), "netkeep-completions-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scripts = { bash: bashCompletion(verbs), zsh: zshCompletion(verbs), fish: fishCompletion(verbs) };
const has = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

/** What bash offers for the last word. */
function offers(...words: string[]): string[] {
  const script = `${scripts.bash}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _netkeep; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", "netkeep", ...words], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completions", () => {
  test("know every command and every flag of the program", () => {
    const commands = program.commands.flatMap((command) => [
      command.name(),
      ...command
        .createHelp()
        .visibleCommands(command)
        .filter((inner) => inner.name() !== "help")
        .map((inner) => `${command.name()} ${inner.name()}`),
    ]);
    expect(verbs.map(({ verb }) => verb).sort()).toEqual(["", ...commands].sort());
    for (const [shell, script] of Object.entries(scripts)) {
      for (const command of program.commands) {
        expect(script, shell).toContain(command.name());
        for (const { long, short } of command.options) {
          for (const flag of [long, short]) {
            const word = shell === "fish" ? flag?.replace(/^-+/, "") : flag;
            if (word != null) expect(script, `${shell} ${command.name()}`).toContain(word);
          }
        }
      }
    }
  });

  test.each([
    [["au"], ["audit"]],
    [
      ["hook", ""],
      ["cloudstack", "libvirt", "routes", "vdsm", "queue", "reload"],
    ],
    [["hook", "--st"], ["--strict"]],
    [["apply", "--json", "s"], ["short"]],
    [["apply", "--json", "=", "p"], ["pretty"]],
    [["apply", "--dry-run", "--adopt", "package.j"], ["package.json"]],
    [["set", "owner", "package.j"], ["package.json"]],
    [["settle", "l"], ["lo"]],
    [["plan", "--root", "script"], ["scripts"]],
    [["settle", "--time"], ["--timeout"]],
  ])("bash: netkeep %j", (words, expected) => {
    expect(offers(...words)).toEqual(expected);
  });

  test.each(["zsh", "fish"] as const)("%s can read its own", (shell) => {
    if (!has(shell)) return expect(scripts[shell]).not.toBe("");
    const path = join(folder, shell);
    writeFileSync(path, scripts[shell]);
    expect(spawnSync(shell, ["-n", path], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  test("fish: offers commands, flags and values", () => {
    if (!has("fish")) return expect(scripts.fish).toContain("complete -c netkeep");
    const ask = (line: string) =>
      spawnSync("fish", ["-c", `source ${join(folder, "fish")}; complete -C '${line}'`], { encoding: "utf8" })
        .stdout.split("\n")
        .map((text) => text.split("\t")[0]);
    writeFileSync(join(folder, "fish"), scripts.fish);
    expect(ask("netkeep aud")).toContain("audit");
    expect(ask("netkeep hook l")).toContain("libvirt");
    expect(ask("netkeep audit --rep")).toContain("--repair");
    expect(ask("netkeep apply --json=s")).toContain("--json=short");
  });
});
