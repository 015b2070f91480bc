import type { CommandContext } from "../../context.ts";
import { type ExitCode, exitCodes } from "../../errors.ts";
import { vdsmErrors } from "../../hooks/vdsmNetwork.ts";
import type { CommandResult, Message } from "../../result.ts";
import type { GivenDocument } from "../../store/documents.ts";
import { isPending, readTrial, type Trial } from "../../store/trial.ts";
import { confirmTrial, takeBack } from "../trialEnd.ts";
import { beginTrial, undoTrial } from "../try.ts";
import type { VdsmOutcome } from "./hookVdsmOutcome.ts";

/** VDSM changes this file when its manager has called: a call that comes after the change has got through it. */
export const clientLog = "/run/vdsm/client.log";

/** The most that the change itself may take, in seconds, before the timer takes it back; the check begins after it. */
const spareSeconds = 60;
/** How often to look, in milliseconds. */
const pause = 100;

/**
 * Under the lock: applies the documents on trial. Then waits, without the lock, for the manager: they are kept if it is
 * heard of within `seconds`, or if `netkeep confirm` keeps them; otherwise, and if this process is killed, they are taken
 * back.
 */
export async function tryNetworks(
  context: CommandContext,
  given: readonly GivenDocument[],
  seconds: number,
): Promise<VdsmOutcome | { wait(): Promise<VdsmOutcome> }> {
  const { system } = context;
  const id = system.now().toString(36);
  const options = { given, seconds: Math.ceil(seconds) + spareSeconds };
  try {
    const { trial, result } = await beginTrial(context, id, options);
    if (trial === null) return outcomeOf(vdsmErrors.failedToBringUp, exitCodes.failed, [result], result.data);
    return { wait: () => endTrial(context, trial, result, seconds) };
  } catch (error) {
    return { wait: () => undoTrial(context, id, error) };
  }
}

async function endTrial(
  context: CommandContext,
  trial: Trial,
  result: CommandResult,
  seconds: number,
): Promise<VdsmOutcome> {
  if (result.exitCode === exitCodes.failed) {
    const reverted = await takeBack(context, trial.id);
    return outcomeOf(vdsmErrors.failedToBringUp, exitCodes.failed, [result, reverted], result.data);
  }
  const heard = await isHeard(context, trial, seconds);
  const ended = heard ? await confirmTrial(context) : await takeBack(context, trial.id);
  const { system } = context;
  const kept = (await readTrial(system))?.state === "confirmed";
  if (kept && !heard) return outcomeOf(0, result.exitCode, [result], result.data);
  if (kept) return outcomeOf(0, ended.exitCode, [result, ended], result.data);
  const text = `nobody was heard of within ${seconds} s: ${clientLog} is as before, and there was no netkeep confirm`;
  const lost = { ...ended, messages: [...ended.messages, { level: "error" as const, text }] };
  return outcomeOf(vdsmErrors.lostConnection, exitCodes.differs, [result, lost], result.data);
}

/** Whether the change is to be kept, as far as can be told by the file; false also when it has been confirmed already. */
async function isHeard({ system }: CommandContext, { id }: Trial, seconds: number): Promise<boolean> {
  const begun = system.now();
  const until = begun + seconds * 1000;
  for (;;) {
    if (((await system.modified(clientLog)) ?? 0) > begun) return true;
    const now = await readTrial(system);
    const left = until - system.now();
    if (left <= 0 || !isPending(now) || now.id !== id) return false;
    await system.sleep(Math.min(left, pause));
  }
}

function outcomeOf(code: number, exitCode: ExitCode, results: readonly CommandResult[], applied: unknown): VdsmOutcome {
  const messages = results.flatMap((result): readonly Message[] => result.messages);
  return { code, exitCode, problems: [], messages, applied };
}
