import { entryTitle } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { auditDropIns } from "./dropIns.ts";
import type { AuditInput } from "./input.ts";
import { auditKernel } from "./kernel.ts";
import { auditNetworkd } from "./networkd.ts";

/** Documents ↔ drop-ins ↔ networkd ↔ kernel: every disagreement once, in the layer where it begins. */
export function audit(input: AuditInput): Finding[] {
  return [...auditDocuments(input), ...auditDropIns(input), ...auditNetworkd(input), ...auditKernel(input)];
}

/** Whether the host is not as desired; a finding of severity info is no drift. */
export function isDrift(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity !== "info");
}

/** What the documents ask for and cannot have: conflicts between owners, links without a usable base file. */
function auditDocuments(input: AuditInput): Finding[] {
  const conflicts = input.conflicts.map(
    ({ winner, loser }): Finding => ({
      code: "conflict",
      severity: "warning",
      layer: "documents",
      owner: loser.owner,
      link: loser.entry.link,
      expected: entryTitle(loser.entry),
      actual: entryTitle(winner.entry),
      message: `${ownerText(loser.owner)} and ${ownerText(winner.owner)} want different entries under one key; the second is newer`,
      fix: "change one of the two documents",
    }),
  );
  const refusals = input.notes
    .filter((note) => note.level === "refusal")
    .map(
      (note): Finding => ({
        code: "unresolved",
        severity: "error",
        layer: "documents",
        owner: null,
        link: note.link,
        expected: null,
        actual: null,
        message: note.text,
        fix: "as the message says, then netkeep apply",
      }),
    );
  const broken = input.broken.map(
    ({ owner, problems }): Finding => ({
      code: "document-broken",
      severity: "error",
      layer: "documents",
      owner,
      link: null,
      expected: null,
      actual: null,
      message: `the document of ${ownerText(owner)} is broken; the host keeps what its drop-ins say:\n${problems.join("\n")}`,
      fix: "mend the document, then netkeep apply",
    }),
  );
  return [...broken, ...conflicts, ...refusals];
}
