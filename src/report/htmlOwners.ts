import { wantedText } from "../model/bridge.ts";
import { bridgesOf, type OwnerState } from "../model/owner.ts";
import { type Html, html } from "./html.ts";
import { count } from "./style.ts";

/** A page for people has an end: `netkeep show` lists all. */
const limits = { owners: 1000, entries: 2000, open: 20 };

/** Who asks for what: the picture in words. */
export function htmlOwners(owners: readonly OwnerState[]): Html {
  if (owners.length === 0) return html`<p>There are none.</p>`;
  const shown = owners.slice(0, limits.owners);
  let left = limits.entries;
  const boxes = shown.map((owner) => {
    const most = Math.max(left, 0);
    left -= owner.entries.length + bridgesOf(owner).length;
    return ownerBox(owner, most);
  });
  const more = owners.length - shown.length;
  const list = html`<div class="owners">${boxes}</div>${more === 0 ? null : html`<p>And ${count(more, "more owner")}; <code>netkeep show</code> lists all.</p>`}`;
  if (owners.length <= limits.open) return list;
  return html`<details class="rest"><summary>${count(owners.length, "owner")}</summary>${list}</details>`;
}

function ownerBox(state: OwnerState, most: number): Html {
  const { owner, source, persistence } = state;
  const entries = [...bridgesOf(state), ...state.entries];
  const shown = entries.slice(0, most);
  const more = entries.length - shown.length;
  return html`<details class="owner"><summary><b>${owner}</b> <span class="count">${persistence}, ${count(entries.length, "entry")}</span></summary>
<p class="source">from ${source}</p>
${
  shown.length === 0
    ? null
    : html`<table><thead><tr><th scope="col">Link</th><th scope="col">Kind</th><th scope="col">Entry</th></tr></thead><tbody>
${shown.map(
  ({ entry }) =>
    html`<tr><td>${entry.link}</td><td>${entry.kind}</td><td><code>${wantedText(entry)}</code></td></tr>
`,
)}</tbody></table>`
}
${more === 0 ? null : html`<p>${shown.length === 0 ? "" : "And "}${count(more, shown.length === 0 ? "entry" : "more entry")}; <code>netkeep show</code> lists all.</p>`}
</details>
`;
}
