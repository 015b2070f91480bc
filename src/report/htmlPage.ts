import { groupFindings, severityText } from "./auditGroups.ts";
import type { AuditReport } from "./auditReport.ts";
import { type Html, html, trusted } from "./html.ts";
import { htmlDropIns } from "./htmlDropIns.ts";
import { htmlFindings } from "./htmlFindings.ts";
import { htmlOwners } from "./htmlOwners.ts";
import { htmlPicture } from "./htmlPicture.ts";
import { styleHash, styleSheet } from "./htmlStyle.ts";
import { htmlSummary, verdict } from "./htmlSummary.ts";
import { pictureOf } from "./picture.ts";

/**
 * The audit as one page for a change review. It needs nothing else: no script, no file, no network. Its policy forbids all
 * of them, so that a name that got past the escaping could do nothing either.
 */
export function htmlPage(report: AuditReport): string {
  const byLink = groupFindings(report.findings);
  const { text, tone } = verdict(report);
  const host = report.host ?? "this image";
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${`netkeep audit of ${host}: ${text}`}</title>
<style>${trusted(styleSheet)}</style>
</head>
<body>
<header class="${tone}">
<p class="kicker">netkeep audit of</p>
<h1>${host}</h1>
<p class="verdict"><span aria-hidden="true">${tone === "good" ? "✓" : "!"}</span> ${text}</p>
<p class="about">${aboutText(report)}</p>
</header>
<main>
${htmlSummary(report)}
${section("Findings", "findings", report.findings.length === 0 ? nothingFound : htmlFindings(byLink))}
${report.repaired.length === 0 ? null : section("Before the repair", "repaired", beforeRepair(report))}
${section("Links and guests", "picture", htmlPicture(pictureOf(report, byLink)))}
${section("Generated files", "files", htmlDropIns(report.files, report.findings))}
${section("Owners", "owners", htmlOwners(report.owners))}
</main>
</body>
</html>
`;
  return page.html;
}

const nothingFound = html`<p>Documents, drop-ins, networkd and kernel agree.</p>`;

function section(title: string, id: string, body: Html): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${body}
</section>`;
}

function beforeRepair({ repaired }: AuditReport): Html {
  return html`<details><summary>${severityText(repaired)}</summary>
${htmlFindings(groupFindings(repaired))}
</details>`;
}

function aboutText({ time, duration, version, networkd, exitCode }: AuditReport): Html {
  const stamp = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: "UTC" }).format(
    time,
  );
  const daemon = networkd.version === null ? "systemd-networkd" : `systemd-networkd ${networkd.version}`;
  const state = networkd.running ? daemon : `${daemon}: ${networkd.reason}`;
  return html`<time datetime="${stamp.replace(" ", "T")}Z">${stamp} UTC</time> · took ${(duration / 1000).toFixed(1)} s · netkeep ${version} · ${state} · exit status ${exitCode}`;
}
