import type { CommandContext } from "../context.ts";
import { parseStored } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import { ownerText } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { CommandResult, Message } from "../result.ts";
import type { GivenDocument } from "../store/documents.ts";
import { refuseDuringTrial } from "../store/trial.ts";
import { type Generation, readAdmin, readGenerations, sameDocument } from "../transact/generations.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";
import { adminAt, requireGeneration, storedTextAt } from "./history.ts";
import { planCommand } from "./plan.ts";
import { ownerDocument } from "./set.ts";

export interface RollbackOptions {
  /** The generation to go back to; null for the one before the last. */
  readonly to: number | null;
  readonly dryRun: boolean;
  /** Goes on where something stands against it; documents of the administrator stay as they are. */
  readonly force: boolean;
}

const how = { runtime: false, adopt: false, dryRun: false, live: true, reload: true } as const;

/**
 * Makes the stored documents what they were in a generation, and applies them. Only what the generations since have changed
 * is taken back: what agents have said meanwhile stays. It is a change like any other, and can be taken back too.
 *
 * @throws UserError 64 if there is no such generation, 2 if something stands against it
 */
export async function rollbackCommand(context: CommandContext, options: RollbackOptions): Promise<CommandResult> {
  const { system, settings } = context;
  if (system.offline) throw new UserError(exitCodes.usage, "rollback is for a host that runs: not with --root");
  if (options.dryRun) return rollback(context, options);
  requirePrivilege(context);
  return system.withLock(places.lock, settings.lockSeconds, async () => {
    await refuseDuringTrial(system);
    return rollback(context, options);
  });
}

async function rollback(context: CommandContext, options: RollbackOptions): Promise<CommandResult> {
  const { system } = context;
  const generations = await readGenerations(system);
  const last = generations.at(-1);
  if (last === undefined) throw new UserError(exitCodes.usage, "there is no generation to go back to");
  const to = options.to ?? last.number - 1;
  requireGeneration(generations, to);
  const undone = generations.filter(({ number }) => number > to);
  const { given, changed } = await documentsOf(context, generations, undone, to);
  const admin = await adminObstacles(context, generations, to, given.length === 0);
  const obstacles = [...admin, ...changed, ...takeOvers(undone)];
  if (obstacles.length > 0 && !options.force) {
    const text = "nothing was changed; --force goes on, and leaves the documents of the administrator as they are";
    throw new UserError(exitCodes.failed, [...obstacles, text].join("\n"));
  }
  const warnings = obstacles.map((text): Message => ({ level: "warning", text }));
  const result = options.dryRun
    ? await planCommand(context, { given, runtime: false, adopt: false })
    : await applyLocked(context, { ...how, given, generation: `rollback ${to}` });
  return { ...result, messages: [...warnings, ...result.messages] };
}

/** What was stored in that generation, of the owners that were changed since; and who has changed it without one. */
async function documentsOf(
  { system }: CommandContext,
  generations: readonly Generation[],
  undone: readonly Generation[],
  to: number,
): Promise<{ given: GivenDocument[]; changed: string[] }> {
  const given: GivenDocument[] = [];
  const changed: string[] = [];
  const latest = new Map(
    undone.flatMap(({ documents, complete }) =>
      documents.map((document) => [document.path, { ...document, complete }] as const),
    ),
  );
  for (const [path, { owner, before, after, complete }] of latest) {
    const target = await storedTextAt(system, generations, to, path);
    const now = await system.readText(path);
    if (sameDocument(now, target)) continue;
    // A run that was interrupted may have stored it or not.
    if (!sameDocument(now, after) && (complete || !sameDocument(now, before))) {
      changed.push(`the document of ${ownerText(owner)} was changed since by somebody else, such as netkeep set`);
    }
    given.push(givenOf(owner, target));
  }
  return { given, changed };
}

function givenOf(owner: string, text: string | null): GivenDocument {
  if (text === null) return ownerDocument(owner, "netkeep rollback", null);
  const { source, document } = parseStored(text);
  return { owner, source, path: null, text: JSON.stringify(document), persistence: "persistent" };
}

/**
 * netkeep writes no document of the administrator: how each is made what it was.
 *
 * @param alone nothing else is to be taken back: then to do nothing would pass for having done it
 */
async function adminObstacles(
  { system }: CommandContext,
  generations: readonly Generation[],
  to: number,
  alone: boolean,
): Promise<string[]> {
  const wanted = adminAt(generations, to);
  if (wanted === null) {
    return alone ? [`what ${places.documents} held before generation ${to + 1} is not kept any more`] : [];
  }
  const [before, now] = [wanted, await readAdmin(system)].map(
    (list) => new Map(list.map(({ path, text }) => [path, text])),
  );
  const paths = [...new Set([...(before?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  return paths.flatMap((path) => {
    const text = before?.get(path);
    if (text === now?.get(path)) return [];
    return text === undefined
      ? [`${path} was not there in generation ${to}; take it away: rm ${path}`]
      : [
          `${path} is not as in generation ${to}; put it back: netkeep history show ${to} ${path} >${path}.old && mv ${path}.old ${path}`,
        ];
  });
}

function takeOvers(undone: readonly Generation[]): string[] {
  return undone
    .filter(({ takesOver }) => takesOver)
    .map(
      ({ number, command }) => `generation ${number} (${command}) took over entries of others: going back deletes them`,
    );
}
