import { type Html, html } from "./html.ts";
import type { EntryState, PictureEntry, PictureGuest, PictureRow } from "./picture.ts";
import { count } from "./style.ts";
import { clip, width } from "./svgText.ts";

const rowHeight = 17;
const mostRows = 8;
const left = 34;

const signs: Readonly<Record<EntryState, string>> = { right: "", missing: "−", different: "~", extra: "+" };

/** A guest on its wire: the name, and a row for each address with its route and its neighbor. */
export function guestBox(guest: PictureGuest, top: number): Html {
  const shown = rowsOf(guest);
  const more = guest.rows.length - shown.length;
  const height = guestHeight(guest);
  return html`<path class="wire" d="M18 ${top + 13}H${left}"/>
<rect class="guest${guest.wrong ? " wrong" : ""}" x="${left}" y="${top + 0.5}" width="${width - left - 1}" height="${height - 1}" rx="6"/>
<text class="guest-name" x="${left + 10}" y="${top + 17}"><title>${guest.name}</title>${clip(guest.name, 26)}</text>
<text class="small end" x="${width - 11}" y="${top + 17}"><title>${guest.note}</title>${clip(guest.note, 22)}</text>
${shown.map((row, index) => guestRow(row, top + 24 + index * rowHeight))}
${more === 0 ? null : html`<text class="small" x="${left + 10}" y="${top + 36 + shown.length * rowHeight}">${`and ${count(more, "more address")}`}</text>`}
`;
}

export function guestHeight(guest: PictureGuest): number {
  const shown = rowsOf(guest).length;
  return 28 + shown * rowHeight + (guest.rows.length > shown ? rowHeight : 0);
}

function rowsOf({ rows }: PictureGuest): readonly PictureRow[] {
  return rows.slice(0, rows.length === mostRows + 1 ? mostRows + 1 : mostRows);
}

function guestRow({ label, route, neighbor, rule }: PictureRow, top: number): Html {
  return html`${chip(left + 10, top, "R", route)}${chip(left + 38, top, "N", neighbor)}${chip(left + 10, top, "P", rule)}
<text class="address" x="${left + 70}" y="${top + 11}"><title>${label}</title>${clip(label, 39)}</text>`;
}

/** A letter for the kind and a sign for the state, so that the colour is not needed; nothing where there is no entry. */
export function chip(x: number, y: number, letter: string, entry: PictureEntry | null): Html {
  if (entry === null) return html``;
  const { title, state, codes } = entry;
  return html`<g class="chip ${state}"><title>${`${title}${codes.length === 0 ? "" : ` (${codes.join(", ")})`}`}</title><rect x="${x + 0.5}" y="${y + 0.5}" width="24" height="13" rx="4"/><text x="${x + 12.5}" y="${y + 10.5}">${`${signs[state]}${letter}`}</text></g>`;
}
