import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { ProgramResult } from "./system.ts";

/** In milliseconds: a directory may change again within the same tick of the clock in which its time was set. */
const settled = 1000;

/** Names in directories, read again when the directory's time says that one came or went. */
export function rememberNames(now: () => number) {
  const known = new Map<string, { readonly time: string; readonly names: readonly string[] }>();
  return {
    /** Sorted; null: to be asked in the way that explains what is wrong. */
    in(directory: string): readonly string[] | null {
      try {
        const found = statSync(directory, { throwIfNoEntry: false });
        if (found === undefined) return [];
        const { mtimeMs, ino, dev } = found;
        const time = `${dev} ${ino} ${mtimeMs}`;
        const before = known.get(directory);
        if (before?.time === time) return before.names;
        const names = readdirSync(directory).sort();
        // Directories of the kernel's own have times that say nothing.
        if (now() - mtimeMs > settled && !/^\/(proc|sys)\//.test(directory)) known.set(directory, { time, names });
        else known.delete(directory);
        return names;
      } catch {
        return null;
      }
    },
  };
}

/**
 * Which process owns networkd's name on the bus. It is the same as long as that process lives; and there is none as long as
 * nothing has changed of what a networkd that starts, systemd that starts it, and the bus leave in /run.
 */
export function rememberNetworkd() {
  let last: { readonly question: string; readonly evidence: string; readonly answer: ProgramResult } | null = null;
  return {
    async ask(args: readonly string[], call: () => Promise<ProgramResult>): Promise<ProgramResult> {
      const question = args.join(" ");
      if (!question.includes("GetConnectionUnixProcessID")) return call();
      if (last?.question === question && last.evidence === evidenceFor(last.answer)) return last.answer;
      const before = traces();
      const answer = await call();
      const evidence = evidenceFor(answer);
      last = before === traces() && evidence !== null ? { question, evidence, answer } : null;
      return answer;
    },
  };
}

/** null if there is none. */
function evidenceFor({ stdout }: ProgramResult): string | null {
  const process = /^u (\d+)/.exec(stdout)?.[1];
  if (process === undefined) return traces();
  const start = startOf(process);
  return start === null ? null : `${process} ${start}`;
}

/** starttime of proc(5): with the process a name that nobody else has. null if it is gone. */
function startOf(process: string): string | null {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function traces(): string {
  const times = ["/run/dbus/system_bus_socket", "/run/systemd/netif/state", "/run/systemd/netif/links"].map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? "" : `${found.ino} ${found.mtimeMs}`;
  });
  return [...times, invocation()].join(";");
}

/** systemd keeps this link for as long as the unit runs. */
function invocation(): string {
  try {
    return readlinkSync("/run/systemd/units/invocation:systemd-networkd.service");
  } catch {
    return "";
  }
}
