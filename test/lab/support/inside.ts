/**
 * Processes inside a container, started from outside by nsenter.
 *
 * What makes this hard: nsenter hands no signal on to what it started. And if nsenter itself is killed, its child ends
 * (pdeathsig) but is left to this machine's init; where that one does not reap, the zombie makes the container's next
 * shutdown wait for 10 s. So the processes inside are ended, and nsenter then reaps them and ends by itself.
 */
import type { Readable, Writable } from "node:stream";
import { execa } from "execa";
import { descendantsOf } from "./processes.ts";

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** False: a command that fails is a result, not an exception. */
  readonly reject?: boolean;
  readonly timeoutMs?: number;
  /** Keep the last newline of stdout and stderr. */
  readonly verbatim?: boolean;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface Started {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with the exit code, whatever it is. */
  readonly ended: Promise<number>;
  /** SIGKILL for it and for everything it started, then waits for its end. */
  kill(): Promise<void>;
}

/** The same environment on every machine: nothing of the test process leaks into the container. */
export const cleanEnvironment = {
  extendEnv: false,
  env: { LC_ALL: "C", HOME: "/root", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
} as const;

export async function runInside(pid: number, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input = "", reject = true, timeoutMs = 60_000, verbatim = false } = options;
  const child = execa("nsenter", enter(pid, argv), {
    ...cleanEnvironment,
    input,
    reject,
    stripFinalNewline: !verbatim,
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killDescendants(child.pid);
  }, timeoutMs);
  try {
    const { stdout, stderr, exitCode } = await child;
    if (!timedOut) return { stdout, stderr, exitCode: exitCode ?? 128 };
  } catch (error) {
    if (!timedOut) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`timed out after ${timeoutMs} ms: ${argv.join(" ")}`);
}

export function startInside(pid: number, argv: readonly string[]): Started {
  const child = execa("nsenter", enter(pid, argv), {
    ...cleanEnvironment,
    reject: false,
    buffer: false,
    stdin: "pipe",
  });
  const { stdin, stdout, stderr } = child;
  // A process that ended before its input is no news: its exit code says it.
  stdin.on("error", () => undefined);
  const ended = child.then((result) => result.exitCode ?? 128);
  return {
    stdin,
    stdout,
    stderr,
    ended,
    async kill() {
      killDescendants(child.pid);
      await ended;
    },
  };
}

function enter(pid: number, argv: readonly string[]): string[] {
  return ["-t", String(pid), "-a", "--", "setpriv", "--pdeathsig", "KILL", "--", ...argv];
}

function killDescendants(nsenter: number | undefined): void {
  if (nsenter === undefined) return;
  for (const { pid } of descendantsOf(nsenter)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}
