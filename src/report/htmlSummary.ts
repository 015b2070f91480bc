import type { Finding, Layer } from "../model/finding.ts";
import { severityText } from "./auditGroups.ts";
import { type AuditReport, countEntries } from "./auditReport.ts";
import { type Html, html } from "./html.ts";
import { count } from "./style.ts";

/** What an engineer wants to know first: as desired or not, where it begins, and of what. */
export function htmlSummary(report: AuditReport): Html {
  const { findings, owners, links, files } = report;
  const number = countEntries(owners);
  const facts = [
    [links.length, "link"],
    [owners.length, "owner"],
    [number.route, "route"],
    [number.neighbor, "permanent neighbor"],
    [number.rule, "policy rule"],
    [files.filter(({ expectedText }) => expectedText !== null).length, "generated file"],
  ] as const;
  return html`<section aria-labelledby="summary">
<h2 id="summary" class="unseen">Summary</h2>
<ol class="layers">${layers.map(({ layer, name, what }) =>
    layerBox(
      name,
      what,
      findings.filter((one) => one.layer === layer),
    ),
  )}</ol>
<ul class="facts">${facts.map(([value, noun]) => html`<li><b>${value}</b> ${count(value, noun).replace(/^\d+ /, "")}</li>`)}</ul>
</section>`;
}

/** The headline, in words and as a class. */
export function verdict({ findings, repaired }: AuditReport): { text: string; tone: "good" | "warning" | "error" } {
  const severe = findings.some(({ severity }) => severity === "error");
  const drift = severe || findings.some(({ severity }) => severity === "warning");
  const after = repaired.length === 0 ? "" : " after the repair";
  if (!drift) return { text: `As desired${after}`, tone: "good" };
  return { text: `${severityText(findings)}${after}`, tone: severe ? "error" : "warning" };
}

const layers: readonly { layer: Layer; name: string; what: string }[] = [
  { layer: "documents", name: "Documents", what: "what is wanted" },
  { layer: "drop-in", name: "Drop-ins", what: "what is written" },
  { layer: "networkd", name: "networkd", what: "what is loaded" },
  { layer: "kernel", name: "Kernel", what: "what is live" },
];

function layerBox(name: string, what: string, findings: readonly Finding[]): Html {
  const drift = findings.filter(({ severity }) => severity !== "info");
  const worst = drift.some(({ severity }) => severity === "error") ? "error" : "warning";
  const tone = drift.length === 0 ? "good" : worst;
  const text = findings.length === 0 ? "agrees" : severityText(findings);
  return html`<li class="${tone}"><b>${name}</b> <span>${what}</span> <strong>${text}</strong></li>`;
}
