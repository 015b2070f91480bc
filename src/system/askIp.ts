import { type Conversation, converse, longestQuestion } from "./conversation.ts";
import type { ProgramResult } from "./system.ts";

/** Lines for an `ip` that stays. */
export interface Question {
  readonly options: readonly string[];
  readonly lines: string;
  /** A long listing is not in the way of what is asked meanwhile. */
  readonly apart?: true;
}

/** What a run asks first, if it is about few owners (observeKernel.ts). */
export const listLinks = "address show\n";
/** What one asks first that reads everything. */
export const listAllOfLinks = "-j -d address show";

/**
 * `ip` remembers which link has which name. The links are listed at the beginning of every run; where index or name of any
 * has changed, other ones are asked from then on.
 *
 * @param lock descriptor of the writers' lock
 */
export function askIp(lock: number) {
  const conversations = new Map<string, Conversation>();
  let links: string | null = null;
  let fresh = true;
  const conversation = (options: readonly string[], apart = "") => {
    const name = `${options.join(" ")}${apart}`;
    const one = conversations.get(name) ?? converse(options, lock);
    conversations.set(name, one);
    return one;
  };
  const ask = ({ options, lines, apart }: Question): Promise<ProgramResult> => {
    fresh = false;
    return conversation(options, apart === true ? lines : "").ask(lines);
  };
  const end = () => {
    for (const one of conversations.values()) one.end();
    conversations.clear();
    fresh = true;
  };
  return {
    /** Starts the one that answers batches: it knows no name of a link before it is asked for something. */
    begin: () => conversation(batchOptions).begin(),
    end,
    async ask(question: Question): Promise<ProgramResult> {
      const first = fresh;
      const answer = await ask(question);
      if (question.lines !== listLinks) return answer;
      const now = namesOf(answer.stdout);
      const same = first || now === links;
      links = now;
      if (same) return answer;
      end();
      return ask(question);
    },
  };
}

/** The options of the one `ip` that answers all questions of a batch; a change needs none, and takes any. */
const batchOptions = ["-j", "-N"];

/** A small batch of changes or questions; null for anything else, and for rules of IPv6, which need another `ip`. */
export function smallBatch(args: readonly string[], input: string | undefined): Question | null {
  const isBatch = /^(-j -N )?-force -batch -$/.test(args.join(" "));
  const small = input !== undefined && Buffer.byteLength(input) <= longestQuestion;
  return isBatch && small ? { options: batchOptions, lines: input } : null;
}

/** Index and name of each link. */
function namesOf(json: string): string {
  return [...json.matchAll(/"ifindex":(\d+),"(?:link[^"]*":[^,]*,")?ifname":"([^"]*)"/g)]
    .map((match) => match[0])
    .join();
}

/**
 * For a run of its own: one `ip` answers all of a run about few owners, which asks for the links first. A run that reads everything
 * lists much at once, and does it by itself.
 */
export function askDuringRun(lock: number) {
  let asked: ReturnType<typeof askIp> | null = null;
  let listed = false;
  const end = () => {
    asked?.end();
    asked = null;
    listed = false;
  };
  return {
    /** Before it is known what will be asked. */
    begin() {
      asked ??= askIp(lock);
      asked.begin();
    },
    end,
    /** null: by a program of its own. */
    answer(args: readonly string[], input: string | undefined): Promise<ProgramResult> | null {
      if (args.join(" ") === listAllOfLinks) end();
      const question = smallBatch(args, input);
      if (question?.lines === listLinks) {
        asked ??= askIp(lock);
        listed = true;
      }
      return question === null || asked === null || !listed ? null : asked.ask(question);
    },
  };
}
