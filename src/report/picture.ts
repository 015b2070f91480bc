import { type Entry, entryText, entryTitle } from "../model/entry.ts";
import type { FindingCode, Severity } from "../model/finding.ts";
import type { OwnedEntry } from "../model/owner.ts";
import { compareNames, type LinkFindings, severities } from "./auditGroups.ts";
import type { AuditReport, ReportedLink } from "./auditReport.ts";

/** An entry against what was found of it. */
export type EntryState = "right" | "missing" | "different" | "extra";

export interface PictureEntry {
  readonly title: string;
  readonly state: EntryState;
  readonly codes: readonly FindingCode[];
}

/** An address or a prefix of a guest, with its route and its neighbor. */
export interface PictureRow {
  readonly label: string;
  readonly route: PictureEntry | null;
  readonly neighbor: PictureEntry | null;
  readonly rule: PictureEntry | null;
}

/** A guest, a router, or the plain entries of an owner. `note` is its MAC address, or else its owner. */
export interface PictureGuest {
  readonly name: string;
  readonly note: string;
  readonly rows: readonly PictureRow[];
  readonly wrong: boolean;
}

/** A link with everybody on it, those with something wrong first. */
export interface PictureLink {
  readonly link: ReportedLink;
  readonly worst: Severity | null;
  readonly findings: number;
  /** How many the documents ask for. */
  readonly entries: Readonly<Record<Entry["kind"], number>>;
  readonly guests: readonly PictureGuest[];
}

interface Draft {
  readonly name: string;
  readonly owner: string;
  readonly macs: Set<string>;
  readonly rows: Map<string, { -readonly [Key in keyof PictureRow]: PictureRow[Key] }>;
}

/** Who is on which link, and what is wrong there; the worst links first. */
export function pictureOf(report: AuditReport, byLink: readonly LinkFindings[]): PictureLink[] {
  const stateOf = entryStates(report);
  const drafts = new Map<string, Map<string, Draft>>();
  for (const { owner, entries } of report.owners) {
    for (const owned of entries) {
      const draft = draftFor(drafts, owned.entry.link, owner, owned);
      addRow(draft, owned.entry, stateOf(entryTitle(owned.entry)));
    }
  }
  const links = report.links.map((link): PictureLink => {
    const found = byLink.find((group) => group.link === link.name);
    const guests = [...(drafts.get(link.name)?.values() ?? [])]
      .map(guestOf)
      .sort((a, b) => compareNames(a.name, b.name));
    const stray = strayGuest(report, link.name);
    const all = [
      ...(stray === null ? [] : [stray]),
      ...guests.filter(isWrong),
      ...guests.filter((one) => !isWrong(one)),
    ];
    const entries = {
      route: countOf(guests, "route"),
      neighbor: countOf(guests, "neighbor"),
      rule: countOf(guests, "rule"),
    };
    return { link, worst: found?.worst ?? null, findings: found?.number ?? 0, entries, guests: all };
  });
  return links.sort((a, b) => rank(a) - rank(b) || compareNames(a.link.name, b.link.name));
}

function countOf(guests: readonly PictureGuest[], kind: Entry["kind"]): number {
  return guests.reduce((sum, { rows }) => sum + rows.filter((row) => row[kind] !== null).length, 0);
}

const isWrong = ({ wrong }: PictureGuest) => wrong;

function rank({ worst }: PictureLink): number {
  return worst === null ? severities.length : severities.indexOf(worst);
}

function entryStates(report: AuditReport): (title: string) => PictureEntry {
  const found = new Map<string, { state: EntryState; codes: FindingCode[] }>();
  for (const { code, expected, actual } of report.findings) {
    // Who has lost a conflict is not among the entries; that the kernel has the winner's is right.
    if (expected === null || code === "conflict") continue;
    const state = actual === null ? "missing" : "different";
    const before = found.get(expected);
    if (before === undefined) found.set(expected, { state, codes: [code] });
    else before.codes.push(code);
  }
  return (title) => ({ title, ...(found.get(title) ?? { state: "right", codes: [] }) });
}

function draftFor(drafts: Map<string, Map<string, Draft>>, link: string, owner: string, owned: OwnedEntry): Draft {
  const onLink = drafts.get(link) ?? new Map<string, Draft>();
  drafts.set(link, onLink);
  const part = /^(?:guests|routers)\.\d+/.exec(owned.path)?.[0] ?? "";
  const key = `${owner}\n${part}`;
  const draft = onLink.get(key) ?? { name: owned.name ?? owner, owner, macs: new Set(), rows: new Map() };
  onLink.set(key, draft);
  return draft;
}

function addRow({ rows, macs }: Draft, entry: Entry, pictured: PictureEntry): void {
  const label = labelOf(entry);
  const row = rows.get(label) ?? { label, route: null, neighbor: null, rule: null };
  rows.set(label, row);
  row[entry.kind] = pictured;
  if (entry.kind === "neighbor") macs.add(entry.mac);
}

function labelOf(entry: Entry): string {
  if (entry.kind === "rule") return entryText(entry);
  return entry.kind === "neighbor" ? entry.address : routeLabel(entry);
}

/** A host route straight on the link is labelled like the neighbor of that address. */
function routeLabel(route: Extract<Entry, { kind: "route" }>): string {
  const type = route.type === "unicast" ? "" : `${route.type} `;
  if (route.nextHops.length > 0) return `${route.destination} via ${route.nextHops.length} next hops`;
  if (route.gateway !== null) return `${type}${route.destination} via ${route.gateway}`;
  return `${type}${type === "" ? route.destination.replace(/^([^:]*)\/32$|^(.*:.*)\/128$/, "$1$2") : route.destination}`;
}

function guestOf({ name, owner, macs, rows }: Draft): PictureGuest {
  const list = [...rows.values()];
  const rowIsWrong = (row: PictureRow) =>
    [row.route, row.neighbor, row.rule].some((entry) => entry !== null && entry.state !== "right");
  const [mac] = macs;
  const note =
    macs.size === 1 && mac !== undefined
      ? mac
      : macs.size > 1
        ? `${macs.size} MAC addresses`
        : name === owner
          ? ""
          : owner;
  const sorted = [...list.filter(rowIsWrong), ...list.filter((row) => !rowIsWrong(row))];
  return { name, note, rows: sorted, wrong: list.some(rowIsWrong) };
}

/** What is on the link and has no owner: known by its text only. */
function strayGuest({ findings }: AuditReport, link: string): PictureGuest | null {
  const rows = new Map<string, PictureRow>();
  for (const { code, link: its, expected, actual } of findings) {
    const words =
      /^(route|neighbor) ((?:[a-z]+ )?[0-9a-f.:/]+)( via \S+)?/.exec(actual ?? "") ??
      /^(rule) (.*)$/.exec(actual ?? "");
    if (its !== link || expected !== null || actual === null || words === null) continue;
    const [, kind, destination = "", via = ""] = words;
    const label = `${destination.replace(/^([^: ]*)\/32$|^([^ ]*:[^ ]*)\/128$/, "$1$2")}${via}`;
    const row = rows.get(label) ?? { label, route: null, neighbor: null, rule: null };
    const entry: PictureEntry = { title: actual, state: "extra", codes: [code] };
    rows.set(label, { ...row, [kind as Entry["kind"]]: entry });
  }
  return rows.size === 0 ? null : { name: "without an owner", note: "", rows: [...rows.values()], wrong: true };
}
