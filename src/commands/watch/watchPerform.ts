import { defaultSettings } from "../../desired/settings.ts";
import { exitCodes, UserError } from "../../errors.ts";
import { entryTitle, keyTitle } from "../../model/entry.ts";
import { places } from "../../model/places.ts";
import type { Settings } from "../../model/settings.ts";
import { count } from "../../report/style.ts";
import type { Task } from "../../watch/schedule.ts";
import { carryOut, waitingCall } from "../hook/hookBatch.ts";
import { loadSettings } from "../settings.ts";
import { unheard, watchFiles } from "./watchEvents.ts";
import { signatureOf, type Watch } from "./watchState.ts";
import { applyDocuments, heal, resync, type TaskResult } from "./watchTasks.ts";

/** Does what is due. Whatever goes wrong is said, and tried again at its time. */
export async function perform(watch: Watch, task: Task): Promise<void> {
  const { suspects, schedule, context } = watch;
  const { system } = context;
  const begun = system.now();
  const looked = [...suspects.since.keys()];
  let idle = true;
  watch.busy = { since: begun, events: [] };
  schedule.began(task);
  try {
    watch.context = { ...context, settings: await loadSettings(system) };
    if (task === "documents") await performDocuments(watch);
    else {
      const result = task === "heal" ? await heal(watch.context) : await resync(watch.context, watch.findings ?? []);
      idle = result.healed.length === 0;
      suspects.clear(looked);
      learn(watch, result);
    }
    if (task === "resync") await afterResync(watch);
  } catch (error) {
    suspects.clear(looked);
    await failed(watch, task, error);
  } finally {
    resume(watch);
    schedule.ended(task, begun, system.now(), idle);
  }
}

/** Carries out the calls of hooks that have come by now, as the queue does, and answers them. */
export async function performHooks(watch: Watch): Promise<void> {
  const { context, suspects, say } = watch;
  // Those that came while the last ones were carried out are not alone.
  if (watch.crowded) await gather(watch);
  const calls = watch.calls.splice(0, mostCalls);
  watch.busy = { since: context.system.now(), events: [] };
  // After the answers: until then nobody waits for it, and no event is judged.
  const learned: (() => void)[] = [];
  try {
    const settings = await hookSettings(watch);
    const reloadLater = () => watch.schedule.owe(context.system.now());
    const learn: typeof suspects.learn = (...known) => learned.push(() => suspects.learn(...known));
    const learning = { ...context, settings, learn, reloadLater };
    const waiting = await Promise.all(
      calls.map(async ({ text, answer }) => ({ answer, ...(await waitingCall(learning, text)) })),
    );
    const work = () => carryOut(learning, waiting, async ({ answer }, text) => answer(text));
    if (waiting.some(({ call }) => "run" in call && call.whole)) await unheard(watch, work);
    else await work();
    watch.lastOwn = context.system.now();
  } catch (error) {
    say({ level: "error", text: `hooks: ${error instanceof Error ? error.message : String(error)}` });
    // Whoever has no answer makes the call by itself.
    for (const { answer } of calls) answer("");
  } finally {
    watch.crowded = watch.calls.length > 0;
    for (const learn of learned) learn();
    resume(watch);
  }
}

/** Waits for more calls, for a while, or until no more come. */
async function gather({ calls, context: { system } }: Watch): Promise<void> {
  const until = system.now() + longestGathering;
  for (let before = -1; before < calls.length && calls.length < mostCalls && system.now() < until; ) {
    before = calls.length;
    await system.sleep(quiet);
  }
}

/** A guest must be able to start on a host with a slip in netkeep.conf. */
async function hookSettings({ context, say }: Watch): Promise<Settings> {
  try {
    return await loadSettings(context.system);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say({ level: "error", text: `${error.message}\nthe defaults are used for hooks` });
    return defaultSettings;
  }
}

/** What has happened meanwhile is judged now. */
export function resume(watch: Watch): void {
  const events = watch.busy?.events ?? [];
  watch.busy = null;
  for (const event of events) watch.suspects.see(event, watch.context.system.now());
}

/** For `systemctl status`. */
export function statusText({ findings, strikes }: Watch): string {
  if (findings === null) return "the last look at everything failed, see the journal";
  const drift = findings.filter(({ severity }) => severity !== "info");
  const fought = strikes.contested === 0 ? "" : `; ${count(strikes.contested, "entry")} fought over`;
  const left = drift.length === 0 ? "as desired" : `${count(drift.length, "finding")}, see netkeep audit`;
  return `${left}${fought}`;
}

async function performDocuments(watch: Watch): Promise<void> {
  const { context, say, schedule } = watch;
  const before = watch.documents;
  const now = await signatureOf(context, places.documents);
  if (now === before) return;
  // What is wrong with a document stays wrong until it changes.
  watch.documents = now;
  try {
    for (const message of await applyDocuments(context)) say(message);
    watch.postponed = false;
  } catch (error) {
    if (isBusy(error)) watch.documents = before;
    throw error;
  }
  // For what is wanted from now on.
  schedule.distrust(context.system.now());
}

function learn(watch: Watch, { entries, healed, messages, findings }: TaskResult): void {
  const { suspects, strikes, say, context } = watch;
  const now = context.system.now();
  suspects.learn(entries, null);
  if (healed.length > 0) watch.lastOwn = now;
  for (const message of messages) say(message);
  const title = (key: string) => titleOf(key, entries);
  for (const key of strikes.healed(healed, now)) {
    say({
      level: "warning",
      text: `somebody takes away or changes ${title(key)} again and again: it is set less often now`,
    });
  }
  for (const key of strikes.settle(now)) {
    say({ level: "notice", text: `${title(key)} stays: nobody takes it away any more` });
  }
  if (findings !== null) watch.findings = findings;
}

/** By its key alone what nobody wants: somebody else sets it again and again. */
function titleOf(key: string, entries: TaskResult["entries"]): string {
  const entry = entries.get(key);
  return entry === undefined ? keyTitle(key) : entryTitle(entry);
}

async function afterResync(watch: Watch): Promise<void> {
  const { context, schedule, watching } = watch;
  watchFiles(watch);
  if ((await signatureOf(context, places.documents)) !== watch.documents) {
    schedule.documentsChanged(context.system.now());
  }
  watch.leasesAt = context.system.now();
  await watching.notify(`STATUS=${statusText(watch)}`);
}

async function failed(watch: Watch, task: Task, error: unknown): Promise<void> {
  const { say, schedule, context, watching } = watch;
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof UserError;
  const now = context.system.now();
  if (task === "documents" && isBusy(error)) {
    schedule.retryDocuments(now);
    // A trial may last for an hour.
    if (!watch.postponed) say({ level: "notice", text: `documents: ${reason}; they are applied after that` });
    watch.postponed = true;
    return;
  }
  say({ level: "error", text: `${task}: ${known ? reason : `a fault of netkeep itself: ${reason}`}` });
  schedule.failed(task, now);
  if (task !== "resync") return;
  watch.findings = null;
  await watching.notify(`STATUS=${statusText(watch)}`);
}

/** Somebody else is at work, or a trial is on: later. */
function isBusy(error: unknown): boolean {
  return error instanceof UserError && error.exitCode === exitCodes.busy;
}

/** In milliseconds: a run costs a few, and so is shared. */
const longestGathering = 30;
/** In milliseconds: on a busy host the next call of a crowd comes sooner. */
const quiet = 4;
/** With many more owners at once a run reads the whole host (prepareNarrow.ts). */
const mostCalls = 60;
