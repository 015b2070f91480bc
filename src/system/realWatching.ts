import { type ChildProcess, spawn } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import { exitCodes, UserError } from "../errors.ts";
import { linesOf } from "./lines.ts";
import { acquireLock } from "./lock.ts";
import { runProgram } from "./programs.ts";
import { answerOnSocket } from "./socket.ts";
import type { Listener, Watching } from "./watching.ts";

export function realWatching(): Watching {
  const children = new Set<ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();
  const bell = createBell();
  let watchers: FSWatcher[] = [];
  let ending = false;
  let stopServing = async () => {};
  onEnd(() => {
    ending = true;
    bell.ring();
  });
  return {
    get ending() {
      return ending;
    },
    watchdogMilliseconds: watchdogInterval(process.env),
    claim,
    wait: (milliseconds) => (ending ? Promise.resolve() : bell.wait(milliseconds)),
    ring: bell.ring,
    every: (milliseconds, work) => void timers.add(setInterval(work, milliseconds)),
    follow(program, args, listener) {
      const child = follow(program, args, listener);
      children.add(child);
      child.on("close", () => children.delete(child));
      return () => {
        children.delete(child);
        silence(child);
      };
    },
    watchDirectories(directories, changed) {
      for (const watcher of watchers) watcher.close();
      watchers = directories.flatMap((directory) => watchDirectory(directory, changed));
    },
    async serve(path, answer) {
      stopServing = await answerOnSocket(path, answer).catch((error: Error) => {
        throw new UserError(exitCodes.failed, `cannot listen on ${path}: ${error.message}`, { cause: error });
      });
    },
    notify,
    async close() {
      // Or what listens to the children would start them again.
      ending = true;
      for (const timer of timers) clearInterval(timer);
      for (const watcher of watchers) watcher.close();
      for (const child of children) child.kill();
      await stopServing();
    },
  };
}

/** A terminal that is lost ends it too. */
function onEnd(end: () => void): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
}

async function claim(path: string): Promise<boolean> {
  try {
    // Never closed: the kernel frees it at our end.
    await acquireLock(path, 0);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCodes.busy) return false;
    throw error;
  }
}

/**
 * By a program, because Node has no datagram sockets. It waits until systemd has read the message (BARRIER=1), so that its
 * sender is still known to belong to the unit.
 */
async function notify(...states: readonly string[]): Promise<void> {
  if (process.env["NOTIFY_SOCKET"] !== undefined) await runProgram("systemd-notify", states, undefined, null);
}

/** sd_watchdog_enabled(3); half of the time, as it advises. */
function watchdogInterval(environment: NodeJS.ProcessEnv): number | null {
  const microseconds = Number(environment["WATCHDOG_USEC"]);
  const ours = environment["WATCHDOG_PID"] === undefined || Number(environment["WATCHDOG_PID"]) === process.pid;
  return microseconds > 0 && ours ? microseconds / 2000 : null;
}

/** A sleep that can be cut short; a ring while nobody waits cuts the next one. */
function createBell() {
  let wake: (() => void) | null = null;
  let rung = false;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    wait(milliseconds: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(done, rung ? 0 : Math.min(milliseconds, 2 ** 31 - 1));
        function done() {
          clearTimeout(timer);
          wake = null;
          rung = false;
          resolve();
        }
        wake = done;
      });
    },
  };
}

function follow(program: string, args: readonly string[], listener: Listener): ChildProcess {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
  let failure: string | null = null;
  child.on("error", (error) => {
    failure = error.message;
  });
  linesOf(child.stdout, listener.line);
  linesOf(child.stderr, listener.complaint);
  child.on("close", (status, signal) => listener.ended(failure ?? `it ended with ${signal ?? status}`));
  return child;
}

/** It is not even heard that it has ended. */
function silence(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.removeAllListeners("close");
  child.kill();
}

function watchDirectory(directory: string, changed: (directory: string, name: string) => void): FSWatcher[] {
  try {
    const watcher = watch(directory, (_event, name) => changed(directory, name ?? ""));
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
