import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { CommandError, exitCodes, UserError } from "../errors.ts";

/**
 * Takes the writers' lock with flock(1) on a descriptor that it inherits. The lock belongs to the open file, so it stays
 * ours after flock has exited, and the kernel frees it when we die, however we die. The file is never deleted: another
 * process may hold it open.
 *
 * @returns its descriptor; closing it frees the lock, unless a child has inherited it and still runs
 * @throws UserError 75 if it is still held after `seconds`
 */
export function acquireLock(path: string, seconds: number): number {
  let descriptor: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    descriptor = openSync(path, "a", 0o644);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = /EACCES|EPERM/.test(reason) ? exitCodes.notPermitted : exitCodes.failed;
    throw new UserError(code, `cannot open the lock ${path}: ${reason}`, { cause: error });
  }
  const args = ["-x", "-w", String(seconds), "-E", "75", "3"];
  const result = spawnSync("flock", args, { stdio: ["ignore", "ignore", "pipe", descriptor], encoding: "utf8" });
  if (result.status === 0) return descriptor;
  closeSync(descriptor);
  if (result.status === 75) {
    throw new UserError(exitCodes.busy, `another netkeep has held ${path} for ${seconds} s; try again later`);
  }
  throw new CommandError("flock", result.status ?? String(result.error ?? result.signal), result.stderr ?? "");
}
