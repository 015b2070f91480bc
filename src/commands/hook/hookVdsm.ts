import type { CommandContext } from "../../context.ts";
import { readDocument } from "../../desired/document.ts";
import { parseStored, type StoredDocument } from "../../desired/stored.ts";
import { exitCodes, UserError } from "../../errors.ts";
import { assertNetworks, changeForVdsm, type NetworkChange, type VdsmChange } from "../../hooks/vdsm.ts";
import { type VdsmProblem, vdsmErrors } from "../../hooks/vdsmNetwork.ts";
import { places } from "../../model/places.ts";
import { observeKernel } from "../../observe/observeKernel.ts";
import { documentContext } from "../../prepare/prepare.ts";
import type { CommandResult, Message } from "../../result.ts";
import type { GivenDocument } from "../../store/documents.ts";
import { outcomeExitCode } from "../../transact/outcome.ts";
import { appliedResult, applyGiven, requirePrivilege } from "../apply.ts";
import { checkOwners, ownerDocument } from "../set.ts";
import { type HookOptions, usageResult } from "./hookCall.ts";
import { documentOf, keptText, vdsmHost, vdsmSource } from "./hookVdsmHost.ts";
import { answer, badCall, type VdsmOutcome } from "./hookVdsmOutcome.ts";
import { tryNetworks } from "./hookVdsmTry.ts";

interface Decided {
  readonly networks: readonly NetworkChange[];
  readonly notes: readonly string[];
  readonly given: readonly GivenDocument[];
  readonly outcome: VdsmOutcome | { wait(): Promise<VdsmOutcome> };
}

/**
 * `netkeep hook vdsm`: a setupNetworks call as one change. Either all of it is done, or the networks are as before. With
 * `--sync` there is no call: what calls before have set is asserted once more.
 *
 * @param readPayload the caller's standard input
 */
export async function vdsmCommand(
  context: CommandContext,
  argv: readonly string[],
  readPayload: () => Promise<string>,
  options: HookOptions,
): Promise<CommandResult> {
  const isSync = argv[0] === "--sync";
  if (argv.length > (isSync ? 1 : 0)) return usageResult("hook vdsm takes --sync and nothing else");
  try {
    requirePrivilege(context);
    const { system, settings } = context;
    const payload = isSync ? "" : await readPayload();
    const work = () => (isSync ? assertAll(context, options) : carryOut(context, payload, options));
    const decided = await (system.offline ? work() : system.withLock(places.lock, settings.lockSeconds, work));
    // Whoever confirms needs the lock.
    const outcome = "wait" in decided.outcome ? await decided.outcome.wait() : decided.outcome;
    return answer(decided, outcome, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { exitCode, message } = error;
    const failed = { code: vdsmErrors.failedToBringUp, exitCode, problems: [], messages: [], applied: null };
    const messages: Message[] = [{ level: "error", text: message }];
    return answer({ networks: [], notes: [] }, { ...failed, messages }, options);
  }
}

async function carryOut(context: CommandContext, payload: string, options: HookOptions): Promise<Decided> {
  const kernel = await observeKernel(context.system);
  const change = changeForVdsm(payload, await vdsmHost(context, kernel));
  if ("problems" in change) {
    return { networks: [], notes: change.notes, given: [], outcome: badCall(change.problems) };
  }
  const given = change.networks.map(documentOf);
  const waits = options.wait === false ? ["--no-wait: a call of VDSM waits, because it is all or nothing"] : [];
  const decided = { networks: change.networks, notes: [...change.notes, ...waits], given };
  // Tables have numbers here, never names.
  const rules = documentContext(context.settings, kernel, context.system.offline, new Map());
  const problems = documentProblems(change, given, rules);
  if (problems.length > 0) return { ...decided, networks: [], outcome: badCall(problems) };
  await checkOwners(context, given);
  const { checkSeconds } = change;
  const outcome = () => applyOrUndo(context, given, options);
  if (checkSeconds === null) return { ...decided, outcome: await outcome() };
  if (options.live && options.reload && !context.system.offline) {
    return { ...decided, outcome: await tryNetworks(context, given, checkSeconds) };
  }
  const note = "options.connectivityCheck: nothing is checked with --no-live, --no-reload or --root";
  return { ...decided, notes: [...decided.notes, note], outcome: await outcome() };
}

/** What is recorded, with the addresses that the links have by now. */
async function assertAll(context: CommandContext, options: HookOptions): Promise<Decided> {
  const networks = assertNetworks(await vdsmHost(context, await observeKernel(context.system)));
  const given = networks.map((network) => ({ ...documentOf(network), keepsAge: true }));
  await checkOwners(context, given);
  const applied = await applyGiven(context, { ...how(options), given });
  const { exitCode, messages, data } = appliedResult(context, applied);
  const code = exitCode === exitCodes.failed ? vdsmErrors.failedToBringUp : 0;
  return { networks, notes: [], given, outcome: { code, exitCode, problems: [], messages, applied: data } };
}

/** All of the call, or nothing: what the kernel refuses takes the rest back too. */
async function applyOrUndo(
  context: CommandContext,
  given: readonly GivenDocument[],
  options: HookOptions,
): Promise<VdsmOutcome> {
  const before: GivenDocument[] = [];
  for (const { owner } of given) before.push(keptDocument(owner, await keptText(context.system, owner)));
  const applied = await applyGiven(context, { ...how(options), given });
  const { messages, data } = appliedResult(context, applied);
  const about = new Set(given.map(({ owner }) => owner));
  const exitCode = outcomeExitCode(applied.prepared, applied.outcome, about);
  const done = { exitCode, problems: [], applied: data };
  if (exitCode !== exitCodes.failed && exitCode !== exitCodes.badData) return { ...done, code: 0, messages };
  const undone = appliedResult(context, await applyGiven(context, { ...how(options), given: before }));
  const text = "the networks are as before the call";
  return {
    ...done,
    code: vdsmErrors.failedToBringUp,
    messages: [...messages, ...undone.messages, { level: "error", text }],
  };
}

function how({ live, reload }: HookOptions) {
  return { runtime: false, adopt: false, dryRun: false, live, reload, manner: "insistent" } as const;
}

/** A file that cannot be read says nothing, as if there were none. */
function keptDocument(owner: string, text: string | null): GivenDocument {
  const kept = storedIn(text);
  if (kept === null) return ownerDocument(owner, vdsmSource, null);
  return { owner, source: kept.source, path: null, text: JSON.stringify(kept.document), request: kept.request };
}

function storedIn(text: string | null): StoredDocument | null {
  try {
    return text === null ? null : parseStored(text);
  } catch {
    return null;
  }
}

/** What the rules for documents say against the call, such as a default route that the settings do not allow. */
function documentProblems(
  { networks }: VdsmChange,
  given: readonly GivenDocument[],
  context: ReturnType<typeof documentContext>,
): VdsmProblem[] {
  return given.flatMap(({ owner, text }, index) => {
    const document = { owner, source: "", text, persistence: "persistent" as const, changed: 0 };
    const subject = networks[index]?.name ?? owner;
    return readDocument(document, context).problems.map((problem) => {
      // The document is of netkeep's own making: its lines and places say nothing to the caller.
      const [message = ""] = problem.split("\n");
      return { code: vdsmErrors.badParameters, subject, message: message.replace(/^\S*: (\S+\.\S+: )?/, "") };
    });
  });
}
