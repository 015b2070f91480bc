import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, ftruncateSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { outputOf } from "./memoryFiles.ts";
import { environment, notRun, runProgram } from "./programs.ts";
import { filesOf, makePlaces, type Place, placeLine, whenEnded } from "./shellPlaces.ts";
import type { ProgramResult } from "./system.ts";

/** Starts programs for a process that stays. */
export interface Starter {
  /** Runs a program as `runProgram` does. @returns null if it cannot: too many run already, there is no room in memory */
  run(program: string, args: readonly string[], input: string | undefined): Promise<ProgramResult> | null;
  /** What runs goes on. */
  end(): void;
}

interface Shell {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  /** They are used again. */
  readonly places: readonly Place[];
  /** What runs at each place. */
  readonly running: Map<number, Running>;
}

interface Running {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string | undefined;
  /** When it is taken for lost. */
  readonly overdue: NodeJS.Timeout;
  answer(result: ProgramResult | Promise<ProgramResult>): void;
}

/** More than are ever asked for in one go. */
const mostAtOnce = 8;
/** For the shell: a program that only asks has nothing to do with the lock, the first of its files beyond stderr. */
const withoutLock = "3>&-";

/**
 * A shell that stays: while Node starts a program it does nothing else, and with the memory of a large host that takes it
 * as long as most questions to `ip` take. The shell has the lock's open file and passes it to what is given input: that
 * goes on when we are killed, and holds the lock as long as it runs.
 *
 * @param lock descriptor of the writers' lock
 * @param patience in milliseconds: what has not ended by then may have been killed with the line of the shell that would say
 *   so. The shell is let go: its end, and that of all that it runs, is heard without a word
 */
export function keepStarter(lock: number, patience = 10_000): Starter {
  let shell: Shell | null = null;
  const letGo = (one: Shell) => {
    if (shell === one) shell = null;
    one.child.stdin.end();
  };
  const ended = (one: Shell) => {
    letGo(one);
    filesOf(one.places).forEach(closeSync);
    for (const { program, args, input, overdue, answer } of one.running.values()) {
      clearTimeout(overdue);
      // A question can be asked again; what changes something may still be at work.
      const killed = () => notRun(program, false, `the shell that ran ${program} has ended`);
      answer(input === undefined ? runProgram(program, args, input, null) : killed());
    }
  };
  return {
    run(program, args, input) {
      shell ??= startShell(lock, letGo, ended);
      const now = shell;
      if (now === null) return null;
      const { child, places, running } = now;
      const free = places.findIndex((_, index) => !running.has(index));
      const place = places[free];
      if (place === undefined || (input !== undefined && !filled(place.stdin, input))) return null;
      return new Promise((answer) => {
        const overdue = setTimeout(letGo, patience, now);
        running.set(free, { program, args, input, overdue, answer });
        child.stdin.write(
          placeLine([program, ...args], free, input !== undefined, input === undefined ? withoutLock : ""),
        );
      });
    },
    end() {
      if (shell !== null) letGo(shell);
    },
  };
}

/**
 * @param exited it takes no more, but what it runs may go on
 * @param ended it and all that it ran
 */
function startShell(lock: number, exited: (shell: Shell) => void, ended: (shell: Shell) => void): Shell | null {
  const places = makePlaces(mostAtOnce);
  if (places === null) return null;
  const child = spawn("/bin/sh", [], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "ignore", lock, ...filesOf(places)],
  }) as Shell["child"];
  const shell: Shell = { child, places, running: new Map() };
  whenEnded(child.stdout, (index, status) => hear(shell, index, status));
  let isEnded = false;
  const end = () => {
    if (!isEnded) ended(shell);
    isEnded = true;
  };
  child.stdin.on("error", () => undefined);
  child.on("exit", () => exited(shell));
  child.on("error", end).on("close", end);
  return shell;
}

/** False where others have left no memory. */
function filled(file: number, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch {
    ftruncateSync(file);
    return false;
  }
}

/** What ran at a place has ended. */
function hear({ child, places, running }: Shell, index: number, status: number): void {
  const [place, ran] = [places[index], running.get(index)];
  if (place === undefined || ran === undefined) return;
  const result = outputOf(place.stdout, place.stderr, status);
  for (const file of filesOf([place])) ftruncateSync(file);
  running.delete(index);
  clearTimeout(ran.overdue);
  // Or the shell would remember each of them for ever.
  if (running.size === 0) child.stdin.write("wait\n");
  ran.answer(
    status > 128 ? killed(ran.program, status - 128) : status === 127 ? notRun(ran.program, true, "") : result,
  );
}

function killed(program: string, signal: number): ProgramResult {
  return notRun(program, false, `Command was killed with signal ${signal}: ${program}`);
}
