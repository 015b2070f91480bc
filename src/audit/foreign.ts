import { entryTitle } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import type { AtRisk, AuditInput } from "./input.ts";

/** What others have in the kernel and would lose at the next reload that touches the link. */
export function auditForeign(input: AuditInput): Finding[] {
  return input.atRisk.map(atRiskFinding);
}

function atRiskFinding({ entry, restorable }: AtRisk): Finding {
  const which = entry.kind === "rule" ? "the next reload of any link" : `the next reload that sets up ${entry.link}`;
  const when = `${which} deletes this ${entry.kind} of others`;
  return {
    code: "foreign-at-risk",
    severity: restorable ? "info" : "warning",
    layer: "kernel",
    owner: null,
    link: entry.link === "" ? null : entry.link,
    expected: null,
    actual: entryTitle(entry),
    message: restorable ? `${when}; after its own reloads netkeep sets it again` : when,
    fix: restorable
      ? "a document that asks for it keeps it for good"
      : entry.kind === "rule"
        ? "ManageForeignRoutingPolicyRules=no in networkd.conf(5) and a restart of systemd-networkd"
        : "netkeep apply --adopt takes it over; or ManageForeignRoutes=no in networkd.conf(5) and a restart of systemd-networkd",
  };
}
