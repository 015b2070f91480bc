import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { type FindingGroup, groupFindings, type LinkFindings, markOf, severityText } from "./auditGroups.ts";
import { count, type Style } from "./style.ts";
import { wrap } from "./wrap.ts";

/** What is left of a long list: a screen or two, with some of everything. */
const short = { findings: 50, links: 12, ofOneKind: 3 };

/**
 * Findings by link for people, at 80 columns: what is wrong, the entries with a mark, whose they are, what to do.
 *
 * @param all print each finding also where there are many
 */
export function auditText(findings: readonly Finding[], style: Style, all: boolean): string {
  if (findings.length === 0) return "";
  const whole = all || findings.length <= short.findings;
  const links = groupFindings(findings);
  const shown = whole ? links : links.slice(0, short.links);
  const ofOneKind = whole ? Number.POSITIVE_INFINITY : short.ofOneKind;
  const parts = shown.map((link) => linkText(link, style, ofOneKind));
  if (!whole) parts.push(style.faint(restText(findings.length, links, shown)));
  return `${parts.join("\n\n")}\n`;
}

/** One line for stderr. */
export function auditSummary(findings: readonly Finding[]): string {
  if (findings.length === 0) return "as desired: documents, drop-ins, networkd and kernel agree";
  return `${count(findings.length, "finding")}: ${severityText(findings)}`;
}

function linkText({ link, groups }: LinkFindings, style: Style, ofOneKind: number): string {
  const number = severityText(groups.flatMap(({ findings }) => findings));
  const head = `${style.heading(ownerText(link ?? "host"))}  ${style.faint(number)}`;
  return [head, ...groups.flatMap((group) => groupLines(group, style, ofOneKind))].join("\n");
}

function groupLines({ common, findings }: FindingGroup, style: Style, ofOneKind: number): string[] {
  const paint = { error: style.removed, warning: style.changed, info: style.faint }[common.severity];
  const [first = "", ...more] = common.message.split("\n").map(ownerText);
  const [head = "", ...rest] = wrap(first, `  ${common.severity} ${common.code}: `, 4);
  const shared = findings.every((finding) => finding.owner === common.owner);
  const shown = findings.slice(0, ofOneKind).flatMap((finding) => entryLines(finding, style, !shared));
  const left = findings.length - Math.min(ofOneKind, findings.length);
  const tail = [
    ...(left > 0 ? [`    and ${left} more`] : []),
    ...(shared && common.owner !== null ? wrap(ownerText(common.owner), "    owner: ", 11) : []),
    ...wrap(ownerText(common.fix), "    do: ", 8),
  ];
  const begin = `  ${common.severity} ${common.code}`;
  return [
    head.startsWith(begin) ? `${paint(begin)}${head.slice(begin.length)}` : head,
    ...rest,
    ...more.map((line) => `    ${line}`),
    ...shown,
    ...tail.map(style.faint),
  ];
}

/** What is expected, what is there, each behind the mark that tells which it is. */
function entryLines(finding: Finding, style: Style, withOwner: boolean): string[] {
  const { expected, actual, owner } = finding;
  const mark = markOf(finding);
  const lines: string[] = [];
  if (expected !== null && actual !== null) {
    lines.push(
      ...wrap(ownerText(expected), "    ~ expected: ", 16),
      ...wrap(ownerText(actual), "      actual:   ", 16),
    );
  } else if (expected !== null || actual !== null) {
    lines.push(...wrap(ownerText(expected ?? actual ?? ""), `    ${mark} `, 8));
  }
  const paint = { "+": style.added, "-": style.removed, "~": style.changed }[mark];
  const whose = withOwner && owner !== null ? wrap(ownerText(owner), "      owner: ", 13).map(style.faint) : [];
  return [...lines.map(paint), ...whose];
}

function restText(number: number, links: readonly LinkFindings[], shown: readonly LinkFindings[]): string {
  const left = links.slice(shown.length);
  const findings = left.reduce((sum, link) => sum + link.number, 0);
  const rest = left.length === 0 ? "" : `and ${count(left.length, "more link")} with ${count(findings, "finding")}\n`;
  return `${rest}This is a part of ${number} findings; netkeep audit --all prints each.`;
}
