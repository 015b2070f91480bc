import { audit, isDrift } from "../audit/audit.ts";
import type { AuditInput, FileComparison } from "../audit/input.ts";
import { exitCodes } from "../errors.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { readBlocks, readEntries } from "../networkd/block.ts";
import { carriesEntries, isGenerated } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import { auditSummary, auditText } from "../report/auditText.ts";
import type { System } from "../system/system.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";
import type { CommandContext } from "./context.ts";
import { type Prepared, prepare } from "./prepare.ts";
import type { CommandResult } from "./result.ts";

export interface AuditOptions {
  readonly repair: boolean;
}

/** Compares the four layers. Exit 1 on drift. With `repair`: applies what the documents say, and audits again. */
export async function auditCommand(context: CommandContext, options: AuditOptions): Promise<CommandResult> {
  if (!options.repair) return report(context, await findDrift(context), []);
  requirePrivilege(context);
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    const before = await findDrift(context);
    if (!isDrift(before)) return report(context, before, []);
    const applied = await applyLocked(context, {
      given: [],
      runtime: false,
      adopt: false,
      dryRun: false,
      live: true,
      reload: true,
      manner: "tolerant",
    });
    const after = report(context, await findDrift(context), before);
    const exitCode = after.exitCode === exitCodes.asDesired ? applied.exitCode : after.exitCode;
    return {
      ...after,
      exitCode,
      text: [applied.text, after.text].filter((text) => text !== "").join("\n"),
      messages: [...applied.messages, ...after.messages],
    };
  });
}

async function findDrift({ system, settings }: CommandContext): Promise<Finding[]> {
  const prepared = await prepare(system, settings, {
    given: [],
    persistence: "persistent",
    adopt: false,
    tolerant: true,
  });
  return audit(auditInput(prepared, system));
}

function report(context: CommandContext, findings: Finding[], repaired: Finding[]): CommandResult {
  const summary = repaired.length === 0 ? auditSummary(findings) : `after the repair: ${auditSummary(findings)}`;
  return {
    exitCode: isDrift(findings) ? exitCodes.differs : exitCodes.asDesired,
    data: { findings, repaired },
    text: auditText(findings, context.style),
    messages: [{ level: "info", text: summary }],
  };
}

/** The four layers as one value. */
export function auditInput(prepared: Prepared, system: Pick<System, "digest" | "offline">): AuditInput {
  const { observed, layout } = prepared;
  let owners: ReadonlyMap<string, readonly string[]> | null = null;
  return {
    offline: system.offline,
    entries: prepared.entries,
    ownersOf(key) {
      owners ??= ownersByKey(prepared);
      return owners.get(key) ?? [];
    },
    conflicts: prepared.desired.conflicts,
    broken: prepared.documents.broken,
    notes: layout.notes,
    kernel: observed.kernel,
    record: prepared.record,
    files: compareFiles(prepared, (text) => system.digest(text)),
    networkd: observed.networkd,
    statuses: observed.statuses,
    reloadPending: observed.reloadPending,
  };
}

/** Asked for only when something is wrong, and then maybe of every entry. */
function ownersByKey({ desired }: Prepared): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const { owner, entries } of desired.owners) {
    for (const { entry } of entries) {
      const key = entryKey(entry);
      owners.set(key, [...(owners.get(key) ?? []), ownerText(owner)]);
    }
  }
  return owners;
}

function compareFiles(prepared: Prepared, digest: (text: string) => string): FileComparison[] {
  const { layout, observed } = prepared;
  const expected = new Map(layout.files.map((file) => [file.path, file.text]));
  const unreadable = new Map<string, string>();
  for (const file of observed.tree) {
    if (!isGenerated(file.path) || file.kind === "text") continue;
    unreadable.set(file.path, file.kind === "unreadable" ? file.reason : "it is a symbolic link");
  }
  // Where the base file of a link is in doubt, its files are not left over.
  const doubtful = new Set(layout.notes.filter((note) => note.level === "refusal").map((note) => note.link));
  const paths = new Set([...expected.keys(), ...observed.generated.keys(), ...unreadable.keys()]);
  return [...paths].sort().flatMap((path) => {
    const [expectedText, actualText] = [expected.get(path) ?? null, observed.generated.get(path) ?? null];
    const link = linkOfFile(expectedText ?? actualText ?? "");
    if (expectedText === null && doubtful.has(link)) return [];
    const asRendered = actualText === expectedText;
    return [
      {
        path,
        link,
        expectedText,
        actualText,
        get expected() {
          return entriesOf(path, expectedText, link);
        },
        get actual() {
          return entriesOf(path, actualText, link);
        },
        editedByHand: actualText !== null && !asRendered && isEdited(actualText, digest),
        unreadable: unreadable.get(path) ?? null,
      },
    ];
  });
}

function entriesOf(path: string, text: string | null, link: string | null): Map<string, Entry> {
  if (text === null || link === null || !carriesEntries(path)) return new Map();
  return new Map(readEntries(text, link).map((entry) => [entryKey(entry), entry]));
}

/** A block does not fit its digest, or there are sections outside of the blocks. */
function isEdited(text: string, digest: (text: string) => string): boolean {
  const blocks = readBlocks(text);
  const inside = blocks.map((block) => block.body).join("");
  const sections = (of: string) => of.match(/^\[/gm)?.length ?? 0;
  return blocks.some((block) => digest(block.body) !== block.digest) || sections(inside) !== sections(text);
}
