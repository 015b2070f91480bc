import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { count, type Style } from "./style.ts";

/** Findings grouped by link: a marked line each, then expected, actual and what to do. */
export function auditText(findings: readonly Finding[], style: Style): string {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const name = finding.link ?? "host";
    groups.set(name, [...(groups.get(name) ?? []), finding]);
  }
  const parts = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = parts.map(([name, group]) =>
    [style.heading(name), ...group.map((item) => findingText(item, style))].join("\n"),
  );
  return text.length === 0 ? "" : `${text.join("\n\n")}\n`;
}

/** One line for stderr. */
export function auditSummary(findings: readonly Finding[]): string {
  if (findings.length === 0) return "as desired: documents, drop-ins, networkd and kernel agree";
  const bySeverity = (["error", "warning", "info"] as const)
    .map((severity) => ({ severity, number: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ number }) => number > 0)
    .map(({ severity, number }) => (severity === "info" ? `${number} info` : count(number, severity)));
  return `${count(findings.length, "finding")}: ${bySeverity.join(", ")}`;
}

function findingText(finding: Finding, style: Style): string {
  const owner = finding.owner === null ? "" : ` (owner ${ownerText(finding.owner)})`;
  const head = `  ${mark(finding)} ${finding.code}: ${finding.layer}${owner}: ${finding.message.replaceAll("\n", "\n      ")}`;
  const paint = { "+": style.added, "-": style.removed, "~": style.changed }[mark(finding)];
  const lines = [paint(head)];
  if (finding.expected !== null) lines.push(`      expected: ${finding.expected}`);
  if (finding.actual !== null) lines.push(`      actual:   ${finding.actual}`);
  lines.push(style.faint(`      do:       ${finding.fix}`));
  return lines.join("\n");
}

/** `-` is missing, `+` is too much, `~` is different. */
function mark(finding: Finding): "+" | "-" | "~" {
  if (finding.expected === null && finding.actual !== null) return "+";
  return finding.actual === null && finding.expected !== null ? "-" : "~";
}
