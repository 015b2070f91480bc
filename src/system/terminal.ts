import { closeSync, fstatSync } from "node:fs";
import { isatty } from "node:tty";
import type { Answer } from "./system.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** NO_COLOR counts unless SYSTEMD_COLORS says otherwise; else a terminal that is not dumb has colour. */
export function wantsColour(environment: Environment, isTerminal: boolean): boolean {
  const systemd = environment["SYSTEMD_COLORS"];
  if (systemd !== undefined && systemd !== "") return !/^(0|no|n|false|f|off)$/i.test(systemd);
  const none = environment["NO_COLOR"];
  if (none !== undefined && none !== "") return false;
  return isTerminal && environment["TERM"] !== "dumb";
}

/** Whether lines on stderr carry their level: it is the journal (systemd.exec(5), $JOURNAL_STREAM), or somebody asks for it. */
export function wantsPriorities(environment: Environment): boolean {
  const { NETKEEP_LEVEL_PREFIX: prefix = "", JOURNAL_STREAM: stream } = environment;
  if (prefix !== "" && prefix !== "0") return true;
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

let answer: Answer = "later";
let heard: (() => void) | null = null;

/** See `System.ask`. From the first call on, signals and what is typed wait for the next one. */
export async function waitForAnswer(milliseconds: number): Promise<Answer> {
  if (heard === null) listen();
  if (answer === "later" && milliseconds > 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      heard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  const given = answer;
  // ENTER is an answer to one question; who was told to end stays told.
  if (answer === "yes") answer = "later";
  return given;
}

function listen(): void {
  heard = () => undefined;
  const hear = (said: Answer) => {
    answer = said;
    heard?.();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => hear("no"));
  const lose = () => {
    process.once("exit", closeTerminal);
    hear("no");
  };
  process.on("SIGHUP", lose);
  const { stdin } = process;
  if (!stdin.isTTY) return;
  stdin.on("data", (typed: Buffer) => (typed.includes("\n") && answer === "later" ? hear("yes") : undefined));
  stdin.on("end", lose).on("error", lose);
  stdin.unref();
}

/**
 * Node 18 and 20 abort at their end where a terminal has gone (node::ResetStdio()); what is closed they leave alone. One that is
 * there gets its modes back from them.
 */
function closeTerminal(): void {
  for (const descriptor of [0, 1, 2]) {
    try {
      if (!isatty(descriptor)) closeSync(descriptor);
    } catch {
      // It was closed already.
    }
  }
}
