import { exitCodes, UserError } from "../errors.ts";
import type { CommandResult } from "../result.ts";

/** What a command that was ended by an error gives back; a second message of it says what to do about a fault of netkeep. */
export function failedResult(error: unknown): CommandResult {
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = known ? error.exitCode : exitCodes.failed;
  const texts = known
    ? [`netkeep: ${message}`]
    : [`netkeep: a fault of netkeep itself: ${message}`, "run it again with --debug, and report what it prints"];
  const messages = texts.map((text) => ({ level: "error" as const, text }));
  return { exitCode, data: { error: { exitCode, message } }, text: "", messages };
}
