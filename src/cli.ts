import { CommanderError } from "commander";
import { failedResult } from "./commands/failure.ts";
import { loadSettings } from "./commands/settings.ts";
import { defaultSettings } from "./desired/settings.ts";
import { type ExitCode, exitCodes, UserError } from "./errors.ts";
import type { Settings } from "./model/settings.ts";
import { buildProgram } from "./program.ts";
import type { CommonOptions, Run } from "./programOptions.ts";
import { messageText } from "./report/messageText.ts";
import { colourStyle, plainStyle } from "./report/style.ts";
import type { Message } from "./result.ts";
import { requireDirectory, requireDirectoryOf, writeNamedText } from "./system/documents.ts";
import { withProgress } from "./system/progress.ts";
import { realSystem } from "./system/real.ts";
import type { System } from "./system/system.ts";
import { wantsColour, wantsPriorities } from "./system/terminal.ts";

// A reader that has seen enough (`netkeep plan | head`) is no error, and a terminal that is gone must not end the work.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE" || error.code === "EIO") return;
  // After the work, which is done; but who asked has not got the answer. The exit status of the work is set already.
  say({ level: "error", text: `netkeep: cannot write to standard output: ${error.message}` }, false);
  process.exitCode = exitCodes.failed;
});
// There is nobody to tell.
process.stderr.on("error", () => undefined);
buildProgram(run, process.argv.slice(2))
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = fail(error);
  })
  // Streams tell before that what they could not write.
  .finally(() => setImmediate(endIfSaid));

/** V8 need not be waited for, which may still compile in the background, and takes its heap down bit by bit. */
function endIfSaid(): void {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
}

async function run(options: CommonOptions, work: Parameters<Run>[1]): Promise<void> {
  const progress = startProgress(options.quiet === true);
  try {
    const root = rootOf(options);
    if (root !== "" && options.reads === true) await requireDirectory(root, "--root");
    const system = withProgress(realSystem(root), progress.begun);
    const output = options.output === "-" ? undefined : options.output;
    if (output !== undefined) await requireDirectoryOf(output);
    const terminal = process.stdout.isTTY && output === undefined;
    const colour = options.color === "always" || (options.color !== "never" && wantsColour(process.env, terminal));
    const settings = await settingsFor(options, system);
    const context = { system, settings, style: colour ? colourStyle : plainStyle };
    const result = await work(context, (message) => {
      // Who speaks meanwhile tells by itself how it goes on.
      progress.end();
      say(message, options.quiet === true);
    });
    progress.end();
    const mode = jsonMode(options);
    const text = mode === "off" ? result.text : `${JSON.stringify(result.data, null, mode === "pretty" ? 2 : 0)}\n`;
    if (output === undefined) process.stdout.write(text);
    else await writeNamedText(output, text);
    // After the data, so that on a terminal the summary stands at the end.
    for (const message of result.messages) say(message, options.quiet === true);
    process.exitCode = result.exitCode;
  } catch (error) {
    progress.end();
    const exitCode = fail(error, options);
    process.exitCode = options.harmless === true ? exitCodes.asDesired : exitCode;
  }
}

/** A guest must be able to start on a host with a slip in netkeep.conf. */
async function settingsFor(options: CommonOptions, system: System): Promise<Settings> {
  try {
    return await loadSettings(system);
  } catch (error) {
    if (options.harmless !== true || !(error instanceof UserError)) throw error;
    say({ level: "error", text: `netkeep: ${error.message}\nnetkeep: the defaults are used` }, false);
    return defaultSettings;
  }
}

function rootOf({ root }: CommonOptions): string {
  if (root === undefined || root === "/") return "";
  if (root.trim() === "") throw new UserError(exitCodes.usage, "--root needs a directory");
  return root.replace(/\/+$/, "");
}

function jsonMode(options: CommonOptions): "pretty" | "short" | "off" {
  return options.j === true ? "short" : (options.json ?? (options.format === "json" ? "pretty" : "off"));
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
  process.stderr.write(messageText(message, wantsPriorities(process.env)));
}

function fail(error: unknown, options: CommonOptions = {}): ExitCode {
  // commander has printed its message; it ends help and version by exceptions too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.asDesired : exitCodes.usage;
  const { exitCode, data, messages } = failedResult(error);
  const [what, ...advice] = messages;
  const debug = options.debug === true || process.env["NETKEEP_LOG_LEVEL"] === "debug";
  const stack: Message[] = debug && error instanceof Error ? [{ level: "error", text: error.stack ?? "" }] : advice;
  for (const message of [what, ...stack]) if (message !== undefined) say(message, false);
  const mode = jsonMode(options);
  if (mode !== "off") process.stdout.write(`${JSON.stringify(data, null, mode === "pretty" ? 2 : 0)}\n`);
  return exitCode;
}
