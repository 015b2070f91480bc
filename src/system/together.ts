import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import { outputOf } from "./memoryFiles.ts";
import { environment } from "./programs.ts";
import { filesOf, makePlaces, type Place, placeLine, whenEnded } from "./shellPlaces.ts";
import type { ProgramResult } from "./system.ts";

/** Runs a program that changes nothing. */
type Ask = (program: string, args: readonly string[]) => Promise<ProgramResult>;

interface Asked {
  readonly program: string;
  readonly args: readonly string[];
  answer(result: ProgramResult | Promise<ProgramResult>): void;
}

/**
 * Has what is asked in one go started by one shell: while Node starts a program it does nothing else, and with the memory of
 * a large host that takes it as long as most questions to `ip` take. A shell starts seven in a tenth of the time. What it
 * does not answer, because there is none or it was killed, is asked once more.
 *
 * @param alone starts one by itself
 */
export function askTogether(alone: Ask): Ask {
  let waiting: Asked[] = [];
  const start = () => {
    const group = waiting;
    waiting = [];
    const byItself = ({ program, args, answer }: Asked) => answer(alone(program, args));
    const places = group.length === 1 ? null : makePlaces(group.length);
    if (places === null) for (const asked of group) byItself(asked);
    else askByShell(group, places, byItself);
  };
  return (program, args) =>
    new Promise((answer) => {
      // Whoever asks in the same go does so before this.
      if (waiting.length === 0) queueMicrotask(start);
      waiting.push({ program, args, answer });
    });
}

/** Each program tells by a line that it has ended: what it printed can be read while others are at work. */
function askByShell(group: readonly Asked[], places: Place[], byItself: (asked: Asked) => void): void {
  const lines = group.map(({ program, args }, index) => placeLine([program, ...args], index, false, ""));
  const shell = spawn("/bin/sh", ["-c", `${lines.join("")}wait`], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore", "ignore", ...filesOf(places)],
  }) as ChildProcessByStdio<null, Readable, null>;
  const left = new Map(group.map((asked, index) => [index, asked]));
  whenEnded(shell.stdout, (index, status) => {
    const place = places[index];
    if (place !== undefined) left.get(index)?.answer(outputOf(place.stdout, place.stderr, status));
    left.delete(index);
  });
  const end = () => {
    for (const asked of left.values()) byItself(asked);
    left.clear();
    filesOf(places.splice(0)).forEach(closeSync);
  };
  shell.on("error", end).on("close", end);
}
