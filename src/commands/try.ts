import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Plan } from "../model/change.ts";
import { entryTitle } from "../model/entry.ts";
import { isOursToReplace } from "../model/ownership.ts";
import { places } from "../model/places.ts";
import type { KernelEntry } from "../model/state.ts";
import { prepareToApply } from "../prepare/prepareToApply.ts";
import type { CommandResult, Message } from "../result.ts";
import { adminDocuments } from "../store/documentFiles.ts";
import type { GivenDocument } from "../store/documents.ts";
import { isPending, readTrial, refuseDuringTrial, type Trial, writeTrial } from "../store/trial.ts";
import { appliedResult, applyGiven, requirePrivilege } from "./apply.ts";
import { noteMessages } from "./messages.ts";
import { planData } from "./plan.ts";
import { armTrial, confirmTrial, disarmTrial, takeBack } from "./trialEnd.ts";

export interface TryOptions {
  readonly given: readonly GivenDocument[];
  /** How long it lasts unless it is confirmed. */
  readonly seconds: number;
}

const how = { runtime: true, adopt: false, dryRun: false, live: true, reload: true } as const;
/** How often to look whether somebody else has ended it. */
const pause = 250;

/**
 * Applies documents until they are confirmed or the time is over. What takes them back does not depend on this process: a
 * timer was set before the first change. And a boot knows only what was there before.
 *
 * @param say for where no terminal shows the question: how it is kept, while there is time
 * @returns exit status 0 if they were confirmed, 1 if they were taken back, 2 if not all of it worked: taken back at once
 */
export async function tryCommand(
  context: CommandContext,
  options: TryOptions,
  say: ((message: Message) => void) | null = null,
): Promise<CommandResult> {
  requirePrivilege(context);
  const { system, settings } = context;
  if (system.offline) throw new UserError(exitCodes.usage, "try is for a host that runs: not with --root");
  if (options.given.length === 0) throw new UserError(exitCodes.usage, "name the documents to try");
  const id = system.now().toString(36);
  // From here on a lost terminal does not end the process in the middle of the change.
  await system.ask("reading", 0);
  const begun = await system
    .withLock(places.lock, settings.lockSeconds, () => beginTrial(context, id, options))
    .catch((error) => undoTrial(context, id, error));
  const { result, trial } = begun;
  if (trial === null) return { ...result, data: { state: "refused", applied: result.data } };
  const failed = result.exitCode === exitCodes.failed;
  if (!failed) say?.({ level: "info", text: `tried for ${options.seconds} s: netkeep confirm keeps it` });
  const ended = failed
    ? await takeBack(context, trial.id)
    : await waitForEnd(context, trial, result.messages.at(-1)?.text ?? "");
  return {
    ...ended,
    exitCode: failed ? result.exitCode : ended.exitCode,
    data: { ...(ended.data as object), applied: result.data },
    text: [result.text, ended.text].filter((text) => text !== "").join("\n"),
    messages: [...result.messages, ...ended.messages],
  };
}

export interface Begun {
  /** null: refused, and nothing was changed. */
  readonly trial: Trial | null;
  readonly result: CommandResult;
}

/** What has ended with an error is taken back at once. */
export async function undoTrial(context: CommandContext, id: string, error: unknown): Promise<never> {
  if (!(error instanceof UserError)) throw error;
  const trial = await readTrial(context.system);
  if (!isPending(trial) || trial.id !== id) throw error;
  await takeBack(context, id);
  throw new UserError(error.exitCode, `${error.message}\nwhat was tried is taken back`, { cause: error });
}

/**
 * Under the lock: applies documents on trial, with a timer that takes them back.
 *
 * @param id of the trial, not used before
 */
export async function beginTrial(context: CommandContext, id: string, options: TryOptions): Promise<Begun> {
  const { system } = context;
  await refuseDuringTrial(system);
  const inPlaceOf = await adminsOf(context, options.given);
  const given = options.given.map((document) => ({ ...document, tried: true }));
  const { prepared, threats } = await prepareToApply(context, { ...how, given });
  const notes = [...prepared.plan.notes, ...threats.notes];
  const refusals = [
    ...noteMessages(notes.filter(({ level }) => level === "refusal")),
    ...takenOver(prepared.plan, prepared.record),
  ];
  if (refusals.length > 0) {
    const messages: Message[] = [...refusals, { level: "error", text: "nothing was changed" }];
    const data = { plan: planData({ ...prepared.plan, notes }), outcome: null };
    return { trial: null, result: { exitCode: exitCodes.failed, data, text: "", messages } };
  }
  const now = system.now();
  const trial: Trial = {
    id,
    begun: now,
    until: now + options.seconds * 1000,
    state: "trying",
    documents: given.map(({ owner, source, text, request }) => {
      const document = prepared.documents.given.get(owner);
      return { owner, source, text, document, request, inPlaceOf: inPlaceOf.get(owner) ?? null };
    }),
  };
  await armTrial(system, trial, options.seconds);
  await writeTrial(system, trial);
  const applied = await applyGiven(context, { ...how, given: [] });
  if (applied.outcome === null) await giveUp(context, trial);
  return { trial: applied.outcome === null ? null : trial, result: appliedResult(context, applied) };
}

/** What was no reason to refuse a moment ago is one now: somebody else changes this host. */
async function giveUp({ system }: CommandContext, trial: Trial): Promise<void> {
  await writeTrial(system, { ...trial, state: "reverted" });
  await disarmTrial(system, trial);
}

/** @throws UserError 64 for a document that is in force already, or will be at the next boot */
async function adminsOf({ system }: CommandContext, given: readonly GivenDocument[]): Promise<Map<string, string>> {
  const admins = new Map((await adminDocuments(system)).map(({ owner, source }) => [owner, source]));
  for (const { owner, path } of given) {
    if (path !== null && path === admins.get(owner)) {
      const text =
        `${path} counts at the next boot or apply anyway, so it cannot be taken back: leave it as it was, ` +
        "and try a copy of the same name elsewhere";
      throw new UserError(exitCodes.usage, text);
    }
  }
  return admins;
}

/** To take back what was somebody else's would be to delete it. */
function takenOver({ kernel, bridges }: Plan, record: Parameters<typeof isOursToReplace>[1]): Message[] {
  const entries = kernel.flatMap((change) => {
    if (change.action !== "replace") return [];
    return isOursToReplace(change.before as KernelEntry, record) ? [] : [entryTitle(change.before)];
  });
  const links = bridges.flatMap((change) =>
    change.action === "replace" && change.takesOver ? [`the bridge ${change.link}`] : [],
  );
  return [...links, ...entries].map((what): Message => {
    const text = `refused: ${what} is of somebody else, and what is tried must not replace it: it could not be given back`;
    return { level: "error", text };
  });
}

async function waitForEnd(context: CommandContext, trial: Trial, summary: string): Promise<CommandResult> {
  const { system } = context;
  // What was typed before the question is no answer to it.
  await system.ask(summary, 0);
  for (;;) {
    const now = await readTrial(system);
    if (!isPending(now) || now.id !== trial.id) return endedElsewhere(now?.id === trial.id ? now.state : "reverted");
    const left = trial.until - system.now();
    if (left <= 0) return takeBack(context, trial.id);
    const question = `${summary}. ENTER keeps it, Ctrl-C takes it back; ${Math.ceil(left / 1000)} s left`;
    const answer = await system.ask(question, Math.min(left, pause));
    if (answer === "no") return takeBack(context, trial.id);
    if (answer !== "yes") continue;
    const confirmed = await confirmTrial(context);
    // Something has to be done first; there is time for it, and `netkeep confirm` for another terminal.
    if (confirmed.exitCode !== exitCodes.usage) return confirmed;
    summary = confirmed.messages.map(({ text }) => text).join("; ");
  }
}

function endedElsewhere(state: Trial["state"]): CommandResult {
  const kept = state === "confirmed";
  const text = kept ? "confirmed: it stays" : "not confirmed: what was tried is taken back";
  return {
    exitCode: kept ? exitCodes.asDesired : exitCodes.differs,
    data: { state: kept ? "confirmed" : "reverted" },
    text: "",
    messages: [{ level: kept ? "info" : "warning", text }],
  };
}
