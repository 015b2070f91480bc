import { exitCodes, UserError } from "../errors.ts";
import type { AuditOptions } from "./audit.ts";

export const reportFormats = ["text", "json", "prometheus", "html"] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface AuditFlags {
  readonly format?: ReportFormat;
  readonly json?: string;
  readonly j?: boolean;
  readonly repair?: boolean;
  readonly dryRun?: boolean;
  readonly all?: boolean;
}

/** @throws UserError 64 if `--json` and `--format` want different things, or a dry run of nothing */
export function auditFlags({ format, json, j, repair, dryRun, all }: AuditFlags, version: string): AuditOptions {
  if (dryRun === true && (repair !== true || (format !== undefined && format !== "text" && format !== "json"))) {
    throw new UserError(exitCodes.usage, "--dry-run goes with --repair, and prints text or JSON");
  }
  const wantsJson = j === true || (json !== undefined && json !== "off");
  if (wantsJson && format !== undefined && format !== "json") {
    const text = `--format=${format} is no JSON: leave out --json and -j, or say --format=json`;
    throw new UserError(exitCodes.usage, text);
  }
  if (format === "json" && json === "off" && j !== true) {
    throw new UserError(exitCodes.usage, "--format=json and --json=off contradict each other: leave one out");
  }
  // JSON is made of the result's data where the result is printed.
  const printed = format === undefined || format === "json" ? "text" : format;
  return { repair: repair === true, dryRun: dryRun === true, all: all === true, format: printed, version };
}
