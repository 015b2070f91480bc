import { isDrift } from "../../audit/audit.ts";
import type { CommandContext } from "../../context.ts";
import type { BridgeChange, KernelChange } from "../../model/change.ts";
import { type Entry, entryKey, entryTitle } from "../../model/entry.ts";
import type { Finding } from "../../model/finding.ts";
import { places } from "../../model/places.ts";
import { count } from "../../report/style.ts";
import type { Message } from "../../result.ts";
import { outcomeMessages } from "../../transact/outcome.ts";
import { applyCommand, applyGiven } from "../apply.ts";
import { findDrift } from "../audit.ts";
import { noteMessages } from "../messages.ts";
import { repair } from "../repair.ts";

/** What came of a task. */
export interface TaskResult {
  /** What is wanted, by key. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Keys of what was set or taken away. */
  readonly healed: readonly string[];
  readonly messages: readonly Message[];
  /** What is left to say after a resync; null after anything else. */
  readonly findings: readonly Finding[] | null;
}

/** Reads the host and sets right what is netkeep's own, without a word of what networkd makes of it: the quick way. */
export async function heal(context: CommandContext): Promise<TaskResult> {
  const options = { given: [], runtime: false, adopt: false, dryRun: false, live: true, reload: true } as const;
  const { prepared, notes, outcome } = await context.system.withLock(places.lock, context.settings.lockSeconds, () =>
    applyGiven(context, { ...options, manner: "partial" }),
  );
  const changes = outcome === null ? [] : [...outcome.kernel, ...outcome.again];
  const messages = [
    ...noteMessages(notes.filter(({ level }) => level !== "info")),
    ...(outcome === null ? [] : outcomeMessages(prepared, outcome)),
  ];
  return {
    entries: prepared.entries,
    healed: changes.map(({ entry }) => entryKey(entry)),
    messages: [...bridgeMessages(outcome?.bridges ?? []), ...healedMessages(changes), ...some(messages)],
    findings: null,
  };
}

/**
 * An audit, and a repair if it finds anything that was not left after the last one: what a repair cannot set right is not
 * tried again every time.
 */
export async function resync(context: CommandContext, before: readonly Finding[]): Promise<TaskResult> {
  const known = new Set(before.map(findingText));
  const isNews = (findings: readonly Finding[]) =>
    isDrift(findings.filter((finding) => !known.has(findingText(finding))));
  const seen = await findDrift(context);
  if (!isNews(seen.findings)) {
    return { entries: seen.prepared.entries, healed: [], messages: [], findings: seen.findings };
  }
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    // Another netkeep may have been in the middle of its work.
    const found = await findDrift(context);
    if (!isNews(found.findings)) {
      return { entries: found.prepared.entries, healed: [], messages: [], findings: found.findings };
    }
    await repair(context, found);
    const after = await findDrift(context);
    const left = new Set(after.findings.map(findingText));
    const cured = found.findings.filter((finding) => !left.has(findingText(finding)));
    const fresh = after.findings.filter((finding) => finding.severity !== "info" && !known.has(findingText(finding)));
    return {
      entries: after.prepared.entries,
      healed: found.prepared.plan.kernel.map(({ entry }) => entryKey(entry)),
      messages: [...listed("notice", "repaired", cured.map(findingLine)), ...fresh.map(findingMessage)],
      findings: after.findings,
    };
  });
}

/** A document of the administrator has changed: what `netkeep apply` does, with its refusals. @throws UserError */
export async function applyDocuments(context: CommandContext): Promise<readonly Message[]> {
  const options = { given: [], runtime: false, adopt: false, dryRun: false, live: true, reload: true } as const;
  const { messages } = await applyCommand(context, { ...options, generation: "watch" });
  return messages.map((message) => ({ ...message, text: `documents changed: ${message.text}` }));
}

function bridgeMessages(changes: readonly BridgeChange[]): Message[] {
  const made = changes.filter(({ action }) => action !== "remove").map(({ link }) => `bridge ${link}`);
  const removed = changes.filter(({ action }) => action === "remove").map(({ link }) => `bridge ${link}`);
  return [...listed("notice", "set right", made), ...listed("notice", "taken away", removed)];
}

function healedMessages(changes: readonly KernelChange[]): Message[] {
  const set = changes.filter(({ action }) => action !== "remove").map(({ entry }) => entryTitle(entry));
  const removed = changes.filter(({ action }) => action === "remove").map(({ entry }) => entryTitle(entry));
  return [...listed("notice", "set again", set), ...listed("notice", "taken away", removed)];
}

/** In the journal some of many are enough. */
const mostListed = 3;
const mostMessages = 10;

function listed(level: Message["level"], what: string, lines: readonly string[]): Message[] {
  if (lines.length === 0) return [];
  const more = lines.length > mostListed ? ` and ${count(lines.length - mostListed, "other")}` : "";
  return [{ level, text: `${what}: ${lines.slice(0, mostListed).join("; ")}${more}` }];
}

/** One for each of a thousand entries tells no more; the audit names them all. */
function some(messages: readonly Message[]): Message[] {
  const more = messages.length - mostMessages;
  if (more <= 0) return [...messages];
  return [
    ...messages.slice(0, mostMessages),
    { level: "notice", text: `and ${count(more, "message")} more of this kind` },
  ];
}

function findingMessage(finding: Finding): Message {
  const level = finding.severity === "error" ? "error" : "warning";
  return { level, text: `${findingLine(finding)}; do: ${finding.fix}` };
}

function findingLine({ code, link, message, expected }: Finding): string {
  return `${link === null ? "" : `${link}: `}${code}: ${message}${expected === null ? "" : ` (${expected.split("\n")[0]})`}`;
}

function findingText(finding: Finding): string {
  return JSON.stringify([finding.code, finding.owner, finding.link, finding.expected, finding.actual]);
}
