import type { Finding } from "../model/finding.ts";
import type { AuditInput, LinkView } from "./input.ts";

/** What others have done beside our drop-ins that undoes them, now or at networkd's next reload. */
export function auditBaseFiles(input: AuditInput): Finding[] {
  return [...input.links].flatMap(([link, view]) => [
    ...changedFinding(link, view, input),
    ...overrideFindings(link, view),
  ]);
}

function changedFinding(link: string, { upcoming }: LinkView, input: AuditInput): Finding[] {
  // Then it is our own file that is in the way, and is reported as such.
  const ours = input.files.some((file) => file.link === link && file.obstacle?.ours === true);
  const loaded = input.statuses.get(link)?.baseFile ?? null;
  if (upcoming === null || ours) return [];
  return [
    {
      ...about("base-file-changed", link),
      expected: loaded,
      actual: upcoming,
      message: `networkd applies ${loaded} to ${link} only until its next reload or start; then our drop-ins are void`,
      fix: "networkctl reload, then netkeep audit --repair moves the drop-ins; or undo that change",
    },
  ];
}

function overrideFindings(link: string, { overrides }: LinkView): Finding[] {
  return overrides.map(({ ours, theirs, place }) => ({
    ...about("dropin-overridden", link),
    expected: ours,
    actual: `${theirs} (${place})`,
    message: `a later drop-in undoes a setting that keeps the entries of ${link} through a reload or a loss of carrier`,
    fix: `take ${theirs} out of ${place}, then networkctl reload`,
  }));
}

function about(code: Finding["code"], link: string) {
  return { code, severity: "warning" as const, layer: "drop-in" as const, owner: null, link };
}
