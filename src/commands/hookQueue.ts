import { exitCodes, UserError } from "../errors.ts";
import { answerText, clientOf, parseRequest, type QueuedCall, startOf } from "../hooks/queue.ts";
import { places } from "../model/places.ts";
import { messageText } from "../report/messageText.ts";
import type { System } from "../system/system.ts";
import type { CommandContext } from "./context.ts";
import type { HookCall } from "./hookCall.ts";
import { hookCallOf } from "./hookKinds.ts";
import { runHooks } from "./hookRun.ts";
import type { CommandResult } from "./result.ts";

interface Waiting {
  /** `PID.START` */
  readonly id: string;
  readonly queued: QueuedCall;
  readonly call: HookCall;
}

/**
 * `netkeep hook queue`: carries out all calls that wait, and leaves an answer for each. Its caller, bin/netkeep-hook, holds
 * the queue's lock; the clients whose calls were waiting find their answers when they get it.
 */
export async function hookQueueCommand(context: CommandContext): Promise<CommandResult> {
  const { system } = context;
  await sweepQueue(system);
  for (const group of alike(await waitingCalls(context))) {
    const results = await resultsOf(context, group);
    for (const [index, { id, queued }] of group.entries()) {
      const { exitCode, text, messages } = results[index] as CommandResult;
      const said = messages.map((message) => messageText(message, queued.prefixed)).join("");
      // Runtime only, and read by one shell: no need to survive a power loss.
      await system.writeFile(`${places.queue}/${id}.answer`, answerText(exitCode, text, said));
      await system.removeFile(`${places.queue}/${id}.request`);
    }
  }
  return { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] };
}

/** In the order in which they came; what cannot be read is answered too, and changes nothing. */
async function waitingCalls(context: CommandContext): Promise<Waiting[]> {
  const { system } = context;
  const names = (await system.list(places.queue)).filter((name) => name.endsWith(".request"));
  const found = await Promise.all(
    names.map(async (name) => ({ name, at: (await system.modified(`${places.queue}/${name}`)) ?? 0 })),
  );
  const calls: Waiting[] = [];
  // Requests go from the first to the last, so reading from the last to the first never finds one without those after it,
  // should the run of a client that was killed still be at work. What is done twice then ends as it ended before.
  for (const { name } of found.sort((a, b) => b.at - a.at)) {
    const text = await system.readText(`${places.queue}/${name}`);
    if (text === null) continue;
    const id = name.replace(/\.request$/, "");
    const queued = parseRequest(text);
    if (queued === null) calls.unshift({ id, queued: nobody, call: unreadable });
    else calls.unshift({ id, queued, call: await hookCallOf(context, queued.words, async () => queued.input) });
  }
  return calls;
}

/** A fault of netkeep in one call must not reach the others: then each is tried for itself. */
async function resultsOf(context: CommandContext, group: readonly Waiting[]): Promise<CommandResult[]> {
  const calls = group.map(({ call }) => call);
  try {
    return await runHooks(context, calls);
  } catch (error) {
    if (calls.length === 1) return [faultResult(error)];
    const results: CommandResult[] = [];
    for (const waiting of group) results.push(...(await resultsOf(context, [waiting])));
    return results;
  }
}

/** Neighbours in the queue that may share a transaction. */
function alike(waiting: readonly Waiting[]): Waiting[][] {
  const groups: Waiting[][] = [];
  for (const one of waiting) {
    const last = groups.at(-1);
    if (last !== undefined && mannerOf(last[0]?.call) === mannerOf(one.call)) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

function mannerOf(call: HookCall | undefined): string {
  return call === undefined || "result" in call ? "any" : `${call.options.live} ${call.options.reload}`;
}

/** What clients that were killed have left: half requests, and answers that nobody will read. */
async function sweepQueue(system: System): Promise<void> {
  for (const name of await system.list(places.queue)) {
    const client = clientOf(name.replace(/^\.(.*)$/, "$1.request"));
    if (client === null || name.endsWith(".request")) continue;
    const stat = await system.readText(`/proc/${client.process}/stat`).catch(() => null);
    if (stat === null || startOf(stat) !== client.start) await system.removeFile(`${places.queue}/${name}`);
  }
}

function faultResult(error: unknown): CommandResult {
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof UserError;
  const text = known ? reason : `a fault of netkeep itself: ${reason}`;
  return { exitCode: exitCodes.asDesired, data: null, text: "", messages: [{ level: "error", text }] };
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
