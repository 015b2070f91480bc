import { audit, isDrift } from "../audit/audit.ts";
import type { AuditInput, FileComparison } from "../audit/input.ts";
import { UserError } from "../errors.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { ownerText } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { readBlocks, readEntries } from "../networkd/block.ts";
import { carriesEntries, isGenerated } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import type { System } from "../system/system.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";
import { type Audited, type ReportOptions, reportAudit, reportFailure } from "./auditReport.ts";
import type { CommandContext } from "./context.ts";
import { type Prepared, prepare } from "./prepare.ts";
import type { CommandResult } from "./result.ts";

export interface AuditOptions extends ReportOptions {
  readonly repair: boolean;
}

/** Compares the four layers. Exit 1 on drift. With `repair`: applies what the documents say, and audits again. */
export async function auditCommand(context: CommandContext, options: AuditOptions): Promise<CommandResult> {
  const begun = context.system.now();
  try {
    return options.repair
      ? await repairDrift(context, options)
      : reportAudit(context, options, await findDrift(context));
  } catch (error) {
    if (options.format !== "prometheus" || !(error instanceof UserError)) throw error;
    return reportFailure(context, options, begun, error);
  }
}

async function repairDrift(context: CommandContext, options: AuditOptions): Promise<CommandResult> {
  requirePrivilege(context);
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    const before = await findDrift(context);
    if (!isDrift(before.findings)) return reportAudit(context, options, before);
    const applied = await applyLocked(context, {
      given: [],
      runtime: false,
      adopt: false,
      dryRun: false,
      live: true,
      reload: true,
      manner: "tolerant",
    });
    return reportAudit(context, options, await findDrift(context), { before: before.findings, applied });
  });
}

async function findDrift({ system, settings }: CommandContext): Promise<Audited> {
  const begun = system.now();
  const prepared = await prepare(system, settings, {
    given: [],
    persistence: "persistent",
    adopt: false,
    tolerant: true,
  });
  const input = auditInput(prepared, system);
  return { begun, prepared, files: input.files, findings: audit(input) };
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
