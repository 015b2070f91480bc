import { exitCodes, UserError } from "../errors.ts";
import { readRoutesPayload } from "../hooks/routes.ts";
import type { CommandContext } from "./context.ts";
import type { CommandResult, Message } from "./result.ts";
import { changeOwnersBy, type OwnerOptions, ownerDocument } from "./set.ts";

/**
 * `netkeep hook routes`: a router's payload → the routes to its guests' prefixes. `add` and `sync` are the same: what the
 * payload says is what the router has. Exit 0 unless `strict`: a failure here must not disturb the router.
 */
export async function hookRoutesCommand(
  context: CommandContext,
  payload: string,
  options: Omit<OwnerOptions, "runtime"> & { readonly strict: boolean },
): Promise<CommandResult> {
  const request = readRoutesPayload(payload);
  try {
    if ("problems" in request) throw new UserError(exitCodes.badData, request.problems.join("\n"));
    const runtime = request.persistence === "runtime";
    const document = ownerDocument(request.owner, "router payload", request.document);
    const result = await changeOwnersBy(context, { ...options, runtime }, async () => [document]);
    const notes: Message[] = request.notes.map((text) => ({ level: "warning", text }));
    return { ...result, exitCode: options.strict ? result.exitCode : 0, messages: [...notes, ...result.messages] };
  } catch (error) {
    if (options.strict || !(error instanceof UserError)) throw error;
    return { exitCode: 0, data: null, text: "", messages: [{ level: "error", text: error.message }] };
  }
}
