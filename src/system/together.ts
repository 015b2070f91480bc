import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { outputFile, outputOf } from "./memoryFiles.ts";
import { environment } from "./programs.ts";
import { shellWords } from "./shellWords.ts";
import type { ProgramResult } from "./system.ts";

/** Runs a program that changes nothing. */
type Ask = (program: string, args: readonly string[]) => Promise<ProgramResult>;

interface Asked {
  readonly program: string;
  readonly args: readonly string[];
  answer(result: ProgramResult | Promise<ProgramResult>): void;
}

/** The descriptors of the shell that lead to a program's output. */
interface Outputs {
  readonly stdout: number;
  readonly stderr: number;
}

const firstDescriptor = 3;

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
    const outputs = group.length === 1 ? null : outputsFor(group.length);
    if (outputs === null) for (const asked of group) byItself(asked);
    else askByShell(group, outputs, byItself);
  };
  return (program, args) =>
    new Promise((answer) => {
      // Whoever asks in the same go does so before this.
      if (waiting.length === 0) queueMicrotask(start);
      waiting.push({ program, args, answer });
    });
}

/** Each program tells by a line that it has ended: what it printed can be read while others are at work. */
function askByShell(group: readonly Asked[], outputs: Outputs[], byItself: (asked: Asked) => void): void {
  const lines = group.map(({ program, args }, index) => {
    const words = shellWords([program, ...args]);
    const [stdout, stderr] = [0, 1].map((offset) => `/proc/self/fd/${firstDescriptor + 2 * index + offset}`);
    return `{ ${words} >>${stdout} 2>>${stderr}; echo ${index} $?; } &\n`;
  });
  const shell = spawn("/bin/sh", ["-c", `${lines.join("")}wait`], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore", ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr])],
  });
  const left = new Map(group.map((asked, index) => [index, asked]));
  let said = "";
  shell.stdout?.setEncoding("latin1").on("data", (text: string) => {
    const ended = (said + text).split("\n");
    said = ended.pop() ?? "";
    for (const line of ended) {
      const [index = -1, exitCode = -1] = line.split(" ").map(Number);
      const output = outputs[index];
      if (output !== undefined) {
        left.get(index)?.answer(outputOf(output.stdout, output.stderr, exitCode));
      }
      left.delete(index);
    }
  });
  const end = () => {
    for (const asked of left.values()) byItself(asked);
    left.clear();
    closeAll(outputs.splice(0));
  };
  shell.on("error", end).on("close", end);
}

/** null where there is no place for them. */
function outputsFor(programs: number): Outputs[] | null {
  const outputs: Outputs[] = [];
  for (let n = 0; n < programs; n++) {
    const [stdout, stderr] = [outputFile(), outputFile()];
    if (stdout !== null && stderr !== null) {
      outputs.push({ stdout, stderr });
      continue;
    }
    for (const file of [stdout, stderr]) if (file !== null) closeSync(file);
    closeAll(outputs);
    return null;
  }
  return outputs;
}

function closeAll(outputs: readonly Outputs[]): void {
  for (const { stdout, stderr } of outputs) {
    closeSync(stdout);
    closeSync(stderr);
  }
}
