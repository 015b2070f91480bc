import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** The built program and the texts about it, for the tests that compare them. */
export const repo = fileURLToPath(new URL("../..", import.meta.url));

export function read(path: string): string {
  return readFileSync(join(repo, path), "utf8");
}

/** The bundle is what the pages describe; it is built again if a source is newer. */
export function buildIfStale(): void {
  const bundle = join(repo, "dist/netkeep.mjs");
  const sources = readdirSync(join(repo, "src"), { recursive: true, encoding: "utf8" });
  const newest = Math.max(...sources.map((name) => statSync(join(repo, "src", name)).mtimeMs));
  if (existsSync(bundle) && statSync(bundle).mtimeMs > newest) return;
  const built = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: repo, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
}

export function netkeep(args: readonly string[], cwd = repo) {
  const environment = { ...process.env, NO_COLOR: "1", SYSTEMD_COLORS: "" };
  return spawnSync(process.execPath, [join(repo, "bin/netkeep"), ...args], {
    cwd,
    encoding: "utf8",
    env: environment,
  });
}

export function generate(folder: string, text: string) {
  writeFileSync(join(folder, "guests.yaml"), text);
  return netkeep(["generate", "--root", "root", "guests.yaml"], folder);
}

export function help(...command: string[]): string {
  return netkeep([...command, "--help"]).stdout;
}

export function commandsOf(text: string): string[] {
  const list = text.slice(text.indexOf("Commands:"));
  return [...list.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] ?? "").filter((name) => name !== "help");
}

/** Each subcommand and its arguments, from the help of its command. */
export function subcommandsOf(text: string): { name: string; words: string }[] {
  const list = text.slice(text.indexOf("Commands:"));
  const found = [...list.matchAll(/^ {2}(\w+)((?: [[<]\S+[\]>])*) {2}/gm)];
  return found.map(([, name = "", words = ""]) => ({ name, words })).filter(({ name }) => name !== "help");
}

/** Every spelling of every option: `-q` and `--quiet` are two. */
export function flagsOf(text: string): string[] {
  const list = text.slice(text.indexOf("Options:")).split("\n\n")[0] ?? "";
  return [...list.matchAll(/^ {2}(-\w)?(?:, )?(--[\w-]+)?/gm)].flatMap(([, short, long]) =>
    [short, long].filter((flag) => flag !== undefined),
  );
}

/** The same of a part of a page, from its `.It Fl` lines. */
export function flagItems(text: string): string[] {
  return [...text.matchAll(/^\.It (Fl .*)$/gm)].flatMap(([, words = ""]) => [
    ...[...words.matchAll(/Fl Fl ([\w-]+)/g)].map((match) => `--${match[1]}`),
    ...[...words.matchAll(/(?<!Fl )Fl (\w)(?![\w-])/g)].map((match) => `-${match[1]}`),
  ]);
}

export function section(page: string, title: string): string {
  const found = page.split(/^\.Sh /m).find((text) => text.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`there is no section ${title}`);
  return found;
}

export function literals(text: string): string[] {
  return [...text.matchAll(/^\.Bd -literal.*\n([\s\S]*?)^\.Ed$/gm)].map((match) => match[1] ?? "");
}

export function fences(text: string): { language: string; text: string }[] {
  const found = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language = "", inside = ""]) => ({ language, text: inside }));
}
