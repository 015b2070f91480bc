import { Command, CommanderError, Option } from "commander";
import { applyCommand } from "./commands/apply.ts";
import { auditCommand } from "./commands/audit.ts";
import type { CommandContext } from "./commands/context.ts";
import { isDocumentName, ownerOfFile } from "./commands/documentFiles.ts";
import type { GivenDocument } from "./commands/documents.ts";
import { generateCommand } from "./commands/generate.ts";
import { hookCloudstackCommand } from "./commands/hookCloudstack.ts";
import { hookRoutesCommand } from "./commands/hookRoutes.ts";
import { planCommand } from "./commands/plan.ts";
import type { CommandResult, Message } from "./commands/result.ts";
import { schemaCommand, schemaNames } from "./commands/schema.ts";
import { setCommand, unsetCommand } from "./commands/set.ts";
import { loadSettings } from "./commands/settings.ts";
import { showCommand } from "./commands/show.ts";
import { type ExitCode, exitCodes, UserError } from "./errors.ts";
import { colourStyle, plainStyle } from "./report/style.ts";
import { readNamedTexts } from "./system/documents.ts";
import { withProgress } from "./system/progress.ts";
import { realSystem } from "./system/real.ts";
import { stderrIsJournal, wantsColour } from "./system/terminal.ts";
import { version } from "./version.ts";

type JsonMode = "pretty" | "short" | "off";

interface CommonOptions {
  readonly root?: string;
  readonly json?: JsonMode;
  readonly j?: boolean;
  readonly color?: "auto" | "always" | "never";
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const program = build();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

function build(): Command {
  const netkeep = new Command("netkeep")
    .description("Keeps the routes and permanent neighbors of guests on a hypervisor exactly as desired.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError();
  addDocumentCommands(netkeep);
  addOwnerCommands(netkeep);
  addHookCommands(netkeep);
  addReadingCommands(netkeep);
  return netkeep;
}

function addDocumentCommands(netkeep: Command): void {
  const files = "documents: files, directories, - for standard input; without: those of /etc/netkeep/desired.d";
  command(netkeep, "apply [FILE...]", "make the host what the documents say", files)
    .option("--dry-run", "print the plan and change nothing")
    .option("--no-live", "write files, leave the kernel to networkd")
    .option("--no-reload", "do not tell networkd; an apply soon after must")
    .option("--runtime", "until the next reboot only")
    .option("--adopt", "take over foreign entries that stand in the way or would be deleted")
    .action((names, options) =>
      run(options, async (context) => applyCommand(context, await applyOptions(names, options))),
    );
  command(netkeep, "plan [FILE...]", "show what apply would do; exit 1 if there is anything to do", files)
    .option("--runtime", "as for apply")
    .option("--adopt", "as for apply")
    .action((names, options) =>
      run(options, async (context) => planCommand(context, await applyOptions(names, options))),
    );
  command(
    netkeep,
    "generate [FILE...]",
    "write the files of the documents below --root DIR, and nothing else",
    files,
  ).action((names, options) => run(options, async (context) => generateCommand(context, await readDocuments(names))));
}

function addOwnerCommands(netkeep: Command): void {
  command(netkeep, "set <OWNER> [FILE]", "replace the document of one owner; what agents call", "whose document it is")
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .option("--runtime", "as for apply")
    .action((owner, file, options) =>
      run(options, async (context) => setCommand(context, await readDocument(owner, file), ownerOptions(options))),
    );
  command(
    netkeep,
    "unset <OWNER...>",
    "take owners and their entries away; unknown ones are no error",
    "whose they are",
  )
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .action((owners, options) => run(options, (context) => unsetCommand(context, owners, ownerOptions(options))));
}

/** The options of `hook` stand before the kind of hook: what comes after it is the agent's own. */
function addHookCommands(netkeep: Command): void {
  const hook = command(netkeep, "hook", "what agents call at the events of guests and routers; exit 0 unless --strict")
    .option("--strict", "exit with the status of apply")
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .enablePositionalOptions();
  const options = () => ({ ...ownerOptions(hook.opts()), strict: hook.opts()["strict"] === true });
  hook
    .command("cloudstack [ARGUMENTS...]")
    .description("the arguments of CloudStack's modifymacip.sh: -o add|delete -b BRIDGE -m MAC [-4 IP]... [-6 IP]...")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((words) => run(hook.opts(), (context) => hookCloudstackCommand(context, words, options())));
  hook
    .command("routes")
    .description("a router's prefixes as JSON on standard input, see netkeep-hooks(7)")
    .action(() =>
      run(hook.opts(), async (context) => {
        const [payload] = await readNamedTexts(["-"], isDocumentName);
        return hookRoutesCommand(context, payload?.text ?? "", options());
      }),
    );
}

function addReadingCommands(netkeep: Command): void {
  command(netkeep, "audit", "compare documents, drop-ins, networkd and kernel; exit 1 on drift")
    .option("--repair", "apply what the documents say, and audit again")
    .action((options) => run(options, (context) => auditCommand(context, { repair: options.repair === true })));
  command(netkeep, "show [OWNER|LINK]", "show who owns what").action((subject, options) =>
    run(options, (context) => showCommand(context, subject ?? null)),
  );
  command(netkeep, "schema [NAME]", `print a JSON Schema: ${schemaNames.join(", ")}`).action((name, options) =>
    run(options, async () => schemaCommand(name ?? "document")),
  );
}

function command(netkeep: Command, name: string, description: string, argument?: string): Command {
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

async function run(options: CommonOptions, work: (context: CommandContext) => Promise<CommandResult>): Promise<void> {
  const progress = startProgress(options.quiet === true);
  try {
    const system = withProgress(realSystem(rootOf(options)), progress.begun);
    const colour =
      options.color === "always" || (options.color !== "never" && wantsColour(process.env, process.stdout.isTTY));
    const settings = await loadSettings(system);
    const result = await work({ system, settings, style: colour ? colourStyle : plainStyle });
    progress.end();
    const mode = jsonMode(options);
    process.stdout.write(
      mode === "off" ? result.text : `${JSON.stringify(result.data, null, mode === "pretty" ? 2 : 0)}\n`,
    );
    // After the data, so that on a terminal the summary stands at the end.
    for (const message of result.messages) say(message, options.quiet === true);
    process.exitCode = result.exitCode;
  } catch (error) {
    progress.end();
    process.exitCode = fail(error, options);
  }
}

function rootOf({ root }: CommonOptions): string {
  if (root === undefined || root === "/") return "";
  if (root.trim() === "") throw new UserError(exitCodes.usage, "--root needs a directory");
  return root.replace(/\/+$/, "");
}

function jsonMode(options: CommonOptions): JsonMode {
  return options.j === true ? "short" : (options.json ?? "off");
}

async function applyOptions(names: readonly string[], options: Record<string, unknown>) {
  return {
    given: await readDocuments(names),
    runtime: options["runtime"] === true,
    adopt: options["adopt"] === true,
    dryRun: options["dryRun"] === true,
    live: options["live"] !== false,
    reload: options["reload"] !== false,
  };
}

function ownerOptions(options: Record<string, unknown>) {
  const { runtime, live, reload } = options;
  return { runtime: runtime === true, live: live !== false, reload: reload !== false };
}

async function readDocument(owner: string, file: string | undefined): Promise<GivenDocument> {
  const [text, second] = await readNamedTexts([file ?? "-"], isDocumentName);
  if (text === undefined || second !== undefined) {
    throw new UserError(exitCodes.usage, `${file} is a directory; an owner has one document`);
  }
  return { ...text, owner };
}

async function readDocuments(names: readonly string[]): Promise<GivenDocument[]> {
  const texts = await readNamedTexts(names, isDocumentName);
  return texts.map((text) => ({ ...text, owner: ownerOfFile(text.source) }));
}

/** After a second on a terminal: a line that says what is being waited for. */
function startProgress(quiet: boolean): { begun(activity: string): void; end(): void } {
  if (quiet || !process.stderr.isTTY) return { begun: () => undefined, end: () => undefined };
  let current = "reading";
  let shown = false;
  const timer = setInterval(() => {
    shown = true;
    process.stderr.write(`\r\u001b[K… ${current}`);
  }, 1000);
  const end = () => {
    clearInterval(timer);
    if (shown) process.stderr.write("\r\u001b[K");
  };
  return { begun: (activity) => (current = activity), end };
}

function say(message: Message, quiet: boolean): void {
  if (quiet && (message.level === "info" || message.level === "notice")) return;
  const priority = { error: 3, warning: 4, notice: 5, info: 6 }[message.level];
  const prefix = stderrIsJournal(process.env) ? `<${priority}>` : "";
  for (const line of message.text.split("\n")) process.stderr.write(`${prefix}${line}\n`);
}

function fail(error: unknown, options: CommonOptions = {}): ExitCode {
  // commander has printed its message; it ends help and version by exceptions too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.asDesired : exitCodes.usage;
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = known ? error.exitCode : exitCodes.failed;
  say(
    { level: "error", text: known ? `netkeep: ${message}` : `netkeep: a fault of netkeep itself: ${message}` },
    false,
  );
  const debug = options.debug === true || process.env["NETKEEP_LOG_LEVEL"] === "debug";
  if (debug && error instanceof Error) say({ level: "error", text: error.stack ?? "" }, false);
  else if (!known) say({ level: "error", text: "run it again with --debug, and report what it prints" }, false);
  const mode = jsonMode(options);
  if (mode !== "off") {
    process.stdout.write(`${JSON.stringify({ error: { exitCode, message } }, null, mode === "pretty" ? 2 : 0)}\n`);
  }
  return exitCode;
}
