import { batchesOf, batchText, parseBatchErrors, replacedRules } from "../kernel/batch.ts";
import type { KernelChange } from "../model/change.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { KernelEntries } from "../model/state.ts";
import { observeEntries } from "../observe/observeKernel.ts";
import { concurrentSteps } from "../plan/steps.ts";
import type { System } from "../system/system.ts";

/** From this exit status on, as a shell has it, a program was not run, or not to its end (`ProgramResult`). */
const notRunStatus = 126;

/** An entry that the kernel did not take, and its words. */
export interface Refusal {
  readonly entry: Entry;
  readonly reason: string;
}

export interface LiveResult {
  readonly applied: readonly KernelChange[];
  readonly refused: readonly Refusal[];
}

/** Why a batch stopped before its end. */
interface Stop {
  readonly reason: string;
  /** A line was refused; else `ip` was killed, or could not be run, and that is nobody's fault. */
  readonly isRefusal: boolean;
}

/** How often a batch that stopped early is begun again; each time at least one line is behind us. */
const mostRounds = 100;

/**
 * Carries out kernel changes in one `ip -force -batch`, in two at once where there are many, and one more for rules of
 * IPv6. If a batch stops early (a refused `neigh` line does that even with -force, without a line number), the kernel is
 * read again and `replan` says what is left.
 *
 * @param replan what is still to do, in the same order, given what the kernel has now
 */
export async function applyLive(
  system: System,
  changes: readonly KernelChange[],
  protocol: number,
  replan: (state: KernelEntries) => readonly KernelChange[],
): Promise<LiveResult> {
  const refused = new Map<string, Refusal>();
  let left = changes;
  for (let round = 0; left.length > 0 && round < mostRounds; round++) {
    const stopped = await carryOut(system, left, protocol, refused);
    left = stopped === null ? [] : replan(await observeEntries(system)).filter((change) => !isAmong(refused, change));
    const culprit = left[0];
    // The lines above the one that stopped the batch are done, so it is the first that is left. Not so for a delete whose
    // entry vanished by itself: it is not left at all, and what is left is only to be begun again.
    if (stopped?.isRefusal && culprit !== undefined && stops(culprit) && !vanished(stopped.reason)) {
      refused.set(entryKey(culprit.entry), refusal(culprit, stopped.reason));
      left = left.slice(1);
    }
  }
  const untried = new Map(left.map((change) => [entryKey(change.entry), change]));
  const isTaken = (change: KernelChange) => !isAmong(refused, change) && !isAmong(untried, change);
  const taken = () => (refused.size + untried.size === 0 ? changes : changes.filter(isTaken));
  const replaced = replacedRules(taken());
  if (replaced.length > 0) await runBatches(system, replaced, protocol, refused);
  return { applied: taken(), refused: [...refused.values()] };
}

function isAmong(some: ReadonlyMap<string, unknown>, { entry }: KernelChange): boolean {
  return some.has(entryKey(entry));
}

/** @returns what stopped a batch before its end; null if all lines were tried */
async function carryOut(
  system: System,
  changes: readonly KernelChange[],
  protocol: number,
  refused: Map<string, Refusal>,
): Promise<Stop | null> {
  for (const step of concurrentSteps(changes)) {
    const stopped = await Promise.all(step.map((list) => runBatches(system, list, protocol, refused)));
    const first = stopped.find((stop) => stop !== null);
    if (first !== undefined) return first;
  }
  return null;
}

async function runBatches(
  system: System,
  changes: readonly KernelChange[],
  protocol: number,
  refused: Map<string, Refusal>,
): Promise<Stop | null> {
  for (const batch of batchesOf(changes)) {
    const args = [...batch.options, "-force", "-batch", "-"];
    const result = await system.run("ip", args, batchText(batch.changes, protocol));
    const errors = parseBatchErrors(result.stderr, result.exitCode);
    for (const [index, reason] of errors.refused) {
      const change = batch.changes[index];
      if (change !== undefined && !isGone(change, reason)) refused.set(entryKey(change.entry), refusal(change, reason));
    }
    if (errors.stopped !== null) return { reason: errors.stopped, isRefusal: result.exitCode < notRunStatus };
  }
  return null;
}

function refusal({ entry }: KernelChange, reason: string): Refusal {
  if (entry.kind !== "rule" || reason !== "File exists") return { entry, reason };
  // rule_exists() of net/core/fib_rules.c: an address that is not named fits any, and inverted is no difference.
  const taken = "the kernel takes it for another rule with this priority and table; give one of them another priority";
  return { entry, reason: taken };
}

/** Only `neigh` lines stop a batch: routes are checked and spelt so that `ip` can parse them. */
function stops(change: KernelChange): boolean {
  return change.entry.kind === "neighbor";
}

/** Deleting what is not there is what we wanted. */
function isGone(change: KernelChange, reason: string): boolean {
  return change.action === "remove" && (vanished(reason) || /Cannot find device/.test(reason));
}

function vanished(reason: string): boolean {
  return /No such (process|file or directory)/.test(reason);
}
