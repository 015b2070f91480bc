import type { CommandContext } from "../context.ts";
import type { FileChange } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import { places } from "../model/places.ts";
import { unitDirectories } from "../networkd/precedence.ts";
import { parsePending, pendingText } from "../observe/pending.ts";
import { holdsOnlyOurs } from "../prepare/filePlan.ts";
import { prepareToApply } from "../prepare/prepareToApply.ts";
import { planSummary, planText } from "../report/planText.ts";
import type { CommandResult, Message } from "../result.ts";
import { applyLocked } from "./apply.ts";
import type { Audited } from "./auditReport.ts";
import { noteMessages } from "./messages.ts";

/** Findings that a reload sets right, because networkd then looks at the files again. */
const curedByReload = new Set<Finding["code"]>([
  "networkd-not-loaded",
  "networkd-outdated",
  "networkd-extra",
  "link-unmanaged",
]);

type Drift = Pick<Audited, "findings" | "input">;

const options = { given: [], runtime: false, adopt: false, live: true, reload: true, manner: "partial" } as const;

/**
 * Sets right what is ours: first the modes of our directories, so that networkd can read what the transaction writes;
 * then all that a transaction does; with it a reload for links of which networkd knows something else than the files say.
 * The caller holds the lock.
 */
export async function repair(context: CommandContext, drift: Drift): Promise<CommandResult> {
  const { system } = context;
  const closed = await closedDirectories(context);
  for (const directory of closed) await system.openDirectory(directory);
  const links = linksToTell(drift, closed);
  if (links.length > 0) {
    const before = parsePending(await system.readText(places.reloadPending)) ?? { links: [], guarded: [] };
    await system.writeFile(places.reloadPending, pendingText({ ...before, links: [...before.links, ...links] }));
  }
  const applied = await applyLocked(context, { ...options, dryRun: false });
  const { outcome } = applied.data as { outcome: { files: string[] } | null };
  const changed = outcome?.files ?? [];
  const lines = [...closed.map((path) => `~ ${path} (mode 0755)`), ...changed.map((path) => `~ ${path}`)];
  const files = lines.length === 0 ? "" : `${[context.style.heading("files"), ...lines].join("\n")}\n`;
  return { ...applied, text: [applied.text, files].filter((text) => text !== "").join("\n") };
}

/** What `repair` would do, as a text; changes nothing. */
export async function planRepair(
  context: CommandContext,
  drift: Drift,
): Promise<{ readonly text: string; readonly messages: readonly Message[] }> {
  const { prepared, threats } = await prepareToApply(context, options);
  const closed = await closedDirectories(context);
  const reloads = [...new Set([...prepared.plan.reloads, ...linksToTell(drift, closed)])];
  const plan = { ...prepared.plan, reloads, files: await stillToWrite(context, prepared.plan.files, closed) };
  const modes = closed.map((path) => ({ level: "info" as const, text: `${path} gets mode 0755` }));
  const nothing = plan.bridges.length + plan.kernel.length + plan.files.length + reloads.length + closed.length === 0;
  const summary = nothing ? "nothing here is netkeep's to repair" : `to do: ${planSummary(plan)}`;
  const notes = noteMessages([...plan.notes, ...threats.notes]);
  return { text: planText(plan, context.style), messages: [...notes, ...modes, { level: "info", text: summary }] };
}

/** Without the files in closed directories that are right already, and only cannot be reached. */
async function stillToWrite(
  { system }: CommandContext,
  files: readonly FileChange[],
  closed: readonly string[],
): Promise<FileChange[]> {
  const left: FileChange[] = [];
  for (const file of files) {
    const hidden = file.action === "write" && closed.some((directory) => file.path.startsWith(`${directory}/`));
    if (!hidden || (await system.readText(file.path)) !== file.text) left.push(file);
  }
  return left;
}

/** `*.d` directories that networkd may not enter, with nothing but our files in them. */
async function closedDirectories({ system }: CommandContext): Promise<string[]> {
  const tree = await system.readUnits(unitDirectories, [".network"]);
  return tree.filter((file) => holdsOnlyOurs(file)).map(({ path }) => path);
}

/**
 * Links of which networkd has to look at the files again. A failed link is among them unless something of others is
 * plainly the cause: on 252 the transaction then sets it up anew, which takes its entries away for a moment.
 */
function linksToTell({ findings, input }: Drift, closed: readonly string[]): string[] {
  const links = findings.flatMap(({ code, link }) => {
    if (link === null) return [];
    const absent = input.links.get(link)?.absent ?? [];
    const cured = curedByReload.has(code) || (code === "link-failed" && absent.every(({ ours }) => ours));
    return cured ? [link] : [];
  });
  const opened = input.files.filter((file) => closed.some((directory) => file.path.startsWith(`${directory}/`)));
  return [...new Set([...links, ...opened.flatMap((file) => file.link ?? [])])];
}
