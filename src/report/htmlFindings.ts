import type { Finding } from "../model/finding.ts";
import { type FindingGroup, type LinkFindings, markOf, severityText } from "./auditGroups.ts";
import { type Html, html } from "./html.ts";

/** Of one kind on one link; a page for people has an end. */
const limits = { open: 20, all: 500 };

/** Findings by link, the worst first; what is said of many entries is said once. */
export function htmlFindings(links: readonly LinkFindings[]): Html {
  return html`${links.map(
    ({ link, groups }) => html`<section class="on-link">
<h3>${link ?? "The host"} <span class="count">${severityText(groups.flatMap(({ findings }) => findings))}</span></h3>
${groups.map(groupBox)}
</section>
`,
  )}`;
}

function groupBox({ common, findings }: FindingGroup): Html {
  const [first = "", ...more] = common.message.split("\n");
  const entries = findings.filter(({ expected, actual }) => (expected ?? actual) !== null);
  const shared = findings.every(({ owner }) => owner === common.owner);
  const item = (finding: Finding) => entryItem(finding, !shared);
  const [open, hidden] = [entries.slice(0, limits.open), entries.slice(limits.open, limits.all)];
  const cut = entries.length - open.length - hidden.length;
  return html`<article class="finding ${common.severity}">
<h4><span class="badge ${common.severity}">${common.severity}</span> <code>${common.code}</code> <span class="layer">${common.layer}</span></h4>
<p>${first}</p>
${more.length === 0 ? null : html`<pre class="said" tabindex="0">${more.join("\n")}</pre>`}
${open.length === 0 ? null : html`<ul class="entries">${open.map(item)}</ul>`}
${
  hidden.length === 0
    ? null
    : html`<details><summary>${hidden.length} more</summary><ul class="entries">${hidden.map(item)}</ul>${
        cut === 0 ? null : html`<p>And ${cut} more; <code>netkeep audit --all</code> prints each.</p>`
      }</details>`
}
${!shared || common.owner === null ? null : html`<p><span class="layer">owner</span> ${common.owner}</p>`}
<p class="do"><b>What to do</b> ${common.fix}</p>
</article>`;
}

const words = { "+": "too much", "-": "missing", "~": "different" } as const;

function entryItem(finding: Finding, withOwner: boolean): Html {
  const { expected, actual, owner } = finding;
  const mark = markOf(finding);
  const both = expected !== null && actual !== null;
  const sign = mark === "-" ? "−" : mark;
  return html`<li><span class="mark ${words[mark].replace(" ", "-")}" title="${words[mark]}" aria-hidden="true">${sign}</span><dl>
${expected === null ? null : html`<div><dt${both ? null : html` class="unseen"`}>expected</dt><dd><code>${differing(expected, actual)}</code></dd></div>`}
${actual === null ? null : html`<div><dt${both ? null : html` class="unseen"`}>actual</dt><dd><code>${differing(actual, expected)}</code></dd></div>`}
${owner === null || !withOwner ? null : html`<div><dt>owner</dt><dd>${owner}</dd></div>`}
</dl></li>`;
}

/** The words that the other text does not have stand out. */
function differing(text: string, other: string | null): Html {
  if (other === null) return html`${text}`;
  const words = new Set(other.split(" "));
  return html`${text.split(" ").map((word, index) => [index === 0 ? "" : " ", words.has(word) ? word : html`<b>${word}</b>`])}`;
}
