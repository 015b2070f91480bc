import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { CommandError, exitCodes, UserError } from "../errors.ts";
import { outputFile, textIn } from "./memoryFiles.ts";

/**
 * Takes the writers' lock with flock(1) on a descriptor that it inherits. The lock belongs to the open file, so it stays
 * ours after flock has exited, and the kernel frees it when we die, however we die. The file is never deleted: another
 * process may hold it open.
 *
 * @param meanwhile what can be done before the lock is ours
 * @returns its descriptor; closing it frees the lock, unless a child has inherited it and still runs
 * @throws UserError 75 if it is still held after `seconds`
 */
export async function acquireLock(
  path: string,
  seconds: number,
  meanwhile: (descriptor: number) => void = () => undefined,
): Promise<number> {
  let descriptor: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    descriptor = openSync(path, "a", 0o644);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = /EACCES|EPERM/.test(reason) ? exitCodes.notPermitted : exitCodes.failed;
    throw new UserError(code, `cannot open the lock ${path}: ${reason}`, { cause: error });
  }
  const answered = flock(descriptor, seconds);
  meanwhile(descriptor);
  const { status, said } = await answered;
  if (status === 0) return descriptor;
  closeSync(descriptor);
  if (status === 75) {
    throw new UserError(exitCodes.busy, `another netkeep has held ${path} for ${seconds} s; try again later`);
  }
  throw new CommandError("flock", status, said);
}

function flock(descriptor: number, seconds: number): Promise<{ status: number | string; said: string }> {
  const errors = outputFile();
  const child = spawn("flock", ["-x", "-w", String(seconds), "-E", "75", "3"], {
    stdio: ["ignore", "ignore", errors ?? "ignore", descriptor],
  });
  return new Promise((resolve) => {
    const end = (status: number | string) => {
      const said = textIn(errors);
      if (errors !== null) closeSync(errors);
      resolve({ status, said });
    };
    child.once("error", (error) => end(String(error)));
    child.once("exit", (status, signal) => end(status ?? String(signal)));
  });
}
