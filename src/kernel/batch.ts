import type { KernelChange } from "../model/change.ts";
import type { Entry } from "../model/entry.ts";
import { neighborText } from "../model/neighbor.ts";
import { hasNoLink, type Route, routeText } from "../model/route.ts";
import { type Rule, ruleText } from "../model/rule.ts";

/** One `ip -batch` line for each change, in the same order: line N is change N - 1. */
export function batchText(changes: readonly KernelChange[], protocol: number): string {
  let text = "";
  for (const change of changes) text += `${batchLine(change, protocol)}\n`;
  return text;
}

/** Changes that one `ip` can carry out, and the options that it needs besides. */
export interface Batch {
  readonly options: readonly string[];
  readonly changes: readonly KernelChange[];
}

/**
 * The changes in their order, cut where `ip` has to be told a family: for a rule it takes IPv4 unless -6 is given, whatever
 * the addresses are (iproute2 6.1), and with -6 it takes nothing else.
 */
export function batchesOf(changes: readonly KernelChange[]): Batch[] {
  if (!changes.some(({ entry }) => entry.kind === "rule")) return [{ options: [], changes }];
  const batches: { options: string[]; changes: KernelChange[] }[] = [];
  let wasRule6: boolean | null = null;
  for (const change of changes) {
    const isRule6 = change.entry.kind === "rule" && change.entry.family === 6;
    if (isRule6 !== wasRule6) batches.push({ options: isRule6 ? ["-6"] : [], changes: [] });
    batches.at(-1)?.changes.push(change);
    wasRule6 = isRule6;
  }
  return batches;
}

/**
 * What is left of replaced rules: the kernel does not replace a rule, so the new one is set behind the old one, which goes
 * once that is done.
 */
export function replacedRules(changes: readonly KernelChange[]): KernelChange[] {
  const replaced: KernelChange[] = [];
  for (const change of changes) {
    if (change.action === "replace" && change.before.kind === "rule")
      replaced.push({ action: "remove", entry: change.before });
  }
  return replaced;
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
  if (entry.kind === "rule") return `rule add ${ruleText(entry)}${unusedTable(entry)} protocol ${entry.protocol}`;
  if (entry.kind === "neighbor") return `neigh replace ${neighborText(entry)} protocol ${protocol}`;
  return `route replace ${routeText(entry)}`;
}

/** networkd names a table in every rule, also in one that looks into none, and takes over only what has it. */
function unusedTable({ type, table }: Rule): string {
  return type === "lookup" || type === null ? "" : ` table ${table}`;
}

/**
 * The narrowest `del`: the key and the protocol, so that nobody else's entry can go. A bare `neigh del` has no such guard
 * and stops the batch if the entry is gone already; a `flush` of one address reads the whole table each time, too slow
 * for thousands. So the planner deletes only what it has just read, last, and the caller reads again after a stop.
 */
function removal(entry: Entry): string {
  if (entry.kind === "neighbor") return `neigh del ${entry.address} dev ${entry.link}`;
  if (entry.kind === "rule") return `rule del ${ruleText(entry)} protocol ${entry.protocol}`;
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
