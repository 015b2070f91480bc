/**
 * What the kernel announced: `ip -ts monitor` in the host's root namespace, as parsed lines.
 *
 * No deletion event does not mean that nothing was deleted: IPv4 routes that the kernel flushes with the last IPv4
 * address of a link go silently. Compare `ip -4 route show table all` before and after as well.
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabHost } from "./host.ts";

export interface MonitorLine {
  /** As `ip -ts` prints it; the clock of the machine. */
  readonly time: string;
  /** route, neigh, addr, rule, nexthop, link … */
  readonly kind: string;
  readonly deleted: boolean;
  /** The entry, in the words of `ip`. */
  readonly text: string;
}

export interface Monitor {
  /** Everything from the return of `startMonitor` up to now. */
  stop(): Promise<MonitorLine[]>;
}

/** Returns when the kernel has the listener: nothing that happens afterwards is missed. */
export async function startMonitor(host: LabHost): Promise<Monitor> {
  const child = host.start(["sh", "-c", "echo $$; exec ip -ts monitor all"]);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await until(() => lines.length > 0, "ip monitor did not start");
  const pid = lines[0] as string;
  await until(() => isListening(host, pid), "ip monitor does not listen");
  return {
    async stop() {
      // The kernel has queued all events of what is finished; `ip` still has to read and print them.
      await sleep(settleMs);
      await child.kill();
      return parseMonitor(lines.slice(1));
    },
  };
}

/** Deletions of entries that mention this address, as the entry itself, as its prefix or as its gateway. */
export function deletions(lines: readonly MonitorLine[], address: string): MonitorLine[] {
  return lines.filter((line) => line.deleted && mentions(line, address));
}

export function mentions(line: MonitorLine, address: string): boolean {
  return line.text.split(/\s+/).some((word) => word === address || word.startsWith(`${address}/`));
}

/** Lines without a timestamp continue the one before (`ip monitor` prints some links on two lines). */
export function parseMonitor(lines: readonly string[]): MonitorLine[] {
  const parsed: MonitorLine[] = [];
  for (const line of lines) {
    const found = /^\[([^\]]+)\] ?\[([A-Z]+)\](Deleted |deleted )?(.*)$/.exec(line);
    const [, time = "", kind = "", deleted, text = ""] = found ?? [];
    const last = parsed.at(-1);
    if (found) parsed.push({ time, kind: kind.toLowerCase(), deleted: deleted !== undefined, text: text.trim() });
    else if (last) parsed[parsed.length - 1] = { ...last, text: `${last.text} ${line.trim()}` };
  }
  return parsed;
}

const settleMs = 200;

/** /proc/net/netlink: protocol 0 (route), port = pid inside the container, and it has joined groups. */
async function isListening(host: LabHost, pid: string): Promise<boolean> {
  const table = await readFile(`/proc/${host.pid}/net/netlink`, "utf8");
  return table.split("\n").some((line) => {
    const [, protocol, port, groups] = line.trim().split(/\s+/);
    return protocol === "0" && port === pid && !/^0+$/.test(groups ?? "0");
  });
}

async function until(condition: () => boolean | Promise<boolean>, failure: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(failure);
    await sleep(5);
  }
}
