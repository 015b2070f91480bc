import type { CommandContext } from "../context.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { ownerFileName } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import { ownerText } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { readNarrowView } from "../prepare/narrowView.ts";
import type { CommandResult } from "../result.ts";
import { isDocumentName, ownerOfFile } from "../store/documentFiles.ts";
import type { GivenDocument } from "../store/documents.ts";
import { triedDocuments } from "../store/trial.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";

export interface OwnerOptions {
  readonly runtime: boolean;
  readonly live: boolean;
  readonly reload: boolean;
}

/** Longest file name of an owner in bytes: a temporary file beside it has 18 more, and NAME_MAX is 255. */
const longestName = 235;

/**
 * Replaces the document of one owner and applies it. For agents: it never refuses because of others; a conflict goes to
 * the newest document, and that is this one.
 *
 * @throws UserError 65 for a bad document or owner id, before anything is changed
 */
export async function setCommand(
  context: CommandContext,
  document: GivenDocument,
  options: OwnerOptions,
): Promise<CommandResult> {
  return changeOwners(context, [document], options);
}

/** Takes owners away, and their entries unless another owner wants them too. Unknown owners are no error. */
export async function unsetCommand(
  context: CommandContext,
  owners: readonly string[],
  options: OwnerOptions,
): Promise<CommandResult> {
  return changeOwners(
    context,
    owners.map((owner) => ownerDocument(owner, "netkeep unset", null)),
    options,
  );
}

/** A document made by netkeep itself; null for one that asks for nothing and so removes its owner. */
export function ownerDocument(owner: string, source: string, document: DocumentInput | null): GivenDocument {
  return { owner, source, path: null, text: JSON.stringify(document ?? { version: 1 }) };
}

async function changeOwners(
  context: CommandContext,
  given: readonly GivenDocument[],
  options: OwnerOptions,
): Promise<CommandResult> {
  requirePrivilege(context);
  const work = async () => {
    await checkOwners(context, given);
    const view = await readNarrowView(context);
    return applyLocked(context, { ...options, given, adopt: false, dryRun: false, manner: "insistent", view });
  };
  return context.system.withLock(places.lock, context.settings.lockSeconds, work, true);
}

/** @throws UserError 65 for an owner that nobody can have, or that is the admin's; 75 for one whose document is tried */
export async function checkOwners({ system }: CommandContext, given: readonly GivenDocument[]): Promise<void> {
  for (const { owner } of given) checkOwner(owner);
  for (const { owner } of (await triedDocuments(system)).documents) {
    if (!given.some((document) => document.owner === owner)) continue;
    const text = `a document of ${ownerText(owner)} is being tried: netkeep confirm keeps it, netkeep try --revert takes it back`;
    throw new UserError(exitCodes.busy, text);
  }
  for (const name of (await system.list(places.documents)).filter(isDocumentName)) {
    if (!given.some(({ owner }) => owner === ownerOfFile(name))) continue;
    const text = `${ownerOfFile(name)} is a document of the admin, ${places.documents}/${name}: edit or remove that file`;
    throw new UserError(exitCodes.badData, text);
  }
}

/** Ids come from agents. Every text but an empty or overlong one is escaped into a file name, so none can do harm. */
function checkOwner(owner: string): void {
  if (owner.trim() === "") throw new UserError(exitCodes.badData, "an owner needs a name");
  if (ownerFileName(owner).length > longestName) {
    throw new UserError(
      exitCodes.badData,
      `the owner id is too long for a file name: ${ownerText(owner).slice(0, 40)}…`,
    );
  }
}
