import * as z from "zod";
import { exitCodes, UserError } from "../errors.ts";
import { once } from "../model/once.ts";
import { places } from "../model/places.ts";
import type { System } from "../system/system.ts";

const triedSchema = once(() =>
  z.strictObject({
    owner: z.string().min(1),
    source: z.string(),
    /** As it was given. */
    text: z.string(),
    /** As it would be stored. */
    document: z.unknown(),
    request: z.unknown().optional(),
    /** The document in desired.d in whose place it stands. */
    inPlaceOf: z.string().nullable(),
  }),
);

const trialSchema = once(() =>
  z.strictObject({
    id: z.string().min(1),
    /** Milliseconds since 1970. */
    begun: z.number(),
    until: z.number(),
    /**
     * `trying`: the documents below are in force, before all others of their owners. `ending`: no longer, and the host is
     * being made what its own documents say. Then how it ended.
     */
    state: z.enum(["trying", "ending", "confirmed", "reverted"]),
    documents: z.array(triedSchema()),
  }),
);

/** A change that lasts only if it is confirmed. All of it is one file in /run: whole or not there, and gone with a boot. */
export type Trial = z.infer<ReturnType<typeof trialSchema>>;

export async function readTrial(system: System): Promise<Trial | null> {
  const text = await system.readText(places.trial);
  if (text === null) return null;
  try {
    return trialSchema().parse(JSON.parse(text));
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    throw new UserError(exitCodes.failed, `${places.trial} is not what netkeep wrote: ${reason}; remove it`);
  }
}

export async function writeTrial(system: System, trial: Trial): Promise<void> {
  await system.writeFile(places.trial, `${JSON.stringify(trial)}\n`);
}

export function isPending(trial: Trial | null): trial is Trial {
  return trial !== null && (trial.state === "trying" || trial.state === "ending");
}

/** The documents that are being tried now. For every reader of documents, so whatever is wrong with the file is no error. */
export async function triedDocuments(system: System): Promise<Pick<Trial, "begun" | "documents">> {
  const trial = await readTrial(system).catch(() => null);
  return trial?.state === "trying" ? trial : { begun: 0, documents: [] };
}

/**
 * What an administrator changes while something is tried would be part of neither state.
 *
 * @throws UserError 75
 */
export async function refuseDuringTrial(system: System): Promise<void> {
  const trial = await readTrial(system);
  if (!isPending(trial)) return;
  const left = Math.max(0, Math.ceil((trial.until - system.now()) / 1000));
  const names = trial.documents.map(({ source }) => source).join(", ");
  const text = `${names} is being tried, for ${left} s more: netkeep confirm keeps it, netkeep try --revert takes it back`;
  throw new UserError(exitCodes.busy, text);
}
