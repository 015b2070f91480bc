import { audit, isDrift } from "../audit/audit.ts";
import type { CommandContext } from "../context.ts";
import { UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import { prepare } from "../prepare/prepare.ts";
import type { CommandResult } from "../result.ts";
import { requirePrivilege } from "./apply.ts";
import { auditInput } from "./auditInput.ts";
import { type Audited, type ReportOptions, reportAudit, reportFailure } from "./auditReport.ts";
import { planRepair, repair } from "./repair.ts";

export interface AuditOptions extends ReportOptions {
  readonly repair: boolean;
  /** With `repair`: only say what it would do. */
  readonly dryRun?: boolean;
}

/**
 * Compares the four layers. Exit 1 on drift. With `repair`: sets right what is ours, and audits again. No document is
 * changed, and nothing that others have.
 */
export async function auditCommand(context: CommandContext, options: AuditOptions): Promise<CommandResult> {
  const begun = context.system.now();
  try {
    if (!options.repair) return reportAudit(context, options, await findDrift(context));
    return options.dryRun === true ? await dryRun(context, options) : await repairDrift(context, options);
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
    const applied = await repair(context, before);
    return reportAudit(context, options, await findDrift(context), { before: before.findings, applied });
  });
}

/** The plan of a repair, and exit 1 if there is anything to do, or anything wrong that is not netkeep's to repair. */
async function dryRun(context: CommandContext, options: AuditOptions): Promise<CommandResult> {
  const drift = await findDrift(context);
  const found = reportAudit(context, options, drift);
  if (!isDrift(drift.findings)) return found;
  const { text, messages } = await planRepair(context, drift);
  return { ...found, text, messages: [...found.messages, ...messages] };
}

/** Reads the host and compares; changes nothing. */
export async function findDrift({ system, settings }: CommandContext): Promise<Audited> {
  const begun = system.now();
  const prepared = await prepare(system, settings, {
    given: [],
    persistence: "persistent",
    adopt: false,
    tolerant: true,
  });
  const input = await auditInput(prepared, system);
  return { begun, prepared, input, findings: audit(input) };
}
