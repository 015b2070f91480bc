import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../errors.ts";
import { clientOf, startOf } from "../../hooks/queue.ts";
import { places } from "../../model/places.ts";
import type { CommandResult } from "../../result.ts";
import type { System } from "../../system/system.ts";
import { carryOut, type Waiting, waitingCall } from "./hookBatch.ts";

/** `id`: `PID.START` of its client. */
type Queued = Waiting & { readonly id: string };

/**
 * `netkeep hook queue`: carries out all calls that wait, and leaves an answer for each. Its caller, bin/netkeep-hook, holds
 * the queue's lock; the clients whose calls were waiting find their answers when they get it.
 */
export async function hookQueueCommand(context: CommandContext): Promise<CommandResult> {
  const { system } = context;
  await sweepQueue(system);
  await carryOut(context, await waitingCalls(context), async ({ id }, answer) => {
    // Runtime only, and read by one shell: no need to survive a power loss.
    await system.writeFile(`${places.queue}/${id}.answer`, answer);
    await system.removeFile(`${places.queue}/${id}.request`);
  });
  return { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] };
}

/** In the order in which they came. */
async function waitingCalls(context: CommandContext): Promise<Queued[]> {
  const { system } = context;
  const names = (await system.list(places.queue)).filter((name) => name.endsWith(".request"));
  const found = await Promise.all(
    names.map(async (name) => ({ name, at: (await system.modified(`${places.queue}/${name}`)) ?? 0 })),
  );
  const calls: Queued[] = [];
  // Requests go from the first to the last, so reading from the last to the first never finds one without those after it,
  // should the run of a client that was killed still be at work. What is done twice then ends as it ended before.
  for (const { name } of found.sort((a, b) => b.at - a.at)) {
    const text = await system.readText(`${places.queue}/${name}`);
    if (text === null) continue;
    calls.unshift({ id: name.replace(/\.request$/, ""), ...(await waitingCall(context, text)) });
  }
  return calls;
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
