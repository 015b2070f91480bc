import { type Command, InvalidArgumentError, Option } from "commander";
import type { ReportFormat } from "./commands/auditFlags.ts";
import type { CommandContext } from "./context.ts";
import type { CommandResult, Message } from "./result.ts";
import type { GivenDocument } from "./store/documents.ts";
import { readNamedTexts } from "./system/documents.ts";

/** The options that every command has. */
export interface CommonOptions {
  readonly root?: string;
  readonly json?: "pretty" | "short" | "off";
  readonly j?: boolean;
  readonly color?: "auto" | "always" | "never";
  readonly quiet?: boolean;
  readonly debug?: boolean;
  readonly format?: ReportFormat;
  readonly output?: string;
  /** A hook that is not strict: nothing that goes wrong may stop a guest, so settings fall back and the status is 0. */
  readonly harmless?: boolean;
  /** It only reads, so that a directory of `root` that is not there is a slip: all would be as desired. */
  readonly reads?: boolean;
}

/** Carries out a command's work and says what comes of it. */
export type Run = (options: CommonOptions, work: Work) => Promise<void>;

/** @param say prints a message before the work is done, for what runs for long */
type Work = (context: CommandContext, say: (message: Message) => void) => Promise<CommandResult>;

/** A command with the options that all have. @param argument what its first argument is */
export function command(netkeep: Command, name: string, description: string, argument?: string): Command {
  const made = netkeep.command(name).description(description).exitOverride().showSuggestionAfterError();
  if (argument !== undefined && made.registeredArguments[0] !== undefined) {
    made.registeredArguments[0].description = argument;
  }
  return made
    .option("--root <DIR>", "work on the files below DIR; touch no kernel and no bus")
    .addOption(new Option("--json <MODE>", "print data as JSON").choices(["pretty", "short", "off"]))
    .option("-j", "the same as --json=short")
    .addOption(new Option("--color <WHEN>", "colour the output").choices(["auto", "always", "never"]).default("auto"))
    .option("-q, --quiet", "on stderr only errors and warnings")
    .option("--debug", "print the stack of an error");
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,4}$/.test(text) || seconds < 1 || seconds > 3600) {
    throw new InvalidArgumentError("It is a number of seconds, 1 to 3600.");
  }
  return seconds;
}

export async function readDocuments(names: readonly string[]): Promise<GivenDocument[]> {
  const { isDocumentName, isOfAdmin, ownerOfFile } = await import("./store/documentFiles.ts");
  return (await readNamedTexts(names, isDocumentName, isOfAdmin)).map((text) => ({
    ...text,
    owner: ownerOfFile(text.source),
  }));
}

/** What to do beside the files, of who sets owners. */
export function ownerOptions({ runtime, live, reload }: Record<string, unknown>) {
  return { runtime: runtime === true, live: live !== false, reload: reload !== false };
}
