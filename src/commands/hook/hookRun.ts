import type { CommandContext } from "../../context.ts";
import { exitCodes, UserError } from "../../errors.ts";
import type { KernelChange } from "../../model/change.ts";
import { entryKey } from "../../model/entry.ts";
import { places } from "../../model/places.ts";
import type { KernelNeighbor, KernelRoute } from "../../model/state.ts";
import { sweptLinks } from "../../prepare/memory.ts";
import { hasStrays, type NarrowView, readNarrowView } from "../../prepare/narrowView.ts";
import type { CommandResult, Message } from "../../result.ts";
import { applyLive } from "../../transact/live.ts";
import { outcomeExitCode, outcomeMessages } from "../../transact/outcome.ts";
import { appliedResult, applyGiven, requirePrivilege } from "../apply.ts";
import { noteMessages } from "../messages.ts";
import { checkOwners } from "../set.ts";
import { failedHook, type HookCall, type HookDecision } from "./hookCall.ts";
import { type HookHostInMotion, hookHost } from "./hookHost.ts";
import { reloadSoon } from "./hookReload.ts";

/** One call on its own. */
export async function runHook(context: CommandContext, call: HookCall): Promise<CommandResult> {
  return (await runHooks(context, [call]))[0] as CommandResult;
}

type Open = Exclude<HookCall, { result: unknown }>;

/** A call with what was decided for it, or the error that ended it. */
interface Decided {
  readonly call: Open;
  readonly decision: HookDecision | null;
  readonly error: UserError | null;
}

/**
 * Carries out the calls of hooks in their order, as one change of the host: one lock, one batch, one reload (group commit,
 * design §6). A call that fails fails for itself. What it says and its status are those of the call alone.
 *
 * @param calls all with the same `live`, `reload` and `wait`
 * @returns one result for each call
 */
export async function runHooks(context: CommandContext, calls: readonly HookCall[]): Promise<CommandResult[]> {
  const open = calls.filter((call) => !("result" in call)) as Open[];
  const results = new Map<HookCall, CommandResult>();
  if (open.length > 0) {
    for (const [index, result] of (await runOpen(context, open)).entries()) results.set(open[index] as Open, result);
  }
  return calls.map((call) => ("result" in call ? call.result : (results.get(call) as CommandResult)));
}

async function runOpen(context: CommandContext, calls: readonly Open[]): Promise<CommandResult[]> {
  const limits = calls.map((call) => call.lockSeconds ?? context.settings.lockSeconds);
  try {
    requirePrivilege(context);
    const work = () => runLocked(context, calls);
    const results = await context.system.withLock(places.lock, Math.min(...limits), work, true);
    if (calls[0]?.options.wait === false) await reloadSoon(context);
    return results;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return calls.map((call) => failedHook(call.options, error));
  }
}

async function runLocked(context: CommandContext, calls: readonly Open[]): Promise<CommandResult[]> {
  const guests = calls.flatMap(({ guest }) => (guest === undefined ? [] : [guest]));
  const links = [...new Set(guests.map(({ link }) => link))];
  const leaving = calls.flatMap(({ owner, guest }) => (guest?.leaving == null ? [] : [{ owner, mac: guest.leaving }]));
  const whole = await readNarrowView(context, links, leaving.length > 0);
  const swept = whole?.memory.swept ?? (await sweptLinks(context.system));
  // What a script has left on a link is to be taken over at the first call for it.
  const view = links.every((link) => swept.includes(link)) ? whole : null;
  if (view === null) return runWith(context, calls, null, swept);
  // A listing takes as long as the rest on a large host, and hardly ever finds anything: so it is made beside it.
  const strays = hasStrays(context, view, leaving).catch(() => true);
  const results = await runWith(context, calls, view, swept);
  if (!(await strays)) return results;
  const again = await runWith(context, calls, null, swept);
  return again.map((result, index) => ({ ...result, messages: said(results[index]?.messages ?? [], result.messages) }));
}

/** What two runs have said of a call, one after the other. */
function said(first: readonly Message[], second: readonly Message[]): Message[] {
  return [...first, ...second.filter(({ text }) => !first.some((message) => message.text === text))];
}

async function runWith(
  context: CommandContext,
  calls: readonly Open[],
  givenView: NarrowView | null,
  swept: readonly string[],
): Promise<CommandResult[]> {
  const { live, reload, wait } = calls[0]?.options ?? { live: true, reload: true, wait: true };
  let view = givenView;
  const host = await hookHost(context, view);
  const decided: Decided[] = [];
  for (const call of calls) decided.push(await decide(context, call, host));
  const leftovers = decided.flatMap(({ decision }) => decision?.leftovers ?? []);
  if (live && !context.system.offline && leftovers.length > 0) {
    await removeLeftovers(context, leftovers);
    view = null;
  }
  const given = host.given();
  if (given.length === 0) return decided.map((one) => report(one, nothingDone));
  try {
    const runtime = context.settings.hookPersistence === "runtime";
    const options = {
      given,
      runtime,
      live,
      reload,
      wait,
      adopt: false,
      dryRun: false,
      view,
      swept: sweptAfter(calls, swept),
      manner: "insistent",
    } as const;
    const applied = await applyGiven(context, options);
    const whole = appliedResult(context, applied);
    if (decided.length === 1) return decided.map((one) => report(one, whole));
    return decided.map((one, index) => {
      const about = new Set(ownersOf(one));
      const messages = outcomeMessages(applied.prepared, applied.outcome, about, index === 0);
      // What is about nobody in particular is said once, and so is the summary at the end.
      const general = index === 0 ? noteMessages(applied.notes) : [];
      const summary = index === 0 ? whole.messages.slice(-1) : [];
      const exitCode = outcomeExitCode(applied.prepared, applied.outcome, about);
      return report(one, { ...whole, exitCode, messages: [...general, ...messages, ...summary] });
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return decided.map((one) => failedHook(one.call.options, one.error ?? error));
  }
}

/** A call that cannot be carried out changes nothing, and the others go on. */
async function decide(context: CommandContext, call: Open, host: HookHostInMotion): Promise<Decided> {
  try {
    const decision = await call.decide(host);
    await checkOwners(context, decision.given);
    host.take(decision);
    return { call, decision, error: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { call, decision: null, error };
  }
}

/** What carries a guest's MAC and is in no record goes too, as the agent's script would have it. */
async function removeLeftovers(
  { system, settings }: CommandContext,
  entries: readonly (KernelRoute | KernelNeighbor)[],
): Promise<void> {
  const unique = new Map(entries.map((entry) => [`${entry.link} ${entryKey(entry)}`, entry]));
  const routesFirst = [...unique.values()].sort((a, b) => (a.kind === b.kind ? 0 : a.kind === "route" ? -1 : 1));
  const changes = routesFirst.map((entry): KernelChange => ({ action: "remove", entry }));
  await applyLive(system, changes, settings.routeProtocol, ({ routes, neighbors }) => {
    const present = new Set([...routes, ...neighbors].map((entry) => entryKey(entry)));
    return changes.filter((change) => present.has(entryKey(change.entry)));
  });
}

function sweptAfter(calls: readonly Open[], swept: readonly string[]): string[] {
  return [...new Set([...swept, ...calls.flatMap(({ guest }) => (guest === undefined ? [] : [guest.link]))])];
}

function ownersOf({ call, decision }: Decided): string[] {
  return [call.owner, ...(decision?.given ?? []).map(({ owner }) => owner)];
}

function report({ call, decision, error }: Decided, whole: CommandResult): CommandResult {
  if (error !== null) return failedHook(call.options, error);
  const failed = decision?.failed === true && whole.exitCode === exitCodes.asDesired;
  const exitCode = failed ? exitCodes.badData : whole.exitCode;
  return {
    exitCode: call.options.strict ? exitCode : exitCodes.asDesired,
    // Made when it is asked for, which is with --json only.
    get data() {
      return whole.data;
    },
    text: "",
    messages: [...(decision?.messages ?? []), ...whole.messages],
  };
}

const nothingDone: CommandResult = { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] };
