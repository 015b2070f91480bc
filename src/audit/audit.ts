import type { Finding } from "../model/finding.ts";
import { auditBaseFiles } from "./baseFiles.ts";
import { auditBridges } from "./bridges.ts";
import { auditDocuments } from "./documents.ts";
import { auditDropIns } from "./dropIns.ts";
import { auditForeign } from "./foreign.ts";
import type { AuditInput } from "./input.ts";
import { auditKernel } from "./kernel.ts";
import { auditNetworkd } from "./networkd.ts";

/** Documents ↔ drop-ins ↔ networkd ↔ kernel: every disagreement once, in the layer where it begins. */
export function audit(input: AuditInput): Finding[] {
  return [
    ...auditDocuments(input),
    ...auditDropIns(input),
    ...auditBaseFiles(input),
    ...auditNetworkd(input),
    ...auditBridges(input),
    ...auditKernel(input),
    ...auditForeign(input),
  ];
}

/** Whether the host is not as desired; a finding of severity info is no drift. */
export function isDrift(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity !== "info");
}
