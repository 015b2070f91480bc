import type { Finding } from "../model/finding.ts";
import type { ReportedFile } from "./auditReport.ts";
import { type Html, html } from "./html.ts";
import { type MarkedLine, markLines } from "./markedLines.ts";
import { count } from "./style.ts";

/** Long files are folded around what is marked; `marked` lines at most are shown of one file. */
const limits = { whole: 300, context: 3, head: 12, marked: 600, open: 8, right: 8 };

/** The text of each generated file, the wrong lines marked. Files with something marked stand first and open. */
export function htmlDropIns(files: readonly ReportedFile[], findings: readonly Finding[]): Html {
  const marked = files.map((file) => ({
    file,
    lines: markLines(
      file,
      findings.filter(({ link }) => link === file.link),
    ),
  }));
  const wrong = marked.filter(({ file, lines }) => isWrong(file, lines));
  const right = marked.filter(({ file, lines }) => !isWrong(file, lines));
  if (files.length === 0) return html`<p>There are none.</p>`;
  const rest = right.map(({ file, lines }) => fileBox(file, lines, wrong.length === 0 && files.length <= 2));
  return html`${wrong.length === 0 ? null : legend}
${wrong.map(({ file, lines }, index) => fileBox(file, lines, index < limits.open))}
${right.length <= limits.right ? rest : html`<details class="rest"><summary>${right.length} files as desired</summary>${rest}</details>`}`;
}

const legend = html`<ul class="legend" aria-label="Legend">
<li><span class="line-mark extra">+</span> should not be there</li>
<li><span class="line-mark missing">−</span> is missing</li>
<li><span class="line-mark elsewhere">~</span> is right, and another layer does not agree</li>
</ul>`;

function isWrong(file: ReportedFile, lines: readonly MarkedLine[]): boolean {
  return file.unreadable !== null || lines.some(({ mark }) => mark !== "");
}

function fileBox(file: ReportedFile, lines: readonly MarkedLine[], open: boolean): Html {
  const [state, text] = stateOf(file, lines);
  const slash = file.path.lastIndexOf("/") + 1;
  return html`<details class="file ${state}"${open ? html` open` : null}>
<summary><span class="path">${file.path.slice(0, slash)}<wbr><b>${file.path.slice(slash)}</b></span> <span class="file-state">${text}</span></summary>
${file.unreadable === null ? null : html`<p>networkd cannot read this file: ${file.unreadable}</p>`}
<div class="code">${fold(lines).map((part) => (typeof part === "number" ? folded(part) : codeLine(part)))}</div>
</details>
`;
}

function stateOf(file: ReportedFile, lines: readonly MarkedLine[]): ["good" | "error", string] {
  if (file.unreadable !== null) return ["error", "cannot be read"];
  if (file.actualText === null) return ["error", "does not exist"];
  if (file.expectedText === null) return ["error", "is left over"];
  const number = (mark: MarkedLine["mark"]) => lines.filter((line) => line.mark === mark).length;
  const parts = [
    [number("+"), "too much"],
    [number("-"), "missing"],
    [number("~"), "not agreed elsewhere"],
  ] as const;
  const said = parts.filter(([lines]) => lines > 0).map(([lines, what]) => `${count(lines, "line")} ${what}`);
  return said.length === 0 ? ["good", "as desired"] : ["error", said.join(", ")];
}

/** A number stands for so many lines that are left out. */
function fold(lines: readonly MarkedLine[]): (MarkedLine | number)[] {
  if (lines.length <= limits.whole) return [...lines];
  const keep = new Set<number>(Array.from({ length: limits.head }, (_, index) => index));
  let marked = 0;
  for (const [index, line] of lines.entries()) {
    if (line.mark === "" || ++marked > limits.marked) continue;
    for (let near = index - limits.context; near <= index + limits.context; near++) keep.add(near);
  }
  const parts: (MarkedLine | number)[] = [];
  for (const [index, line] of lines.entries()) {
    const last = parts.at(-1);
    if (keep.has(index)) parts.push(line);
    else if (typeof last === "number") parts[parts.length - 1] = last + 1;
    else parts.push(1);
  }
  return parts;
}

function folded(lines: number): Html {
  return html`<div class="folded">${count(lines, "line")} not shown</div>`;
}

const classes = { "": "", "+": " extra", "-": " missing", "~": " elsewhere" } as const;
const spoken = { "": "", "+": "Should not be there: ", "-": "Missing: ", "~": "Not agreed elsewhere: " } as const;

function codeLine({ number, text, mark, notes }: MarkedLine): Html {
  const note = notes.map((said) => html`<div class="note">${said.split("\n")[0] ?? ""}</div>`);
  const label = mark === "" ? null : html`<span class="unseen">${spoken[mark]}</span>`;
  const sign = mark === "-" ? "−" : mark;
  return html`${note}<div class="line${classes[mark]}"><span class="number" aria-hidden="true">${number ?? ""}</span><span class="sign" aria-hidden="true">${sign}</span><code>${label}${text}</code></div>`;
}
