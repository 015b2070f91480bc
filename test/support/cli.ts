import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const repository = new URL("../../", import.meta.url).pathname;
export const builtFile = join(repository, "dist/netkeep.mjs");

/** Builds dist/netkeep.mjs if a source is newer; one test worker at a time. */
export function ensureBuilt(): void {
  if (isFresh()) return;
  const build = `test -e "$1" && find src scripts/build.mjs package.json -newer "$1" | grep -q . || test ! -e "$1" || exit 0; node scripts/build.mjs`;
  const args = ["-x", join(tmpdir(), "netkeep-test-build.lock"), "sh", "-c", build, "sh", builtFile];
  const result = spawnSync("flock", args, { cwd: repository, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`the build failed: ${result.stderr}`);
}

function isFresh(): boolean {
  const newest = (folder: string): number =>
    Math.max(
      ...readdirSync(folder, { withFileTypes: true }).map((entry) =>
        entry.isDirectory() ? newest(join(folder, entry.name)) : statSync(join(folder, entry.name)).mtimeMs,
      ),
    );
  const built = statSync(builtFile, { throwIfNoEntry: false });
  return built !== undefined && built.mtimeMs > newest(join(repository, "src"));
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly node?: string;
  readonly file?: string;
  /** A program and arguments to run it under, such as setpriv. */
  readonly under?: readonly string[];
}

/** Runs the built file as a child, with a clean environment. */
export function netkeep(args: readonly string[], options: RunOptions = {}): Ran {
  return run([...(options.under ?? []), options.node ?? process.execPath, options.file ?? builtFile, ...args], options);
}

/** Any program, in the same way. */
export function run([program = "", ...rest]: readonly string[], options: RunOptions = {}): Ran {
  const { status, stdout, stderr } = spawnSync(program, rest, {
    input: options.input ?? "",
    encoding: "utf8",
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env["PATH"] ?? "", ...options.env },
  });
  return { status, stdout, stderr };
}

/** A directory of its own, gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "netkeep-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Path below the folder → text, of every file. */
export function tree(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true });
  const files = names.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.sort().map((file) => [file.slice(folder.length), readFileSync(file, "utf8")]));
}
