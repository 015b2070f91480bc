import { wantedTitle } from "../model/bridge.ts";
import { bridgesOf, type OwnerState, ownerText } from "../model/owner.ts";
import { count, type Style } from "./style.ts";

/** Entries longer than this do not move the column beside them. */
const widest = 100;

/**
 * Who owns what: an owner a paragraph, an entry a line with its place in the owner's document beside it. `now` is
 * milliseconds since 1970.
 */
export function showText(owners: readonly OwnerState[], now: number, style: Style): string {
  const titles = owners.flatMap((owner) => linesOf(owner).map(({ entry }) => wantedTitle(entry).length));
  const width = Math.max(0, ...titles.filter((length) => length <= widest));
  const parts = owners.map((owner) => {
    const about = [owner.persistence, count(linesOf(owner).length, "entry"), ...ageOf(owner, now)];
    const head = `${style.heading(ownerText(owner.owner))}  ${style.faint(`${about.join(", ")}, from ${ownerText(owner.source)}`)}`;
    const lines = linesOf(owner).map(({ entry, path }) => {
      const title = `  ${wantedTitle(entry)}`;
      return path === "" ? title : `${title.padEnd(width + 2)}  ${style.faint(path)}`;
    });
    return [head, ...lines].join("\n");
  });
  return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

function linesOf(owner: OwnerState) {
  return [...bridgesOf(owner), ...owner.entries];
}

/** What the drop-ins say in the place of a broken document has no age. */
function ageOf({ changed }: OwnerState, now: number): string[] {
  return changed === 0 ? [] : [`${age(now - changed)} old`];
}

/** For people; at most two days in hours. */
export function age(milliseconds: number): string {
  const minutes = Math.floor(Math.max(milliseconds, 0) / 60_000);
  if (minutes < 1) return "under a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}
