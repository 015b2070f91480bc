import { askIp, listAllOfLinks, listLinks, type Question, smallBatch } from "./askIp.ts";
import { keepLock } from "./lockKeeper.ts";
import { runProgram } from "./programs.ts";
import { rememberNames, rememberNetworkd } from "./remembered.ts";
import { keepStarter } from "./starter.ts";
import type { System } from "./system.ts";

/**
 * The same machine for a process that stays: small calls of `ip` go to one that runs already, a shell that does so starts
 * the others, names in directories are remembered, and the lock is taken without starting a program. What it is told and
 * what comes of it is the same.
 *
 * @param lockPath the lock that `withLock` is asked for; others are taken as before
 */
export function residentSystem(system: System, lockPath: string): System & { end(): void } {
  const keeper = keepLock(lockPath);
  const ip = askIp(keeper.descriptor);
  const starter = keepStarter(keeper.descriptor);
  const names = rememberNames(system.now);
  const networkd = rememberNetworkd();
  return {
    ...system,
    list: async (directory) => names.in(directory) ?? system.list(directory),
    run(program, args, input) {
      if (program === "busctl") return networkd.ask(args, () => system.run(program, args, input));
      const question = program === "ip" ? questionOf(args, input) : null;
      if (question !== null) return ip.ask(question);
      const started = program === "ip" ? starter.run(program, args, input) : null;
      if (started !== null) return started;
      // The lock was not taken by way of `system`, which so cannot have a program hold it that outlives us.
      return input === undefined ? system.run(program, args) : runProgram(program, args, input, keeper.descriptor);
    },
    async withLock(path, seconds, work) {
      if (path !== lockPath) return system.withLock(path, seconds, work);
      await keeper.lock(seconds);
      try {
        return await work();
      } finally {
        keeper.unlock();
      }
    },
    end() {
      ip.end();
      starter.end();
      keeper.end();
    },
  };
}

/** Calls that are small, and that `-batch` takes: changes, questions about few entries, the links. */
function questionOf(args: readonly string[], input: string | undefined): Question | null {
  const text = args.join(" ");
  if (text === listAllOfLinks) return { options: ["-j", "-d"], lines: listLinks };
  if (text === "-j -N neigh show") return { options: ["-j", "-N"], lines: listNeighbors, apart: true };
  const question = smallBatch(args, input);
  return question?.lines === listNeighbors ? { ...question, apart: true } : question;
}

const listNeighbors = "neigh show\n";
