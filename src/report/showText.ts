import { entryTitle } from "../model/entry.ts";
import { type OwnerState, ownerText } from "../model/owner.ts";
import { count, type Style } from "./style.ts";

/** Who owns what: an owner a paragraph, an entry a line. `now` is milliseconds since 1970. */
export function showText(owners: readonly OwnerState[], now: number, style: Style): string {
  const parts = owners.map((owner) => {
    const about = [owner.persistence, count(owner.entries.length, "entry"), `${age(now - owner.changed)} old`];
    const head = `${style.heading(ownerText(owner.owner))}  ${style.faint(`${about.join(", ")}, from ${ownerText(owner.source)}`)}`;
    return [head, ...owner.entries.map(({ entry }) => `  ${entryTitle(entry)}`)].join("\n");
  });
  return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

function age(milliseconds: number): string {
  const minutes = Math.floor(Math.max(milliseconds, 0) / 60_000);
  if (minutes < 1) return "under a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}
