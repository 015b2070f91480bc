import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ProgramResult } from "./system.ts";

/** An `ip -batch` that stays: what it costs to start a program is most of what a small batch costs. */
export interface Conversation {
  /** Carries out lines as `ip -force -batch -` does, one call after the other. */
  ask(lines: string): Promise<ProgramResult>;
  end(): void;
}

type Talker = ChildProcessByStdio<Writable, Readable, null>;

/** What fits into the empty buffer of a socket, so that all of it is written at once. */
export const longestQuestion = 48_000;
/** A write up to this size is there as a whole or not at all, if we are killed: half a line can be another route. */
const longestWrite = 3900;

/**
 * Its output and errors come by one pipe, in their order; a line that no `ip` knows marks the end of an answer. It inherits
 * the lock's open file: as long as it is at work on what a killed netkeep has asked for, nobody else gets the lock.
 *
 * @param options of `ip`, such as `-j`
 * @param lock descriptor of the writers' lock
 */
export function converse(options: readonly string[], lock: number): Conversation {
  let child: Talker | null = null;
  let begun = 0;
  let number = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const askNow = (lines: string) => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) {
      child = start(options, lock);
      begun = 0;
    }
    number += 1;
    const first = begun;
    begun += lines.split("\n").length;
    return answerOf(child, lines, `netkeep-end-${number}`, first);
  };
  return {
    ask(lines) {
      const mine = turn.then(() => askNow(lines));
      turn = mine;
      return mine;
    },
    end() {
      child?.stdin.end();
      child = null;
    },
  };
}

function start(options: readonly string[], lock: number): Talker {
  const child = spawn("sh", ["-c", 'exec ip "$@" -force -batch - 2>&1', "sh", ...options], {
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["pipe", "pipe", "ignore", lock],
  }) as Talker;
  child.stdin.on("error", () => undefined);
  child.on("error", () => undefined);
  child.stdout.setEncoding("utf8");
  return child;
}

/** @param begun lines that this child was asked before */
function answerOf(child: Talker, lines: string, mark: string, begun: number): Promise<ProgramResult> {
  const pieces: string[] = [];
  let tail = "";
  return new Promise((resolve) => {
    const finish = (exitCode: number | null, markLength = 0) => {
      child.stdout.off("data", hear);
      child.off("close", closed);
      const answer = pieces.join("");
      resolve(resultOf(answer.slice(0, answer.length - markLength), begun, exitCode));
    };
    const closed = (status: number | null) => finish(status ?? 1);
    const hear = (text: string) => {
      pieces.push(text);
      // Only the end is looked at: a long listing comes in many pieces.
      tail = (tail + text).slice(-200);
      const end = tail.lastIndexOf(`Object "${mark}" is unknown`);
      if (end < 0 || !/\nCommand failed -:\d+\n$/.test(tail)) return;
      finish(null, tail.length - end);
    };
    child.stdout.on("data", hear);
    child.on("close", closed);
    for (const text of writesOf(`${lines}${mark}\n`)) child.stdin.write(text);
  });
}

/** Whole lines, as many as go into one write. */
function writesOf(text: string): string[] {
  const writes: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.length - at <= longestWrite ? text.length : text.lastIndexOf("\n", at + longestWrite) + 1;
    writes.push(text.slice(at, end));
    at = end;
  }
  return writes;
}

/**
 * @param begun lines that were asked before
 * @param exitCode null if it goes on
 */
function resultOf(answer: string, begun: number, exitCode: number | null): ProgramResult {
  const lines = answer.split("\n").filter((line) => line !== "");
  const said = lines.filter((line) => !isOutput(line));
  const stderr = said.map((line) =>
    line.replace(/^Command failed -:(\d+)$/, (_, at) => `Command failed -:${Number(at) - begun}`),
  );
  const failed = said.some((line) => line.startsWith("Command failed -:")) ? 1 : 0;
  const text = (list: readonly string[]) => list.map((line) => `${line}\n`).join("");
  return { stdout: text(lines.filter(isOutput)), stderr: text(stderr), exitCode: exitCode ?? failed };
}

/** JSON, or what iproute2 6.1 prints of a neighbor for people although it was asked for JSON. */
function isOutput(line: string): boolean {
  return line.startsWith("[") || line.startsWith("{") || /^[0-9a-f.:]+ dev /.test(line);
}
