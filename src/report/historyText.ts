import { ownerText } from "../model/owner.ts";
import { age } from "./showText.ts";
import type { Style } from "./style.ts";

/** A generation as `netkeep schema history` publishes it. */
export interface HistoryRow {
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly command: string;
  readonly complete: boolean;
  readonly takesOver: boolean;
  readonly documents: readonly { action: "add" | "change" | "remove"; owner: string; path: string }[];
  readonly entries: { readonly added: number; readonly changed: number; readonly removed: number };
  readonly files: readonly string[];
}

const signs = { add: "+", change: "~", remove: "-" } as const;
/** More owners than this are counted. */
const named = 4;

/** A line for each generation: number, age, entries, command, owners. `now` is milliseconds since 1970. */
export function historyText(rows: readonly HistoryRow[], now: number, style: Style): string {
  const lines = rows.map((row) => {
    const { added, changed, removed } = row.entries;
    const entries = `+${added} ~${changed} -${removed}`;
    const owners = row.documents.slice(0, named).map(({ action, owner }) => `${signs[action]}${ownerText(owner)}`);
    const more = row.documents.length > named ? [`and ${row.documents.length - named} more`] : [];
    const notes = [...(row.complete ? [] : ["interrupted"]), ...(row.takesOver ? ["took over entries of others"] : [])];
    const old = `${age(now - row.time)} ago`;
    const about = `${row.command}: ${[...owners, ...more].join(" ")}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
    return `${style.heading(String(row.number).padStart(4))}  ${old.padEnd(19)}  ${entries.padEnd(12)}  ${about}\n`;
  });
  return lines.join("");
}
