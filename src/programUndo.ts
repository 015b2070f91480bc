import { type Command, Option } from "commander";
import { exitCodes, UserError } from "./errors.ts";
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
      run(options, async (context, say) => {
        const { revertByTimer, revertTrial } = await import("./commands/trialEnd.ts");
        if (typeof revert === "string") return revertByTimer(context, revert);
        if (revert === true) return revertTrial(context, null);
        const { tryCommand } = await import("./commands/try.ts");
        const asked = process.stderr.isTTY === true;
        return tryCommand(context, { given: await readDocuments(names), seconds: timeout }, asked ? null : say);
      }),
    );
  command(netkeep, "confirm", "keep what is being tried").action((options) =>
    run(options, async (context) => (await import("./commands/trialEnd.ts")).confirmTrial(context)),
  );
  addHistoryCommands(netkeep, run);
  command(
    netkeep,
    "rollback [N]",
    "go back to what documents were in a generation, and apply them",
    "without: the one before the last",
  )
    .option("--dry-run", "print the plan and change nothing")
    .option("--force", "go on whatever stands against it")
    .action((number, { dryRun = false, force = false, ...options }) =>
      run(options, async (context) =>
        (await import("./commands/rollback.ts")).rollbackCommand(context, {
          to: number === undefined ? null : generationNumber(number),
          dryRun,
          force,
        }),
      ),
    );
}

function addHistoryCommands(netkeep: Command, run: Run): void {
  const history = command(netkeep, "history", "list the changes that can be taken back").enablePositionalOptions();
  history.action((options) =>
    run(options, async (context) => (await import("./commands/history.ts")).historyCommand(context)),
  );
  command(
    history,
    "diff <A> <B>",
    "documents and files of two generations as a unified diff; exit 1 if they differ",
  ).action((from, to, options) =>
    run(options, async (context) =>
      (await import("./commands/history.ts")).historyDiffCommand(context, generationNumber(from), generationNumber(to)),
    ),
  );
  command(history, "show <N> <PATH>", "print a document or file as it was in a generation").action(
    (number, path, options) =>
      run(options, async (context) =>
        (await import("./commands/history.ts")).historyShowCommand(context, generationNumber(number), path),
      ),
  );
}

/** @throws UserError 64 */
function generationNumber(text: string): number {
  if (!/^\d{1,8}$/.test(text))
    throw new UserError(exitCodes.usage, `${text} is not the number of a generation; see netkeep history`);
  return Number(text);
}
