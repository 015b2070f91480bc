import type { Finding } from "../../src/model/finding.ts";
import type { AuditReport } from "../../src/report/auditReport.ts";

export function finding(more: Partial<Finding> = {}): Finding {
  return {
    code: "kernel-missing",
    severity: "error",
    layer: "kernel",
    owner: "vm",
    link: "br0",
    expected: "route 10.0.0.1/32 dev br0 proto 107 scope link",
    actual: null,
    message: "the route is not in the kernel",
    fix: "netkeep audit --repair",
    ...more,
  };
}

export function report(more: Partial<AuditReport> = {}): AuditReport {
  return {
    host: "hv1",
    version: "0.1.0",
    time: 1_700_000_000_250,
    duration: 125,
    exitCode: 0,
    findings: [],
    repaired: [],
    networkd: { running: true, reason: "", version: 257 },
    owners: [],
    links: [],
    files: [],
    ...more,
  };
}
