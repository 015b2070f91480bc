import { closeSync } from "node:fs";
import { linesOf } from "./lines.ts";
import { outputFile } from "./memoryFiles.ts";

/** Files in memory of one program that a shell starts; the shell has them from `firstDescriptor` on, in this order. */
export interface Place {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

/** Of a shell; the one before is for whatever else it has open. */
const firstDescriptor = 4;

/** null where there is no room for them. */
export function makePlaces(programs: number): Place[] | null {
  const files: number[] = [];
  while (files.length < 3 * programs) {
    const file = outputFile();
    if (file === null) {
      files.forEach(closeSync);
      return null;
    }
    files.push(file);
  }
  const fileAt = (at: number) => files[at] as number;
  return Array.from({ length: programs }, (_, index) => {
    const first = 3 * index;
    return { stdin: fileAt(first), stdout: fileAt(first + 1), stderr: fileAt(first + 2) };
  });
}

export function filesOf(places: readonly Place[]): number[] {
  return places.flatMap(({ stdin, stdout, stderr }) => [stdin, stdout, stderr]);
}

/**
 * A line of sh(1) that runs a program at a place, without waiting for it, and prints a line when it has ended.
 *
 * @param words the program and its arguments
 * @param hasInput else its input is empty
 * @param others redirections of other descriptors
 */
export function placeLine(words: readonly string[], index: number, hasInput: boolean, others: string): string {
  const [stdin, stdout, stderr] = [0, 1, 2].map((n) => `/proc/self/fd/${firstDescriptor + 3 * index + n}`);
  const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const input = hasInput ? stdin : "/dev/null";
  return `{ ${command} <${input} >>${stdout} 2>>${stderr}; echo ${index} $?; } ${others} &\n`;
}

/** @param hear gets the place of each program that has ended, and its exit status */
export function whenEnded(stdout: NodeJS.ReadableStream, hear: (index: number, status: number) => void): void {
  linesOf(stdout, (line) => {
    const [index = -1, status = -1] = line.split(" ").map(Number);
    hear(index, status);
  });
}
