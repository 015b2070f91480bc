import { type Command, Option } from "commander";
import { confirmTrial, revertByTimer, revertTrial } from "./commands/trialEnd.ts";
import { tryCommand } from "./commands/try.ts";
import { command, parseSeconds, type Run, readDocuments } from "./programOptions.ts";

/** What takes changes back. */
export function addUndoCommands(netkeep: Command, run: Run): void {
  command(
    netkeep,
    "try [FILE...]",
    "apply documents, and take them back unless they are confirmed in time",
    "documents: files, directories, - for standard input",
  )
    .addOption(new Option("--timeout <SECONDS>", "how long to wait").argParser(parseSeconds).default(60))
    .option("--revert [ID]", "take back now what is being tried")
    .action((names, { timeout, revert, ...options }) =>
      run(options, async (context) => {
        if (typeof revert === "string") return revertByTimer(context, revert);
        if (revert === true) return revertTrial(context, null);
        return tryCommand(context, { given: await readDocuments(names), seconds: timeout });
      }),
    );
  command(netkeep, "confirm", "keep what is being tried").action((options) => run(options, confirmTrial));
}
