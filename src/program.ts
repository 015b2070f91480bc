import { Command, Option } from "commander";
import { auditFlags, reportFormats } from "./commands/auditFlags.ts";
import { schemaNames } from "./commands/schemaNames.ts";
import { exitCodes, UserError } from "./errors.ts";
import { addHookCommands } from "./programHooks.ts";
import { command, ownerOptions, parseSeconds, type Run, readDocuments } from "./programOptions.ts";
import { addUndoCommands } from "./programUndo.ts";
import { addWatchCommand } from "./programWatch.ts";
import type { GivenDocument } from "./store/documents.ts";
import { readNamedTexts } from "./system/documents.ts";
import { version } from "./version.ts";

/**
 * Commands, arguments and flags, as netkeep(8) lists them.
 *
 * @param words the command line: where it begins with a command, no others but those beside it are made
 */
export function buildProgram(run: Run, words: readonly string[] = []): Command {
  const netkeep = new Command("netkeep")
    .description("Keeps the routes and permanent neighbors of guests on a hypervisor exactly as desired.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError();
  const asked = families.filter(([names]) => names.includes(words[0] ?? ""));
  for (const [, add] of asked.length > 0 ? asked : families) add(netkeep, run);
  return netkeep;
}

/** The commands by their names, in the order of the help. */
const families: readonly (readonly [names: readonly string[], add: (netkeep: Command, run: Run) => void])[] = [
  [["apply", "plan", "generate"], addDocumentCommands],
  [["try", "confirm", "history", "rollback"], addUndoCommands],
  [["set", "unset"], addOwnerCommands],
  [["hook"], addHookCommands],
  [["audit", "doctor", "show", "explain", "import", "schema"], addReadingCommands],
  [["restore", "settle"], addUnitCommands],
  [["watch"], addWatchCommand],
];

function addDocumentCommands(netkeep: Command, run: Run): void {
  const files = "documents: files, directories, - for standard input; without: those of /etc/netkeep/desired.d";
  command(netkeep, "apply [FILE...]", "make the host what the documents say", files)
    .option("--dry-run", "print the plan and change nothing")
    .option("--no-live", "write files, leave the kernel to networkd")
    .option("--no-reload", "do not tell networkd; an apply soon after must")
    .option("--runtime", "until the next reboot only")
    .option("--adopt", "take over foreign entries that stand in the way or would be deleted")
    .action((names, options) =>
      run(options, async (context) =>
        (await import("./commands/apply.ts")).applyCommand(context, await applyOptions(names, options)),
      ),
    );
  command(netkeep, "plan [FILE...]", "show what apply would do; exit 1 if there is anything to do", files)
    .option("--runtime", "as for apply")
    .option("--adopt", "as for apply")
    .action((names, options) =>
      run(options, async (context) =>
        (await import("./commands/plan.ts")).planCommand(context, await applyOptions(names, options)),
      ),
    );
  command(netkeep, "generate [FILE...]", "write the files of the documents below --root DIR, and nothing else", files)
    .option("--host <NAME>", "of documents for several hosts: the one that DIR is for; writes its document, too")
    .action((names, options) =>
      run(options, async (context) =>
        (await import("./commands/generate.ts")).generateCommand(context, await readDocuments(names), options.host),
      ),
    );
}

function addOwnerCommands(netkeep: Command, run: Run): void {
  command(netkeep, "set <OWNER> [FILE]", "replace the document of one owner; what agents call", "whose document it is")
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .option("--runtime", "as for apply")
    .action((owner, file, options) =>
      run(options, async (context) =>
        (await import("./commands/set.ts")).setCommand(context, await readDocument(owner, file), ownerOptions(options)),
      ),
    );
  command(
    netkeep,
    "unset <OWNER...>",
    "take owners and their entries away; unknown ones are no error",
    "whose they are",
  )
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .action((owners, options) =>
      run(options, async (context) =>
        (await import("./commands/set.ts")).unsetCommand(context, owners, ownerOptions(options)),
      ),
    );
}

function addReadingCommands(netkeep: Command, runAny: Run): void {
  const run: Run = (options, work) => runAny({ ...options, reads: true }, work);
  command(netkeep, "audit", "compare documents, drop-ins, networkd and kernel; exit 1 on drift")
    .option("--repair", "set right what is netkeep's own, and audit again")
    .option("--dry-run", "with --repair: print the plan and change nothing")
    .addOption(new Option("--format <FORMAT>", "what to print").choices(reportFormats))
    .option("--output <FILE>", "write it to FILE, which has the old or the new text at any moment")
    .option("--all", "print each finding also where there are many")
    .action((options) =>
      run(options, async (context) =>
        (await import("./commands/audit.ts")).auditCommand(context, auditFlags(options, version)),
      ),
    );
  command(netkeep, "doctor", "look for known traps of this host; exit 1 if there is something to fix")
    .option("--link <NAME...>", "look at these links only, also before they have entries")
    .option("--only <CHECK...>", "make these checks only")
    .option("--list", "list the checks, and look at nothing")
    .action(({ link = [], only = [], list = false, ...options }) =>
      run(options, async (context) =>
        (await import("./commands/doctor.ts")).doctorCommand(context, { links: link, only, list }),
      ),
    );
  command(netkeep, "show [OWNER|LINK|ADDRESS...]", "show who owns what").action((subjects, options) =>
    run(options, async (context) => (await import("./commands/show.ts")).showCommand(context, subjects)),
  );
  command(netkeep, "explain <ADDRESS>", "follow an address through documents, drop-ins, networkd and kernel").action(
    (address, options) =>
      run(options, async (context) => (await import("./commands/explain.ts")).explainCommand(context, address)),
  );
  command(netkeep, "import [LINK...]", "print what links have as a document; with --adopt take it over", "links")
    .option("--all", "all links that have routes or permanent neighbors")
    .option("--files", "also what base files and drop-ins of others say")
    .option("--adopt", "make owners of it and apply them; no packet is lost")
    .addOption(
      new Option("--agent <NAME>", "with --adopt: whose hook the owners of guests are named for")
        .choices(["cloudstack", "libvirt", "none"])
        .default("cloudstack"),
    )
    .option("--dry-run", "with --adopt: print the plan and change nothing")
    .action((links, options) =>
      run(options, async (context) =>
        (await import("./commands/import.ts")).importCommand(context, { ...options, links }),
      ),
    );
  command(netkeep, "schema [NAME]", `print a JSON Schema: ${schemaNames.join(", ")}`).action((name, options) =>
    run(options, async () => (await import("./commands/schema.ts")).schemaCommand(name ?? "document")),
  );
}

/** What the units of systemd run. */
function addUnitCommands(netkeep: Command, run: Run): void {
  command(
    netkeep,
    "restore",
    "write the files of all documents before networkd starts; whatever is wrong costs only itself",
  ).action((options) =>
    run(options, async (context) => (await import("./commands/restore.ts")).restoreCommand(context)),
  );
  command(
    netkeep,
    "settle [LINK...]",
    "wait until networkd has set the entries, and repair what is not there",
    "links that matter; without: all",
  )
    .addOption(new Option("--timeout <SECONDS>", "how long to wait").argParser(parseSeconds).default(30))
    .action((links, options) =>
      run(options, async (context) =>
        (await import("./commands/settle.ts")).settleCommand(context, { links, seconds: options.timeout }),
      ),
    );
}

async function applyOptions(names: readonly string[], options: Record<string, unknown>) {
  return {
    ...ownerOptions(options),
    given: await readDocuments(names),
    generation: ["apply", ...names].join(" "),
    adopt: options["adopt"] === true,
    dryRun: options["dryRun"] === true,
  };
}

async function readDocument(owner: string, file: string | undefined): Promise<GivenDocument> {
  const { isDocumentName } = await import("./store/documentFiles.ts");
  const [text, second] = await readNamedTexts([file ?? "-"], isDocumentName, () => true);
  if (text === undefined || second !== undefined) {
    throw new UserError(exitCodes.usage, `${file} is a directory; an owner has one document`);
  }
  return { ...text, owner };
}
