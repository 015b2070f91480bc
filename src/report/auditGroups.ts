import type { Finding, Severity } from "../model/finding.ts";
import { once } from "../model/once.ts";
import { count } from "./style.ts";

/** Findings of one link that say the same of different entries. */
export interface FindingGroup {
  /** What all of them have in common: code, severity, layer, message, fix. */
  readonly common: Finding;
  readonly findings: readonly Finding[];
}

/** All findings of one link; `link` null is the host as a whole. */
export interface LinkFindings {
  readonly link: string | null;
  readonly number: number;
  readonly worst: Severity;
  readonly groups: readonly FindingGroup[];
}

export const severities = ["error", "warning", "info"] as const;

/** By link, the worst first; within a link by what is said, the worst first. */
export function groupFindings(findings: readonly Finding[]): LinkFindings[] {
  const byLink = new Map<string | null, Finding[]>();
  for (const finding of findings) push(byLink, finding.link, finding);
  const links = [...byLink].map(([link, list]) => {
    const alike = new Map<string, Finding[]>();
    for (const finding of list) push(alike, sameness(finding), finding);
    const groups = [...alike.values()].map((group) => ({ common: group[0] as Finding, findings: group }));
    groups.sort((a, b) => rank(a.common) - rank(b.common));
    return { link, number: list.length, worst: groups[0]?.common.severity ?? "info", groups };
  });
  return links.sort((a, b) => rank({ severity: a.worst }) - rank({ severity: b.worst }) || byName(a.link, b.link));
}

/** `-` is missing, `+` is too much, `~` is different. */
export function markOf(finding: Pick<Finding, "expected" | "actual">): "+" | "-" | "~" {
  if (finding.expected === null && finding.actual !== null) return "+";
  return finding.actual === null && finding.expected !== null ? "-" : "~";
}

export function countSeverities(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const number = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) number[severity] += 1;
  return number;
}

/** `2 errors, 1 warning`. */
export function severityText(findings: readonly Finding[]): string {
  const number = countSeverities(findings);
  return severities
    .filter((severity) => number[severity] > 0)
    .map((severity) => (severity === "info" ? `${number.info} info` : count(number[severity], severity)))
    .join(", ");
}

const collator = once(() => new Intl.Collator("en", { numeric: true }));

/** As people count: br2 before br10. */
export function compareNames(a: string, b: string): number {
  return collator().compare(a, b) || (a < b ? -1 : 1);
}

function sameness({ code, severity, layer, message, fix }: Finding): string {
  return JSON.stringify([code, severity, layer, message, fix]);
}

function rank({ severity }: Pick<Finding, "severity">): number {
  return severities.indexOf(severity);
}

/** The host before its links. */
function byName(a: string | null, b: string | null): number {
  return compareNames(a ?? "", b ?? "");
}

function push<Key>(map: Map<Key, Finding[]>, key: Key, finding: Finding): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [finding]);
  else list.push(finding);
}
