import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Note } from "../model/change.ts";
import { places } from "../model/places.ts";
import type { NarrowView } from "../prepare/narrowView.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { type Manner, prepareToApply } from "../prepare/prepareToApply.ts";
import { planSummary, planText } from "../report/planText.ts";
import type { CommandResult } from "../result.ts";
import type { GivenDocument } from "../store/documents.ts";
import { refuseDuringTrial } from "../store/trial.ts";
import { beginGeneration, finishGeneration } from "../transact/generations.ts";
import { leaveMemory } from "../transact/leaveMemory.ts";
import { outcomeData, outcomeExitCode, outcomeMessages } from "../transact/outcome.ts";
import { type Outcome, type TransactOptions, transact } from "../transact/transact.ts";
import { noteMessages } from "./messages.ts";
import { planCommand, planData } from "./plan.ts";

export interface ApplyOptions {
  readonly given: readonly GivenDocument[];
  readonly runtime: boolean;
  readonly adopt: boolean;
  readonly dryRun: boolean;
  readonly live: boolean;
  readonly reload: boolean;
  readonly manner?: Manner;
  /** The command of the administrator that changes documents: then a generation is kept. Agents make none. */
  readonly generation?: string;
  /** For who insists: the host as far as a change of few owners needs it. */
  readonly view?: NarrowView | null;
  /** False: where it does no harm, networkd is told by somebody else, right after (hookReload.ts). */
  readonly wait?: boolean;
  /** Links that the calls of hooks have swept, see `Memory`; without: as it was. */
  readonly swept?: readonly string[];
}

/** Validate, plan, apply, verify: the main job. */
export async function applyCommand(context: CommandContext, options: ApplyOptions): Promise<CommandResult> {
  if (options.dryRun) return planCommand(context, options);
  requirePrivilege(context);
  // Below --root there is nobody else, and a bad document is to leave nothing behind, not even a lock.
  if (context.system.offline) return applyLocked(context, options);
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    await refuseDuringTrial(context.system);
    return applyLocked(context, options);
  });
}

/** Without root nothing would be changed, and half of it would fail: say so first. */
export function requirePrivilege({ system }: CommandContext): void {
  if (!system.privileged && !system.offline) {
    throw new UserError(exitCodes.notPermitted, "this needs root (or --root DIR, which touches files below DIR only)");
  }
}

/** The whole of `apply` under the lock; `audit --repair` uses it without documents. */
export async function applyLocked(context: CommandContext, options: ApplyOptions): Promise<CommandResult> {
  return appliedResult(context, await applyGiven(context, options));
}

/** What `apply` says of what was done, or refused. */
export function appliedResult(context: CommandContext, { prepared, notes, outcome }: Applied): CommandResult {
  if (outcome !== null) return report(context, prepared, outcome, notes);
  const messages = [...noteMessages(notes), { level: "error" as const, text: "nothing was changed" }];
  return { exitCode: exitCodes.failed, data: { plan: planData(prepared.plan), outcome: null }, text: "", messages };
}

/** What was planned, and what came of it. */
export interface Applied<Refused = null> {
  readonly prepared: Prepared;
  readonly notes: readonly Note[];
  /** null: refused, and nothing was changed. */
  readonly outcome: Outcome | Refused;
}

/** Under the lock: plans and carries out. Who insists is never refused. */
export async function applyGiven(
  context: CommandContext,
  options: ApplyOptions & { manner: "insistent" },
): Promise<Applied<never>>;
export async function applyGiven(context: CommandContext, options: ApplyOptions): Promise<Applied>;
export async function applyGiven(context: CommandContext, options: ApplyOptions): Promise<Applied> {
  let { prepared, threats, given } = await prepareToApply(context, options);
  const goesOn = options.manner === "insistent" || options.manner === "partial";
  const notes = [...prepared.plan.notes, ...threats.notes].filter(({ standing }) => !(goesOn && standing));
  if (!goesOn && notes.some((note) => note.level === "refusal")) {
    return { prepared, notes, outcome: null };
  }
  const first = prepared;
  // A reload that would delete what cannot be brought back waits for an administrator; the audit tells of it.
  const reload = options.reload && !threats.notes.some((note) => note.level === "refusal");
  const todo: TransactOptions = { ...options, reload, given, persistence: options.runtime ? "runtime" : "persistent" };
  const generation = await keepGeneration(context, options, prepared, todo);
  let outcome = await transact(context.system, prepared, threats.list, todo);
  // Somebody has added or removed a base file since networkd's last reload, and ours made it load that.
  if (outcome.reload === "done" && !prepared.layout.certain) {
    ({ prepared, threats, given } = await prepareToApply(context, { ...options, given: [], view: null }));
    if (prepared.plan.files.length > 0 && outcome.refused.length === 0) {
      outcome = combine(outcome, await transact(context.system, prepared, threats.list, { ...todo, given }));
    }
  }
  context.learn?.(prepared.entries, prepared.record.scope);
  if (generation !== null) await finishGeneration(context.system, generation, outcome);
  if (options.manner === "insistent") await leaveMemory(context, options, prepared, outcome);
  return { prepared: first, notes, outcome };
}

async function keepGeneration(
  { system }: CommandContext,
  { generation }: ApplyOptions,
  prepared: Prepared,
  { given, persistence }: TransactOptions,
) {
  if (generation === undefined || system.offline) return null;
  return beginGeneration(
    system,
    generation,
    prepared,
    given.map((document) => ({ persistence, ...document })),
  );
}

function combine(first: Outcome, second: Outcome): Outcome {
  return {
    ...second,
    stored: [...first.stored, ...second.stored],
    kernel: [...first.kernel, ...second.kernel],
    bridges: [...first.bridges, ...second.bridges],
    unmade: [...first.unmade, ...second.unmade],
    files: [...first.files, ...second.files],
    again: [...first.again, ...second.again],
    restored: [...first.restored, ...second.restored],
    lost: [...first.lost, ...second.lost],
  };
}

function report(
  context: CommandContext,
  prepared: Prepared,
  outcome: Outcome,
  notes: Prepared["plan"]["notes"],
): CommandResult {
  const reloads = outcome.reload === "done" ? prepared.plan.reloads : [];
  const done = { ...prepared.plan, kernel: outcome.kernel, bridges: outcome.bridges, files: outcome.files, reloads };
  const changed = outcome.kernel.length + outcome.bridges.length + outcome.files.length;
  const nothing = changed + outcome.stored.length === 0;
  const summary = nothing && outcome.reload === "not needed" ? "nothing to do" : `done: ${planSummary(done)}`;
  return {
    exitCode: outcomeExitCode(prepared, outcome),
    get data() {
      return { plan: planData({ ...prepared.plan, notes }), outcome: outcomeData(outcome) };
    },
    text: planText({ ...done, files: [] }, context.style),
    messages: [...noteMessages(notes), ...outcomeMessages(prepared, outcome), { level: "info", text: summary }],
  };
}
