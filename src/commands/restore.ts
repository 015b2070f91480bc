import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../errors.ts";
import type { FileChange } from "../model/change.ts";
import { places } from "../model/places.ts";
import { isForNetworkd } from "../networkd/paths.ts";
import { pendingText } from "../observe/pending.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { count } from "../report/style.ts";
import type { CommandResult, Message } from "../result.ts";
import { documentMessages } from "../transact/outcome.ts";
import { requirePrivilege } from "./apply.ts";
import { noteMessages } from "./messages.ts";

/** A boot waits for us. Nobody else has reason to hold the lock that early, so a long wait would be for a stuck process. */
const lockSeconds = 5;

/** A file that is not as it should be, and why. */
interface FailedFile {
  readonly path: string;
  readonly reason: string;
}

/**
 * What the boot does before networkd reads its files: makes the drop-ins what the documents say. Drop-ins of owners that
 * are gone go, those whose base file has got another name move. Whatever goes wrong costs only itself, because networkd
 * starts next in any case: a broken document leaves its owner what the drop-ins say, a link whose base file cannot be told
 * keeps its drop-ins, a file that cannot be written leaves the others to be. The kernel is read, never changed.
 *
 * @returns exit status 2 if anything is not as documents say; the rest is done then
 */
export async function restoreCommand(context: CommandContext): Promise<CommandResult> {
  requirePrivilege(context);
  const { system, settings } = context;
  if (system.offline) return restoreFiles(context);
  const seconds = Math.min(lockSeconds, settings.lockSeconds);
  return system.withLock(places.lock, seconds, () => restoreFiles(context));
}

async function restoreFiles(context: CommandContext): Promise<CommandResult> {
  const { system, settings } = context;
  // `adopt`: what stands in the kernel so early keeps nothing out of the files.
  const options = { given: [], persistence: "persistent", adopt: true, tolerant: true } as const;
  const prepared = withoutRefreshes(await prepare(system, settings, options));
  const { files } = prepared.plan;
  // By hand, on a host that is up: networkd has to be told, and nobody has done that.
  const owed = prepared.observed.networkd.running && files.some(({ path }) => isForNetworkd(path));
  if (owed) await noteReload(context, prepared);
  const failed = await changeFiles(context, prepared);
  return report(prepared, failed, owed);
}

/** A file is also planned to be written as it is, for entries that are set live under it: none is here. */
function withoutRefreshes(prepared: Prepared): Prepared {
  const files = prepared.plan.files.filter((file) => file.action === "remove" || file.text !== file.before);
  return { ...prepared, plan: { ...prepared.plan, files } };
}

async function noteReload({ system }: CommandContext, { observed, layout, plan }: Prepared): Promise<void> {
  const links = [...observed.pending.links, ...layout.reloads(plan.files)];
  await system.writeFile(places.reloadPending, pendingText({ ...observed.pending, links }));
}

/** In the order of the plan; nothing of a link is removed once a file of it could not be written. */
async function changeFiles({ system }: CommandContext, { layout, plan }: Prepared): Promise<FailedFile[]> {
  const failed: FailedFile[] = [];
  const incomplete = new Set<string>();
  for (const file of plan.files) {
    const links = layout.reloads([file]);
    if (file.action === "remove" && links.some((link) => incomplete.has(link))) continue;
    try {
      if (file.action === "write") await system.writeFile(file.path, file.text, file.before !== null);
      else await system.removeFile(file.path);
    } catch (error) {
      failed.push({ path: file.path, reason: error instanceof Error ? error.message : String(error) });
      for (const link of links) incomplete.add(link);
    }
  }
  return failed;
}

function report(prepared: Prepared, failed: readonly FailedFile[], owed: boolean): CommandResult {
  const { documents, layout, plan } = prepared;
  const bad = new Set(failed.map(({ path }) => path));
  const pathsOf = (action: FileChange["action"]) =>
    plan.files.filter((file) => file.action === action && !bad.has(file.path)).map(({ path }) => path);
  const [written, removed] = [pathsOf("write"), pathsOf("remove")];
  const refused = layout.notes.some((note) => note.level === "refusal");
  const exitCode: ExitCode =
    failed.length + documents.broken.length > 0 || refused ? exitCodes.failed : exitCodes.asDesired;
  const messages: Message[] = [
    // That a link does not exist yet is no news at boot.
    ...noteMessages(layout.notes.filter((note) => note.level !== "info")),
    ...documentMessages(prepared),
    ...failed.map(({ reason }): Message => ({ level: "error", text: reason })),
  ];
  if (owed) messages.push({ level: "warning", text: "networkd runs and was not told: run `netkeep apply`" });
  const done = written.length + removed.length;
  const links = new Set([...prepared.entries.values()].map((entry) => entry.link)).size;
  const text = `${count(prepared.entries.size, "entry")} on ${count(links, "link")}: ${done === 0 ? "the files are as desired" : `${count(done, "file")} changed`}`;
  messages.push({ level: "info", text });
  return {
    exitCode,
    data: { written, removed, failed: [...failed], broken: [...documents.broken], notes: [...layout.notes] },
    text: [...written.map((path) => `wrote ${path}\n`), ...removed.map((path) => `removed ${path}\n`)].join(""),
    messages,
  };
}
