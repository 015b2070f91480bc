import { closeSync, fstatSync, openSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { type Conversation, converse, longestQuestion } from "./conversation.ts";
import { keepLock } from "./lockKeeper.ts";
import { rememberNames, rememberNetworkd } from "./remembered.ts";
import type { ProgramResult, System } from "./system.ts";

/**
 * The same machine for a process that stays: small calls of `ip` go to one that runs already, files are read without a
 * detour through other threads, and the lock is taken without starting a program. What it is told and what comes of it is the
 * same.
 *
 * @param lockPath the lock that `withLock` is asked for; others are taken as before
 */
export function residentSystem(system: System, lockPath: string): System & { end(): void } {
  const keeper = keepLock(lockPath);
  const ip = askIp(keeper.descriptor);
  const names = rememberNames(system.now);
  const networkd = rememberNetworkd();
  return {
    ...system,
    readText: async (path) => readQuickly(path) ?? system.readText(path),
    modified: async (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null,
    linkTarget: async (path) => targetOf(path),
    list: async (directory) => names.in(directory) ?? system.list(directory),
    run(program, args, input) {
      if (program === "busctl") return networkd.ask(args, () => system.run(program, args, input));
      const question = program === "ip" ? questionOf(args, input) : null;
      return question === null ? system.run(program, args, input) : ip.ask(question);
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
      keeper.end();
    },
  };
}

/** Lines for an `ip` that has these options. */
interface Question {
  readonly options: readonly string[];
  readonly lines: string;
}

/**
 * `ip` remembers which link has which name. The links are listed at the beginning of every run; where index or name of any
 * has changed, other ones are asked from then on.
 */
function askIp(lock: number) {
  const conversations = new Map<string, Conversation>();
  let links = "";
  const ask = ({ options, lines }: Question): Promise<ProgramResult> => {
    // A long listing is not in the way of what is asked meanwhile.
    const name = `${options.join(" ")}${lines === listNeighbors ? lines : ""}`;
    const one = conversations.get(name) ?? converse(options, lock);
    conversations.set(name, one);
    return one.ask(lines);
  };
  const end = () => {
    for (const one of conversations.values()) one.end();
    conversations.clear();
  };
  return {
    end,
    async ask(question: Question): Promise<ProgramResult> {
      const answer = await ask(question);
      if (question.lines !== listLinks) return answer;
      const now = namesOf(answer.stdout);
      if (now === links) return answer;
      links = now;
      end();
      return ask(question);
    },
  };
}

const listLinks = "address show\n";
const listNeighbors = "neigh show\n";

/** Calls that are small, and that `-batch` takes: changes, questions about few entries, the links. */
function questionOf(args: readonly string[], input: string | undefined) {
  const text = args.join(" ");
  if (text === "-j -d address show") return { options: ["-j", "-d"], lines: listLinks };
  if (text === "-j -N neigh show") return { options: ["-j", "-N"], lines: listNeighbors };
  const [, options] = /^((?:-\w+ )*)-force -batch -$/.exec(text) ?? [];
  const small = input !== undefined && Buffer.byteLength(input) <= longestQuestion;
  return options === undefined || !small ? null : { options: options.split(" ").filter(Boolean), lines: input };
}

/** Index and name of each link. */
function namesOf(json: string): string {
  return [...json.matchAll(/"ifindex":(\d+),"(?:link[^"]*":[^,]*,")?ifname":"([^"]*)"/g)]
    .map((match) => match[0])
    .join();
}

/** null: to be asked again in the way that explains what is wrong. */
function readQuickly(path: string): string | null {
  try {
    const file = openSync(path, "r");
    try {
      return fstatSync(file).isFile() ? readFileSync(file, "utf8") : null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
