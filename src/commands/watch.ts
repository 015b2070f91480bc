import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import type { CommandResult, Message } from "../result.ts";
import type { Watching } from "../system/watching.ts";
import { requirePrivilege } from "./apply.ts";
import { followKernel, watchFiles } from "./watch/watchEvents.ts";
import { performLeases } from "./watch/watchLeases.ts";
import { perform, performHooks, statusText } from "./watch/watchPerform.ts";
import { createWatch, signatureOf, type Watch } from "./watch/watchState.ts";

/** In milliseconds: a task that takes longer is stuck. systemd hears no more that we are well, and starts us anew. */
const longestTask = 300_000;
/** In milliseconds: so long calls of hooks may keep a task waiting. */
const longestDelay = 1000;

/**
 * `netkeep watch`: sets right what is ours as soon as the kernel tells that it has changed, until it is ended. Events are
 * only reasons to look; what is done is what `audit --repair` does.
 *
 * @param say for the journal, as it happens
 * @throws UserError 75 if another one runs
 */
export async function watchCommand(
  context: CommandContext,
  watching: Watching,
  say: (message: Message) => void,
): Promise<CommandResult> {
  requireHost(context);
  if (!(await watching.claim(places.watchLock))) {
    throw new UserError(exitCodes.busy, `another netkeep watch runs: it holds ${places.watchLock}`);
  }
  try {
    await run(createWatch(context, watching, say));
  } finally {
    await watching.close();
  }
  return { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] };
}

/** @throws UserError 77 without root, 64 with --root */
export function requireHost(context: CommandContext): void {
  requirePrivilege(context);
  if (context.system.offline) {
    throw new UserError(exitCodes.usage, "watch looks after a host that runs: not with --root");
  }
}

async function run(watch: Watch): Promise<void> {
  const { watching, context, schedule, say } = watch;
  const { system } = context;
  followKernel(watch);
  watchFiles(watch);
  if (watching.watchdogMilliseconds !== null) watching.every(watching.watchdogMilliseconds, () => sayWell(watch));
  watch.documents = await signatureOf(context, places.documents);
  await perform(watch, "resync");
  await watching.serve(places.socket, (text) => {
    const answered = new Promise<string>((answer) => watch.calls.push({ text, answer }));
    watching.ring();
    return answered;
  });
  say({ level: "info", text: `watching: ${statusText(watch)}` });
  await watching.notify("READY=1", `STATUS=${statusText(watch)}`);
  while (!watching.ending) {
    // Guests come first, but a stream of them that does not end keeps nothing else from being done.
    const late = schedule.next(system.now() - longestDelay).task !== null;
    if (watch.calls.length > 0 && !late) {
      await performHooks(watch);
      continue;
    }
    if (watch.leasesAt <= system.now()) {
      await performLeases(watch);
      continue;
    }
    const next = schedule.next(system.now());
    if (next.task === null) await watching.wait(Math.min(next.until, watch.leasesAt) - system.now());
    else await perform(watch, next.task);
  }
  await watching.notify("STOPPING=1");
}

function sayWell({ busy, watching, context }: Watch): void {
  if (busy === null || context.system.now() - busy.since < longestTask) void watching.notify("WATCHDOG=1");
}
