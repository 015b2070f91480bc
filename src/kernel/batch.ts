import type { KernelChange } from "../model/change.ts";
import type { Entry } from "../model/entry.ts";
import { neighborText } from "../model/neighbor.ts";
import { hasNoLink, type Route, routeText } from "../model/route.ts";

/** One `ip -batch` line for each change, in the same order: line N is change N - 1. */
export function batchText(changes: readonly KernelChange[], protocol: number): string {
  let text = "";
  for (const change of changes) text += `${batchLine(change, protocol)}\n`;
  return text;
}

/** What `ip -force -batch -` said of a batch. */
export interface BatchResult {
  /** Index of the change → what the kernel said. */
  readonly refused: ReadonlyMap<number, string>;
  /** The batch stopped before its end: some errors do that even with -force, and without a line number. */
  readonly stopped: string | null;
}

/**
 * Maps the errors of `ip -force -batch -` (LC_ALL=C) back to changes. An error is one or more lines of text followed by
 * `Command failed -:N`. Text that no such line follows is the error that stopped the batch (a refused `neigh` line).
 */
export function parseBatchErrors(stderr: string, exitCode: number): BatchResult {
  const refused = new Map<number, string>();
  let said: string[] = [];
  for (const line of stderr.split("\n")) {
    const failed = /^Command failed -:(\d+)$/.exec(line.trim());
    if (failed === null) {
      if (line.trim() !== "") said.push(kernelWords(line.trim()));
      continue;
    }
    refused.set(Number(failed[1]) - 1, said.join("; ") || "refused without a reason");
    said = [];
  }
  const stopped = exitCode !== 0 && said.length > 0 ? said.join("; ") : null;
  return { refused, stopped: stopped ?? (exitCode !== 0 && refused.size === 0 ? `ip exited with ${exitCode}` : null) };
}

function batchLine(change: KernelChange, protocol: number): string {
  const { action, entry } = change;
  if (action === "remove") return removal(entry);
  if (entry.kind === "neighbor") return `neigh replace ${neighborText(entry)} protocol ${protocol}`;
  return `route replace ${routeText(entry)}`;
}

/**
 * The narrowest `del`: the key and the protocol, so that nobody else's entry can go. A bare `neigh del` has no such guard
 * and stops the batch if the entry is gone already; a `flush` of one address reads the whole table each time, too slow
 * for thousands. So the planner deletes only what it has just read, last, and the caller reads again after a stop.
 */
function removal(entry: Entry): string {
  if (entry.kind === "neighbor") return `neigh del ${entry.address} dev ${entry.link}`;
  const words = ["route del"];
  if (entry.type !== "unicast") words.push(entry.type);
  words.push(entry.destination, ...deviceWords(entry), "table", String(entry.table), "proto", String(entry.protocol));
  words.push("metric", String(entry.metric));
  return words.join(" ");
}

/** IPv6 can have one key on several links; a multipath route goes as a whole when no next hop is named. */
function deviceWords(route: Route): string[] {
  return route.nextHops.length > 0 || hasNoLink(route.type) ? [] : ["dev", route.link];
}

/** `RTNETLINK answers: File exists` and `Error: Nexthop has invalid gateway.` without their lead-in. */
function kernelWords(line: string): string {
  return line.replace(/^RTNETLINK answers: |^Error: /, "").replace(/\.$/, "");
}
