import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, ftruncateSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { outputFile, outputOf } from "./memoryFiles.ts";
import { environment, notRun, runProgram } from "./programs.ts";
import { shellWords } from "./shellWords.ts";
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
  readonly places: readonly Place[];
  /** What runs at each place. */
  readonly running: Map<number, Running>;
}

/** Files in memory of one program; they are used again. */
interface Place {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
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
/** Of the shell. */
const lockDescriptor = 3;
const firstDescriptor = 4;

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
    closePlaces(one.places);
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
        child.stdin.write(commandOf(program, args, input === undefined, free));
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
  const places = makePlaces();
  if (places === null) return null;
  const files = places.flatMap(({ stdin, stdout, stderr }) => [stdin, stdout, stderr]);
  const child = spawn("/bin/sh", [], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "ignore", lock, ...files],
  }) as Shell["child"];
  const shell: Shell = { child, places, running: new Map() };
  let said = "";
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    const lines = (said + text).split("\n");
    said = lines.pop() ?? "";
    for (const line of lines) hear(shell, line);
  });
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

/** A line of the shell: the place, and the exit status of what ran there. */
function hear({ child, places, running }: Shell, line: string): void {
  const [index = -1, status = -1] = line.split(" ").map(Number);
  const [place, ran] = [places[index], running.get(index)];
  if (place === undefined || ran === undefined) return;
  const result = outputOf(place.stdout, place.stderr, status);
  for (const file of Object.values(place)) ftruncateSync(file);
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

/** A line of sh(1) that runs it and says when it has ended. What asks only has nothing to do with the lock. */
function commandOf(program: string, args: readonly string[], asksOnly: boolean, index: number): string {
  const [stdin, stdout, stderr] = [0, 1, 2].map((n) => `/proc/self/fd/${firstDescriptor + 3 * index + n}`);
  const input = asksOnly ? "/dev/null" : stdin;
  const without = asksOnly ? `${lockDescriptor}>&-` : "";
  return `{ ${shellWords([program, ...args])} <${input} >>${stdout} 2>>${stderr}; echo ${index} $?; } ${without} &\n`;
}

function makePlaces(): Place[] | null {
  const places: Place[] = [];
  for (let n = 0; n < mostAtOnce; n++) {
    const [stdin, stdout, stderr] = [outputFile(), outputFile(), outputFile()];
    if (stdin === null || stdout === null || stderr === null) {
      for (const file of [stdin, stdout, stderr]) if (file !== null) closeSync(file);
      closePlaces(places);
      return null;
    }
    places.push({ stdin, stdout, stderr });
  }
  return places;
}

function closePlaces(places: readonly Place[]): void {
  for (const place of places) for (const file of Object.values(place)) closeSync(file);
}
