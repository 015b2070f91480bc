import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, ftruncateSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { outputOf, scratchFile } from "./memoryFiles.ts";
import { environment, notRun } from "./programs.ts";
import type { ProgramResult } from "./system.ts";

/** An `ip -batch` that stays: what it costs to start a program is most of what a small batch costs. */
export interface Conversation {
  /** Starts it before there is anything to ask. */
  begin(): void;
  /** Carries out lines as `ip -force -batch -` does, one call after the other. */
  ask(lines: string): Promise<ProgramResult>;
  /** Ends the `ip`, when what it was asked is answered. */
  end(): void;
}

interface Talker {
  readonly child: ChildProcessByStdio<Writable, null, Readable>;
  /** Where its output goes: emptied after each answer. */
  readonly output: number;
  /** What it says when it ends; `exitCode` null while it runs. */
  readonly ended: { exitCode: number | null; reason: string };
}

/** What fits into the empty buffer of a socket, so that all of it is written at once. */
export const longestQuestion = 48_000;
/** A write up to this size is there as a whole or not at all, if we are killed: half a line can be another route. */
const longestWrite = 3900;

/**
 * Its output goes to a file in memory; a line that no `ip` knows marks the end of an answer, in what it says of errors. It inherits
 * the lock's open file: as long as it is at work on what a killed netkeep has asked for, nobody else gets the lock.
 *
 * @param options of `ip`, such as `-j`
 * @param lock descriptor of the writers' lock
 */
export function converse(options: readonly string[], lock: number): Conversation {
  let talker: Talker | null = null;
  let begun = 0;
  let number = 0;
  /** The last question; null: all are answered. */
  let turn: Promise<unknown> | null = null;
  const begin = (): Talker => {
    if (talker !== null && talker.ended.exitCode === null) return talker;
    end();
    begun = 0;
    talker = start(options, lock);
    return talker;
  };
  const askNow = (lines: string) => {
    const now = begin();
    number += 1;
    const first = begun;
    begun += lines.split("\n").length;
    return answerOf(now, lines, `netkeep-end-${number}`, first);
  };
  const end = () => {
    if (talker !== null) dismiss(talker);
    talker = null;
  };
  return {
    begin: () => void begin(),
    ask(lines) {
      // At once, for who asks may work on meanwhile without a pause.
      const answer = turn === null ? askNow(lines) : turn.then(() => askNow(lines));
      const answered = () => {
        if (turn === mine) turn = null;
      };
      const mine: Promise<unknown> = answer.then(answered, answered);
      turn = mine;
      return answer;
    },
    end() {
      if (turn === null) end();
      else void turn.then(end);
    },
  };
}

function start(options: readonly string[], lock: number): Talker {
  const output = scratchFile();
  const child = spawn("ip", [...options, "-force", "-batch", "-"], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", output, "pipe", lock],
  }) as Talker["child"];
  const ended: Talker["ended"] = { exitCode: null, reason: "" };
  const end = ({ exitCode, stderr }: ProgramResult) => Object.assign(ended, { exitCode, reason: stderr });
  child.stdin.on("error", () => undefined);
  child.on("error", (error: NodeJS.ErrnoException) => end(notRun("ip", error.code === "ENOENT", error.message)));
  child.on("exit", (exitCode, signal) => {
    if (exitCode === null) end(notRun("ip", false, `Command was killed with ${signal}: ip`));
    else ended.exitCode ??= exitCode;
  });
  child.stderr.setEncoding("utf8");
  return { child, output, ended };
}

/** It ends by itself, and nobody waits for it. */
function dismiss({ child, output }: Talker): void {
  child.stdin.end();
  child.stderr.destroy();
  child.unref();
  closeSync(output);
}

/** @param begun lines that this `ip` was asked before */
function answerOf(
  { child, output, ended }: Talker,
  lines: string,
  mark: string,
  begun: number,
): Promise<ProgramResult> {
  const unknown = `Object "${mark}" is unknown`;
  let said = "";
  return new Promise((resolve) => {
    const finish = (errors: string, exitCode: number | null) => {
      child.stderr.off("data", hear);
      child.off("close", closed);
      const { stdout, ...written } = outputOf(output, null, 0);
      ftruncateSync(output);
      // Of what it could not write it may have some left, which would come before the next answer.
      if (written.exitCode !== 0) ended.exitCode = written.exitCode;
      resolve({ stdout, ...(written.exitCode === 0 ? errorsOf(errors, begun, exitCode) : written) });
    };
    const closed = () => finish(said + ended.reason, ended.exitCode ?? 1);
    const hear = (text: string) => {
      said += text;
      const end = said.lastIndexOf(unknown);
      if (end >= 0 && /\nCommand failed -:\d+\n$/.test(said)) finish(said.slice(0, end), null);
    };
    child.stderr.on("data", hear);
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
function errorsOf(said: string, begun: number, exitCode: number | null): Omit<ProgramResult, "stdout"> {
  const stderr = said.replace(/^Command failed -:(\d+)$/gm, (_, at) => `Command failed -:${Number(at) - begun}`);
  const failed = /^Command failed -:/m.test(said) ? 1 : 0;
  return { stderr, exitCode: exitCode ?? failed };
}
