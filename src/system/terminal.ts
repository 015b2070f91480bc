import { fstatSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/** NO_COLOR counts unless SYSTEMD_COLORS says otherwise; else a terminal that is not dumb has colour. */
export function wantsColour(environment: Environment, isTerminal: boolean): boolean {
  const systemd = environment["SYSTEMD_COLORS"];
  if (systemd !== undefined && systemd !== "") return !/^(0|no|n|false|f|off)$/i.test(systemd);
  const none = environment["NO_COLOR"];
  if (none !== undefined && none !== "") return false;
  return isTerminal && environment["TERM"] !== "dumb";
}

/** Whether stderr is the journal (systemd.exec(5), $JOURNAL_STREAM): then lines carry their level. */
export function stderrIsJournal(environment: Environment): boolean {
  const stream = environment["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
