import { type Finding, findingCodes } from "../model/finding.ts";
import { linksOf } from "../model/route.ts";
import { countSeverities, severities } from "./auditGroups.ts";
import { type AuditReport, countEntries } from "./auditReport.ts";
import { exposition, type Gauge } from "./exposition.ts";

/**
 * The audit as metrics for the textfile collector. Names and labels are stable and described in netkeep(8). No label holds
 * an owner: guests come and go, and each value would be a new time series.
 */
export function auditMetrics(report: AuditReport): string {
  return exposition([...runGauges(report), ...desiredGauges(report), ...findingGauges(report.findings)]);
}

/** What is left to say of an audit that failed: that it did, and when. */
export function failedAuditMetrics(run: Pick<AuditReport, "version" | "time" | "duration" | "exitCode">): string {
  return exposition(runGauges(run));
}

function runGauges(run: Pick<AuditReport, "version" | "time" | "duration" | "exitCode">): Gauge[] {
  return [
    gauge("netkeep_info", "The version of netkeep that wrote this; always 1.", 1, { version: run.version }),
    gauge("netkeep_audit_timestamp_seconds", "When the last audit began, in seconds since 1970.", run.time / 1000),
    gauge("netkeep_audit_duration_seconds", "How long the last audit took.", run.duration / 1000),
    gauge(
      "netkeep_audit_exit_status",
      "Exit status of the last audit: 0 as desired, 1 drift, above 1 it failed.",
      run.exitCode,
    ),
  ];
}

function desiredGauges({ owners }: AuditReport): Gauge[] {
  const number = countEntries(owners);
  const links = owners.flatMap(({ entries }) =>
    entries.flatMap(({ entry }) => (entry.kind === "route" ? linksOf(entry) : [entry.link])),
  );
  const persistence = (["persistent", "runtime"] as const).map((kind) => ({
    labels: { persistence: kind },
    value: owners.filter((owner) => owner.persistence === kind).length,
  }));
  return [
    { name: "netkeep_owners", help: "Owners with a document.", samples: persistence },
    {
      name: "netkeep_desired_entries",
      help: "Different entries that the documents ask for.",
      samples: (["route", "neighbor", "rule"] as const).map((kind) => ({ labels: { kind }, value: number[kind] })),
    },
    gauge("netkeep_desired_links", "Links that the documents ask for entries on.", new Set(links).size),
  ];
}

/** Three views of the same findings, so that each sums up to their number. The first two have all their series always. */
function findingGauges(findings: readonly Finding[]): Gauge[] {
  const number = countSeverities(findings);
  const byCode = findingCodes.map((code) => ({
    labels: { code },
    value: findings.filter((finding) => finding.code === code).length,
  }));
  const byLink = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const { link, layer, code, severity } of findings) {
    const labels = { link: link ?? "", layer, code, severity };
    const key = JSON.stringify(labels);
    byLink.set(key, { labels, value: (byLink.get(key)?.value ?? 0) + 1 });
  }
  return [
    {
      name: "netkeep_audit_findings",
      help: "Findings of the last audit by severity; those of severity info are no drift.",
      samples: severities.map((severity) => ({ labels: { severity }, value: number[severity] })),
    },
    {
      name: "netkeep_audit_code_findings",
      help: "Findings of the last audit by code, see netkeep(8).",
      samples: byCode,
    },
    {
      name: "netkeep_audit_link_findings",
      help: "Findings of the last audit by link, empty for the host as a whole; only what was found.",
      samples: [...byLink.values()].sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1)),
    },
  ];
}

function gauge(name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): Gauge {
  return { name, help, samples: [{ labels, value }] };
}
