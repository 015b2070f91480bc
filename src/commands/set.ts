import { exitCodes, UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";
import type { CommandContext } from "./context.ts";
import { adminDocuments } from "./documentFiles.ts";
import type { GivenDocument } from "./documents.ts";
import type { CommandResult } from "./result.ts";

export interface OwnerOptions {
  readonly runtime: boolean;
  readonly live: boolean;
  readonly reload: boolean;
}

/** Longest owner id: its escaped form must be a file name (NAME_MAX 255). */
const longestOwner = 60;

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
  const nothing = owners.map((owner) => ({ owner, source: "netkeep unset", path: null, text: "version: 1\n" }));
  return changeOwners(context, nothing, options);
}

async function changeOwners(
  context: CommandContext,
  given: readonly GivenDocument[],
  options: OwnerOptions,
): Promise<CommandResult> {
  requirePrivilege(context);
  for (const { owner } of given) checkOwner(owner);
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    for (const document of await adminDocuments(context.system)) {
      if (given.some(({ owner }) => owner === document.owner)) {
        const text = `${document.owner} is a document of the admin, ${document.source}: edit or remove that file`;
        throw new UserError(exitCodes.badData, text);
      }
    }
    return applyLocked(context, { ...options, given, adopt: false, dryRun: false, manner: "insistent" });
  });
}

/** Ids come from agents. Every text but an empty or overlong one is escaped into a file name, so none can do harm. */
function checkOwner(owner: string): void {
  if (owner.trim() === "") throw new UserError(exitCodes.badData, "an owner needs a name");
  if (new TextEncoder().encode(owner).length > longestOwner) {
    throw new UserError(exitCodes.badData, `the owner id is longer than ${longestOwner} bytes: ${owner.slice(0, 40)}…`);
  }
}
