import { exitCodes, UserError } from "../errors.ts";
import { planSummary } from "../report/planText.ts";
import type { CommandContext } from "./context.ts";
import type { GivenDocument } from "./documents.ts";
import { noteMessages } from "./messages.ts";
import { planData } from "./plan.ts";
import { prepare } from "./prepare.ts";
import type { CommandResult } from "./result.ts";

/**
 * Documents → files below `--root DIR`, nothing else: no document is stored, no kernel and no bus is asked. What netkeep
 * generated there before and no document asks for any more is removed.
 */
export async function generateCommand(
  context: CommandContext,
  given: readonly GivenDocument[],
): Promise<CommandResult> {
  const { system, settings } = context;
  if (!system.offline)
    throw new UserError(exitCodes.usage, "generate writes below a directory: say which with --root DIR");
  const options = { given, persistence: "persistent", adopt: false, tolerant: false } as const;
  const { plan } = await prepare(system, settings, options);
  const messages = noteMessages(plan.notes);
  if (plan.notes.some((note) => note.level === "refusal")) {
    messages.push({ level: "error", text: "nothing was written" });
    return { exitCode: exitCodes.failed, data: planData(plan), text: "", messages };
  }
  for (const file of plan.files) {
    if (file.action === "write") await system.writeFile(file.path, file.text, file.before !== null);
    else await system.removeFile(file.path);
  }
  const text = plan.files.map((file) => `${file.action === "write" ? "wrote" : "removed"} ${file.path}\n`).join("");
  messages.push({ level: "info", text: planSummary(plan) });
  return { exitCode: exitCodes.asDesired, data: planData(plan), text, messages };
}
