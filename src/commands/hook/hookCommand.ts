import type { CommandContext } from "../../context.ts";
import { parseDocuments, type QueuedCall } from "../../hooks/queue.ts";
import { plainStyle } from "../../report/style.ts";
import type { CommandResult } from "../../result.ts";
import { ownerOfFile } from "../../store/documentFiles.ts";
import type { GivenDocument } from "../../store/documents.ts";
import { applyCommand } from "../apply.ts";
import { setCommand, unsetCommand } from "../set.ts";
import { loadSettings } from "../settings.ts";

/** A command that shares no run with others, with the words and documents that its client has sent. */
export interface CalledCommand {
  /** It sets the whole host, not some owners. */
  readonly whole: boolean;
  /** @throws UserError as the command does */
  run(context: CommandContext): Promise<CommandResult>;
}

/**
 * `apply [FILE...]`, `set OWNER [FILE]` and `unset OWNER...` without options, as `bin/netkeep-hook` hands them over.
 *
 * @returns null if it is none of them, or if a document is not there to its end: its client was killed while it wrote
 */
export function calledCommand({ words, input }: QueuedCall): CalledCommand | null {
  const [verb, ...names] = words;
  const documents = parseDocuments(input);
  const [owner = "", file] = names;
  const [document, second] = documents;
  if (verb === "unset") return { whole: false, run: async (of) => unsetCommand(await asNetkeep(of), names, defaults) };
  if (verb === "set" && document !== undefined && second === undefined) {
    const given = { ...document, owner, source: sourceOf(file) };
    return { whole: false, run: async (of) => setCommand(await asNetkeep(of), given, defaults) };
  }
  if (verb !== "apply" || documents.length !== names.length) return null;
  return { whole: true, run: async (of) => apply(await asNetkeep(of), names, documents) };
}

const defaults = { runtime: false, live: true, reload: true };

function apply(
  context: CommandContext,
  names: readonly string[],
  documents: ReturnType<typeof parseDocuments>,
): Promise<CommandResult> {
  const given: GivenDocument[] = documents.map((document, index) => {
    const source = sourceOf(names[index]);
    return { ...document, owner: ownerOfFile(source), source };
  });
  const generation = ["apply", ...names].join(" ");
  return applyCommand(context, { ...defaults, given, generation, adopt: false, dryRun: false });
}

/** As who reads them by himself has it (system/documents.ts). */
function sourceOf(name = "-"): string {
  return name === "-" ? "stdin" : name;
}

/**
 * Hooks go on with the defaults where netkeep.conf has a slip, a command does not. And whoever runs the watch may have a
 * terminal; the client has none, as far as is known.
 */
async function asNetkeep(context: CommandContext): Promise<CommandContext> {
  return { ...context, settings: await loadSettings(context.system), style: plainStyle };
}
