import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import type { CommandResult, Message } from "../result.ts";
import type { GivenDocument } from "../store/documents.ts";
import { isPending, readTrial, type Trial, writeTrial } from "../store/trial.ts";
import type { System } from "../system/system.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";

const how = { runtime: false, adopt: false, dryRun: false, live: true, reload: true, manner: "partial" } as const;

/** Between attempts to take something back, for as long as one fails. */
const retrySeconds = 5;

/**
 * Sees to it that the trial is taken back at its end whatever becomes of this process and its terminal: by a timer of
 * systemd, or where that does not run by a shell in a session of its own. Both try again until it is done.
 *
 * @throws UserError 2 if neither can be had: nothing is tried then
 */
export async function armTrial(system: System, { id }: Trial, seconds: number): Promise<void> {
  const revert = [...system.self, "try", "--revert", id];
  // sd_booted(3)
  if ((await system.modified("/run/systemd/system")) !== null) {
    const properties = ["Restart=on-failure", `RestartSec=${retrySeconds}`].map((text) => `--property=${text}`);
    const { exitCode, stderr } = await system.run("systemd-run", [
      "--quiet",
      "--collect",
      `--unit=${unitOf(id)}`,
      "--description=Take back what netkeep try has applied",
      `--on-active=${seconds}s`,
      "--timer-property=AccuracySec=100ms",
      ...properties,
      "--",
      ...revert,
    ]);
    if (exitCode === 0) return;
    throw new UserError(
      exitCodes.failed,
      `no timer to take it back, so nothing is tried: systemd-run: ${stderr.trim()}`,
    );
  }
  const script = `sleep "$1"; shift; until "$@"; do sleep ${retrySeconds}; done`;
  system.startDetached("sh", ["-c", script, "netkeep-try", String(seconds), ...revert]);
}

/** One that fires later finds nothing of its id. */
export async function disarmTrial(system: System, { id }: Trial): Promise<void> {
  if ((await system.modified("/run/systemd/system")) === null) return;
  await system.run("systemctl", ["stop", `${unitOf(id)}.timer`]);
}

function unitOf(id: string): string {
  return `netkeep-try-${id}`;
}

/**
 * Keeps what is being tried: its documents are stored like those of `apply`.
 *
 * @returns exit status 1 if nothing is being tried; 64 if a document of the admin has to be replaced first
 */
export async function confirmTrial(context: CommandContext): Promise<CommandResult> {
  return endTrial(context, async (trial) => {
    const { system } = context;
    const copies = await stillToCopy(system, trial);
    if (copies.length > 0) {
      const text = `not yet confirmed, first replace what it stands for: ${copies.join("; ")}; then netkeep confirm`;
      return {
        exitCode: exitCodes.usage,
        data: { state: trial.state, applied: null },
        text: "",
        messages: [{ level: "error", text }],
      };
    }
    await writeTrial(system, { ...trial, state: "ending" });
    const given = trial.documents.filter(({ inPlaceOf }) => inPlaceOf === null).map(toStore);
    const generation = ["try", ...trial.documents.map(({ source }) => source)].join(" ");
    const applied = await applyLocked(context, { ...how, given, generation });
    await writeTrial(system, { ...trial, state: "confirmed" });
    await disarmTrial(system, trial);
    return {
      ...applied,
      data: { state: "confirmed", applied: applied.data },
      messages: [...applied.messages, { level: "info", text: "confirmed: it stays" }],
    };
  });
}

/**
 * Takes back what is being tried: the host is what its own documents say.
 *
 * @param id only what has this id; null for whatever is being tried
 * @returns exit status 1 once it is done, and if nothing is being tried
 */
export async function revertTrial(context: CommandContext, id: string | null): Promise<CommandResult> {
  return endTrial(
    context,
    async (trial) => {
      const { system } = context;
      await writeTrial(system, { ...trial, state: "ending" });
      const applied = await applyLocked(context, { ...how, given: [] });
      await writeTrial(system, { ...trial, state: "reverted" });
      await disarmTrial(system, trial);
      const text = "not confirmed: what was tried is taken back";
      const exitCode = applied.exitCode === exitCodes.asDesired ? exitCodes.differs : applied.exitCode;
      const messages: Message[] = [...applied.messages, { level: "warning", text }];
      return { ...applied, exitCode, data: { state: "reverted", applied: applied.data }, messages };
    },
    id,
  );
}

/**
 * The same for who has begun it. The signal that tells of a lost terminal ends the programs too that we wait for, so an attempt
 * may fail and the next one not; after a few it is for the timer.
 */
export async function takeBack(context: CommandContext, id: string): Promise<CommandResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await revertTrial(context, id);
    } catch (error) {
      if (!(error instanceof UserError) || attempt === mostAttempts) throw error;
      await context.system.sleep(pause);
    }
  }
}

const mostAttempts = 5;
/** In milliseconds. */
const pause = 500;

/** What the timer runs. It has to run again only if this throws; how the host is then, an audit tells. */
export async function revertByTimer(context: CommandContext, id: string): Promise<CommandResult> {
  return { ...(await revertTrial(context, id)), exitCode: exitCodes.asDesired };
}

async function endTrial(
  context: CommandContext,
  end: (trial: Trial) => Promise<CommandResult>,
  id: string | null = null,
): Promise<CommandResult> {
  requirePrivilege(context);
  const { system, settings } = context;
  return system.withLock(places.lock, settings.lockSeconds, async () => {
    const trial = await readTrial(system);
    if (isPending(trial) && (id === null || trial.id === id)) return end(trial);
    const text = trial === null ? "nothing is being tried" : `nothing is being tried; the last try was ${trial.state}`;
    const messages: Message[] = [{ level: "warning", text }];
    return { exitCode: exitCodes.differs, data: { state: trial?.state ?? null, applied: null }, text: "", messages };
  });
}

function toStore({ owner, source, document, request }: Trial["documents"][number]): GivenDocument {
  const stored = { owner, source, path: null, text: JSON.stringify(document), persistence: "persistent" } as const;
  return request === undefined ? stored : { ...stored, request };
}

/** netkeep writes no document of the admin; one that was tried in the place of such a document is kept by them. */
async function stillToCopy(system: System, { documents }: Trial): Promise<string[]> {
  const copies: string[] = [];
  for (const { inPlaceOf, source, text } of documents) {
    if (inPlaceOf !== null && (await system.readText(inPlaceOf)) !== text) copies.push(`cp ${source} ${inPlaceOf}`);
  }
  return copies;
}
