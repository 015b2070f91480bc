import type { Note } from "../model/change.ts";
import type { LinkSettings } from "../model/owner.ts";
import type { BaseResolution } from "../networkd/resolveBase.ts";
import type { Observed } from "../observe/observe.ts";

/**
 * Why the entries of a link are kept live, without a file for networkd; null where networkd is to have them.
 *
 * What a document says goes first. Else a base file that applies is networkd's claim, and it goes before that of others:
 * whoever wrote it wants networkd to set up the link. Without one, another program that has the link keeps networkd off it;
 * and a networkd that never starts keeps nothing.
 */
export function whyLive(
  link: string,
  base: BaseResolution,
  settings: LinkSettings | undefined,
  { claims, networkd }: Pick<Observed, "claims" | "networkd">,
): string | null {
  if (settings?.mode !== undefined) return settings.mode === "live" ? "a document says so" : null;
  if (base.kind === "base") return null;
  const [claim] = claims.get(link) ?? [];
  if (claim !== undefined && isLeftAlone(base)) {
    const who = claim.name === "another program" ? "another program" : claim.name;
    return `${who} looks after it (${claim.evidence})`;
  }
  return networkd.absent === null ? null : `no base file is in force for it, and ${networkd.absent}`;
}

/** networkd does nothing with the link, by its files; where that depends on more than is known, they need not apply. */
function isLeftAlone(base: BaseResolution): boolean {
  if (base.kind !== "refused") return base.kind === "standalone";
  const { choice } = base;
  if (choice.kind === "undecided") return choice.otherwise === undefined;
  return choice.kind === "unmanaged" || choice.kind === "managedElsewhere";
}

/** The line of the plan, and what is to be known of a link that networkd sets up all the same. */
export function liveNotes(link: string, why: string, base: BaseResolution, { kernel }: Observed): Note[] {
  const exists = kernel.links.has(link) || kernel.links.size === 0;
  const how = exists
    ? "no networkd file is written; netkeep and its units set the entries"
    : "it does not exist yet; netkeep-link@.service sets its entries when it appears";
  const text = `${link} is kept live, because ${why}: ${how}`;
  const notes: Note[] = [{ level: "info", link, text, standing: true }];
  if (base.kind === "base") {
    const foreign =
      `networkd applies ${base.name} to ${link}, and takes entries that are only live for somebody else's: it deletes ` +
      "them when it sets up the link; mode: live is for links that networkd leaves alone";
    notes.push({ level: "warning", link, text: foreign });
  }
  return notes;
}
