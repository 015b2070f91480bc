import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../errors.ts";
import { answerText, parseRequest, type QueuedCall } from "../../hooks/queue.ts";
import { messageText } from "../../report/messageText.ts";
import type { CommandResult } from "../../result.ts";
import { failedResult } from "../failure.ts";
import type { HookCall } from "./hookCall.ts";
import { type CalledCommand, calledCommand } from "./hookCommand.ts";
import { hookCallOf } from "./hookKinds.ts";
import { runHooks } from "./hookRun.ts";

/** A call that waits to be carried out. */
export interface Waiting {
  readonly queued: QueuedCall;
  readonly call: HookCall | CalledCommand;
}

/** A request as bin/netkeep-hook writes it; one that cannot be read is answered too, and changes nothing. */
export async function waitingCall(context: CommandContext, request: string): Promise<Waiting> {
  const queued = parseRequest(request);
  if (queued === null) return { queued: nobody, call: unreadable };
  const command = calledCommand(queued);
  return { queued, call: command ?? (await hookCallOf(context, queued.words, async () => queued.input)) };
}

/**
 * Carries out calls in their order. Those that follow each other and want the same of the host are one transaction.
 *
 * @param answered gets the answer to each call, as soon as it is known
 */
export async function carryOut<Call extends Waiting>(
  context: CommandContext,
  calls: readonly Call[],
  answered: (call: Call, answer: string) => Promise<void>,
): Promise<void> {
  for (const group of alike(calls)) {
    const results = await resultsOf(context, group);
    for (const [index, waiting] of group.entries()) {
      await answered(waiting, answerOf(waiting, results[index] as CommandResult));
    }
  }
}

function answerOf({ queued }: Waiting, { exitCode, text, messages }: CommandResult): string {
  return answerText(exitCode, text, messages.map((message) => messageText(message, queued.prefixed)).join(""));
}

/** A fault of netkeep in one call must not reach the others: then each is tried for itself. */
async function resultsOf(context: CommandContext, group: readonly Waiting[]): Promise<CommandResult[]> {
  const [first] = group;
  if (first !== undefined && "run" in first.call) return [await first.call.run(context).catch(failedResult)];
  const calls = group.flatMap(({ call }) => ("run" in call ? [] : [call]));
  const [only, second] = calls;
  try {
    return await runHooks(context, calls);
  } catch (error) {
    if (only !== undefined && second === undefined) return [faultResult(error, only)];
    const results: CommandResult[] = [];
    for (const waiting of group) results.push(...(await resultsOf(context, [waiting])));
    return results;
  }
}

/** Neighbours that may share a transaction. */
function alike<Call extends Waiting>(calls: readonly Call[]): Call[][] {
  const groups: Call[][] = [];
  for (const one of calls) {
    const last = groups.at(-1);
    const manner = mannerOf(one.call);
    if (manner !== null && last?.[0] !== undefined && mannerOf(last[0].call) === manner) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** What those that share a transaction have in common; null for what shares none. */
function mannerOf(call: Waiting["call"]): string | null {
  if ("run" in call) return null;
  return "result" in call ? "any" : `${call.options.live} ${call.options.reload} ${call.options.wait}`;
}

/** As `netkeep hook` says it, which exits with 0 all the same without --strict. */
function faultResult(error: unknown, call: HookCall): CommandResult {
  const isStrict = "options" in call && call.options.strict;
  const result = failedResult(error);
  return isStrict ? result : { ...result, exitCode: exitCodes.asDesired };
}

const nobody: QueuedCall = { words: [], input: "", prefixed: false };
const unreadable: HookCall = {
  result: {
    exitCode: exitCodes.asDesired,
    data: null,
    text: "",
    messages: [{ level: "error", text: "the request was not written in full: is /run full?" }],
  },
};
