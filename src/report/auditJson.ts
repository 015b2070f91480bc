import { countSeverities } from "./auditGroups.ts";
import { type AuditReport, countEntries } from "./auditReport.ts";

/** What `--json` prints, as published by `netkeep schema audit`. */
export function auditData(report: AuditReport) {
  const { error, warning, info } = countSeverities(report.findings);
  const { route, neighbor, rule } = countEntries(report.owners);
  return {
    host: report.host,
    version: report.version,
    time: report.time,
    duration: report.duration,
    exitCode: report.exitCode,
    summary: {
      errors: error,
      warnings: warning,
      infos: info,
      owners: report.owners.length,
      routes: route,
      neighbors: neighbor,
      rules: rule,
    },
    findings: report.findings,
    repaired: report.repaired,
  };
}
