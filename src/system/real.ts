import { createHash } from "node:crypto";
import { closeSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { askDuringRun } from "./askIp.ts";
import { answerByBus, askBus } from "./bus.ts";
import {
  listDirectory,
  modifiedAt,
  openDirectory,
  readTextFile,
  removeQuietly,
  writeAtomic,
  writeInPlace,
} from "./files.ts";
import { readHostFacts, startDetached } from "./host.ts";
import { acquireLock } from "./lock.ts";
import { writeManyAtomic } from "./manyFiles.ts";
import { runProgram } from "./programs.ts";
import type { System } from "./system.ts";
import { waitForAnswer } from "./terminal.ts";
import { askTogether } from "./together.ts";
import { readUnitFiles } from "./units.ts";

/** @param root "" for this machine, else the directory below which all files are (`--root`) */
export function realSystem(root: string): System {
  let lock: number | null = null;
  let asked: ReturnType<typeof askDuringRun> | null = null;
  const ask = askTogether((program, args) => runProgram(program, args, undefined, null));
  return {
    offline: root !== "",
    privileged: process.geteuid?.() === 0,
    now: () => Date.now(),
    sleep: (milliseconds) => delay(milliseconds),
    digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, 16),
    readText: (path) => readTextFile(root + path),
    modified: (path) => modifiedAt(root + path),
    linkTarget: async (path) => linkTarget(root + path),
    list: (directory) => listDirectory(root + directory),
    readUnits: (directories, suffixes) => readUnitFiles(root, directories, suffixes),
    writeFile: (path, text, replaceLink) => writeAtomic(root + path, text, replaceLink),
    writeFiles: (files) => writeManyAtomic(files.map(({ path, text }) => ({ path: root + path, text }))),
    readPacked: async (path) => (await import("./packed.ts")).readPacked(root + path),
    writePacked: async (path, text) => (await import("./packed.ts")).writePacked(root + path, text),
    openDirectory: (path) => openDirectory(root + path),
    writeSysctl: (path, value) => writeInPlace(path, value),
    removeFile: (path) => removeQuietly(root + path),
    async run(program, args, input) {
      const byOther = program === "ip" ? asked?.answer(args, input) : answerByBus(program, args);
      const answered = await byOther;
      if (answered != null) return answered;
      return program === "ip" && input === undefined ? ask(program, args) : runProgram(program, args, input, lock);
    },
    askBus: (question) => askBus(question, (program, args) => runProgram(program, args, undefined, null)),
    self: [process.execPath, process.argv[1] ?? ""],
    startDetached,
    ask: (_question, milliseconds) => waitForAnswer(milliseconds),
    hostFacts: readHostFacts,
    async withLock(path, seconds, work, few = false) {
      try {
        lock = await acquireLock(root + path, seconds, (descriptor) => {
          asked = askDuringRun(descriptor);
          if (few && root === "") asked.begin();
        });
        return await work();
      } finally {
        asked?.end();
        asked = null;
        if (lock !== null) closeSync(lock);
        lock = null;
      }
    },
  };
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
