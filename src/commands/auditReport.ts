import { isDrift } from "../audit/audit.ts";
import type { AuditInput, FileComparison } from "../audit/input.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes, type UserError } from "../errors.ts";
import { entryTitle } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { linksOf } from "../model/route.ts";
import { carriesEntries } from "../networkd/paths.ts";
import { placedEntries } from "../networkd/placedEntries.ts";
import { scanFile } from "../networkd/scan.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { auditData } from "../report/auditJson.ts";
import { auditMetrics, failedAuditMetrics } from "../report/auditMetrics.ts";
import type { AuditReport, ReportedFile, ReportedLink } from "../report/auditReport.ts";
import { auditSummary, auditText } from "../report/auditText.ts";
import { htmlPage } from "../report/htmlPage.ts";
import type { CommandResult } from "../result.ts";

/** What stands on stdout; JSON is made of the data by `cli.ts`. */
export type AuditFormat = "text" | "prometheus" | "html";

export interface ReportOptions {
  readonly all?: boolean;
  readonly format?: AuditFormat;
  /** Of netkeep, for the reports. */
  readonly version?: string;
}

const unbuilt = "development";

/** An audit and what it was computed from. */
export interface Audited {
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly prepared: Prepared;
  readonly input: AuditInput;
  readonly findings: readonly Finding[];
}

/** What was found before a repair, and what the repair came to. */
export interface Repair {
  readonly before: readonly Finding[];
  readonly applied: CommandResult;
}

/** An audit, after a repair if there was one, in the format that was asked for. */
export function reportAudit(
  context: CommandContext,
  options: ReportOptions,
  audited: Audited,
  repair: Repair | null = null,
): CommandResult {
  const found = isDrift(audited.findings) ? exitCodes.differs : exitCodes.asDesired;
  const exitCode = found === exitCodes.asDesired ? (repair?.applied.exitCode ?? found) : found;
  const report = gather(context, options, audited, repair?.before ?? [], exitCode);
  const summary = auditSummary(report.findings);
  return {
    exitCode,
    get data() {
      return auditData(report);
    },
    text: reportText(context, options, report, repair?.applied.text ?? ""),
    messages: [
      ...(repair?.applied.messages ?? []),
      { level: "info", text: repair === null ? summary : `after the repair: ${summary}` },
    ],
  };
}

/** An audit that failed is news for a monitoring system too. */
export function reportFailure(
  { system }: CommandContext,
  { version = unbuilt }: ReportOptions,
  begun: number,
  { exitCode, message }: UserError,
): CommandResult {
  const run = { version, time: begun, duration: system.now() - begun, exitCode };
  const messages = [{ level: "error", text: `netkeep: ${message}` }] as const;
  return { exitCode, data: { error: { exitCode, message } }, text: failedAuditMetrics(run), messages };
}

function reportText({ style }: CommandContext, options: ReportOptions, report: AuditReport, applied: string): string {
  if (options.format === "prometheus") return auditMetrics(report);
  if (options.format === "html") return htmlPage(report);
  const text = auditText(report.findings, style, options.all === true);
  return [applied, text].filter((part) => part !== "").join("\n");
}

function gather(
  { system }: CommandContext,
  options: ReportOptions,
  { begun, prepared, input: { files }, findings }: Audited,
  repaired: readonly Finding[],
  exitCode: number,
): AuditReport {
  const { running, reason, version: networkdVersion } = prepared.observed.networkd;
  return {
    host: prepared.observed.host.hostname ?? null,
    version: options.version ?? unbuilt,
    time: begun,
    duration: system.now() - begun,
    exitCode,
    findings,
    repaired,
    networkd: { running, reason, version: networkdVersion },
    owners: prepared.desired.owners,
    // Only the page shows these.
    get links() {
      return linksOfReport(prepared, files, findings, system.offline);
    },
    get files() {
      return files.map(reportedFile);
    },
  };
}

function linksOfReport(
  { desired, observed }: Prepared,
  files: readonly FileComparison[],
  findings: readonly Finding[],
  offline: boolean,
): ReportedLink[] {
  const names = new Set<string>();
  for (const { entries } of desired.owners) {
    for (const { entry } of entries) {
      names.add(entry.link);
      if (entry.kind === "route") for (const link of linksOf(entry)) names.add(link);
    }
  }
  for (const { link } of [...files, ...findings]) if (link !== null) names.add(link);
  return [...names].sort().map((name) => {
    const link = observed.kernel.links.get(name);
    const status = observed.statuses.get(name);
    const known = link === undefined ? "missing" : link.up ? "up" : "down";
    return {
      name,
      kernel: offline ? "unknown" : known,
      kind: link?.facts.kind ?? null,
      networkd: status?.state ?? null,
      baseFile: status?.baseFile ?? null,
    };
  });
}

function reportedFile({ path, link, expectedText, actualText, obstacle }: FileComparison): ReportedFile {
  const places = link === null || actualText === null || !carriesEntries(path) ? [] : placesOf(path, actualText, link);
  return { path, link, expectedText, actualText, unreadable: obstacle?.reason ?? null, places };
}

function placesOf(path: string, text: string, link: string): ReportedFile["places"] {
  return scanFile(path, text).sections.flatMap((section) =>
    placedEntries([section], link).flatMap(({ entry, line }) => {
      const last = section.assignments.at(-1)?.line ?? line;
      return entry === null ? [] : [{ title: entryTitle(entry), first: line, last }];
    }),
  );
}
