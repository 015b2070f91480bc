import { type Html, html } from "./html.ts";
import { chip, guestBox, guestHeight } from "./htmlGuest.ts";
import type { PictureGuest, PictureLink } from "./picture.ts";
import { count } from "./style.ts";
import { clip, width } from "./svgText.ts";

/** So much is drawn in full; the rest becomes small squares, and beyond them a number. */
const limits = { links: 18, wrongGuests: 12, rightGuests: 6, squares: 600, names: 240 };
const headHeight = 64;

/** A panel for each link, narrow enough for a phone; the worst links first. */
export function htmlPicture(links: readonly PictureLink[]): Html {
  if (links.length === 0) return html`<p>No document asks for anything, and nothing of netkeep is on this host.</p>`;
  const drawn = links.slice(0, limits.links);
  const rest = links.slice(limits.links);
  return html`${legend()}
<div class="panels">
${drawn.map((link, index) => linkPanel(link, `link-${index}`))}
${rest.length === 0 ? null : restPanel(rest)}
</div>`;
}

function legend(): Html {
  const items = [
    ["right", "as desired"],
    ["missing", "missing"],
    ["different", "different"],
    ["extra", "too much"],
  ] as const;
  return html`<ul class="legend" aria-label="Legend">
<li><b>R</b> route</li><li><b>N</b> permanent neighbor</li><li><b>P</b> policy rule</li>
${items.map(
  ([state, text]) =>
    html`<li><svg width="26" height="16" viewBox="0 0 26 16" aria-hidden="true">${chip(0, 1, "R", { title: "", state, codes: [] })}</svg> ${text}</li>`,
)}
</ul>`;
}

function linkPanel(pictured: PictureLink, id: string): Html {
  const { guests } = pictured;
  const wrong = guests.filter((guest) => guest.wrong).slice(0, limits.wrongGuests);
  const right = guests.filter((guest) => !guest.wrong);
  // One square would tell less than the guest itself.
  const whole = right.slice(0, right.length <= limits.rightGuests + 1 ? right.length : limits.rightGuests);
  const drawn = new Set([...wrong, ...whole]);
  const others = guests.filter((guest) => !drawn.has(guest));
  let y = headHeight + 10;
  const boxes = [...drawn].map((guest) => {
    const top = y;
    y += guestHeight(guest) + 8;
    return { guest, top };
  });
  const squares = others.length === 0 ? null : guestSquares(others, y);
  const trunk = squares === null ? (boxes.at(-1)?.top ?? headHeight - 13) + 13 : y + 10;
  const height = squares === null ? y : y + squares.height;
  return html`<svg class="panel" role="img" aria-labelledby="${id}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title id="${id}">${`Link ${headTexts(pictured).join(", ")}`}</title>
${guests.length === 0 ? null : html`<path class="wire" d="M18 ${headHeight - 2}V${trunk}"/>`}
${linkHead(pictured)}
${boxes.map(({ guest, top }) => guestBox(guest, top))}
${squares?.svg ?? null}
</svg>`;
}

function linkHead(pictured: PictureLink): Html {
  const [name = "", states = "", entries = "", found = "", base = ""] = headTexts(pictured);
  const tone = toneOf(pictured);
  return html`<rect class="link ${tone}" x="1" y="1" width="${width - 2}" height="${headHeight - 3}" rx="8"/>
<circle class="dot ${tone}" cx="18" cy="17" r="5"/>
<text class="name" x="32" y="22">${clip(name, 24)}</text>
<text class="small end" x="${width - 12}" y="21">${states}</text>
<text class="small" x="32" y="38">${entries}</text>
<text class="small end tone ${tone}" x="${width - 12}" y="38">${found}</text>
<text class="small" x="32" y="53"><title>${base}</title>${clip(base, 52)}</text>`;
}

/** Name, states, numbers, what was found, base file. */
function headTexts({ link, entries, findings }: PictureLink): string[] {
  const states = [link.kind, link.kernel === "unknown" ? null : link.kernel, link.networkd];
  return [
    link.name,
    states.filter((text) => text !== null).join(" · "),
    [count(entries.route, "route"), count(entries.neighbor, "neighbor"), ...ruleCount(entries.rule)].join(", "),
    findings === 0 ? "as desired" : count(findings, "finding"),
    link.baseFile === null ? "" : link.baseFile,
  ];
}

/** Most hosts have none. */
function ruleCount(rules: number): string[] {
  return rules === 0 ? [] : [count(rules, "rule")];
}

function toneOf({ worst }: PictureLink): "good" | "warning" | "error" {
  return worst === null || worst === "info" ? "good" : worst;
}

/** Guests as squares, in rows; each says its name when pointed at. */
function guestSquares(guests: readonly PictureGuest[], top: number): { svg: Html; height: number } {
  const shown = guests.slice(0, limits.squares);
  const [step, left] = [12, 34];
  const inRow = Math.floor((width - left) / step);
  const wrong = guests.filter((guest) => guest.wrong).length;
  const more = guests.length - shown.length;
  const text = `and ${guests.length} more${wrong === 0 ? ", as desired" : `, ${wrong} of them not as desired`}`;
  const rows = Math.ceil(shown.length / inRow);
  const end = top + 20 + rows * step;
  const svg = html`<path class="wire" d="M18 ${top + 10}H30"/>
<text class="small" x="${left}" y="${top + 14}">${text}</text>
${shown.map((guest, index) => {
  const [x, y] = [left + (index % inRow) * step, top + 22 + Math.floor(index / inRow) * step];
  return html`<rect class="square${guest.wrong ? " error" : ""}" x="${x}" y="${y}" width="9" height="9" rx="2"><title>${`${guest.name} ${guest.note}`}</title></rect>`;
})}
${more === 0 ? null : html`<text class="small" x="${left}" y="${end + 16}">${`and ${more} that are not drawn`}</text>`}`;
  return { svg, height: end - top + (more === 0 ? 6 : 24) };
}

/** The links that are not drawn, by name. */
function restPanel(links: readonly PictureLink[]): Html {
  const shown = links.slice(0, limits.names);
  const rows = Math.ceil(shown.length / 3);
  const wrong = links.filter(({ worst }) => worst === "error" || worst === "warning").length;
  const more = links.length - shown.length;
  const height = 52 + rows * 18 + (more === 0 ? 0 : 18);
  const state = wrong === 0 ? "as desired" : `${wrong} of them not as desired`;
  return html`<svg class="panel" role="img" aria-labelledby="links-rest" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title id="links-rest">${`${count(links.length, "more link")}, ${state}`}</title>
<rect class="link ${wrong === 0 ? "good" : "error"}" x="1" y="1" width="${width - 2}" height="36" rx="8"/>
<text class="name" x="14" y="23">${count(links.length, "more link")}</text>
<text class="small end" x="${width - 12}" y="23">${state}</text>
${shown.map((one, index) => {
  const [x, y] = [14 + Math.floor(index / rows) * 116, 56 + (index % rows) * 18];
  return html`<circle class="dot ${toneOf(one)}" cx="${x}" cy="${y - 4}" r="4"/><text class="small" x="${x + 10}" y="${y}">${clip(one.link.name, 15)}</text>`;
})}
${more === 0 ? null : html`<text class="small" x="14" y="${height - 6}">${`and ${more} that are not drawn`}</text>`}
</svg>`;
}
