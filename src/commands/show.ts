import { merge } from "../desired/merge.ts";
import { exitCodes, UserError } from "../errors.ts";
import { entryText } from "../model/entry.ts";
import type { OwnerState } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { linksOf } from "../model/route.ts";
import { showText } from "../report/showText.ts";
import type { CommandContext } from "./context.ts";
import { prepare } from "./prepare.ts";
import type { CommandResult } from "./result.ts";

/**
 * Who owns what.
 *
 * @param subject an owner or a link; null for everything
 * @throws UserError 65 if nothing is known of the subject
 */
export async function showCommand(context: CommandContext, subject: string | null): Promise<CommandResult> {
  const { system, settings, style } = context;
  const options = { given: [], persistence: "persistent", adopt: false, tolerant: true } as const;
  const { documents } = await prepare(system, settings, options);
  const owners = select(merge(documents.states).owners, subject);
  if (subject !== null && owners.length === 0) {
    throw new UserError(exitCodes.badData, `no owner and no link with entries is named ${subject}; see netkeep show`);
  }
  const messages =
    owners.length > 0
      ? []
      : [{ level: "info" as const, text: `no owners: nothing in ${places.documents} or ${places.owners}` }];
  return {
    exitCode: exitCodes.asDesired,
    data: showData(owners),
    text: showText(owners, system.now(), style),
    messages,
  };
}

function select(owners: readonly OwnerState[], subject: string | null): OwnerState[] {
  if (subject === null) return [...owners];
  const named = owners.filter((owner) => owner.owner === subject);
  if (named.length > 0) return named;
  return owners.flatMap((owner) => {
    const entries = owner.entries.filter(({ entry }) =>
      entry.kind === "route" ? linksOf(entry).includes(subject) : entry.link === subject,
    );
    return entries.length === 0 ? [] : [{ ...owner, entries }];
  });
}

/** As published by `netkeep schema show`. */
function showData(owners: readonly OwnerState[]) {
  return {
    owners: owners.map(({ owner, source, persistence, changed, entries }) => ({
      owner,
      source,
      persistence,
      changed,
      entries: entries.map(({ entry, path }) => ({
        kind: entry.kind,
        link: entry.link,
        entry: entryText(entry),
        path,
      })),
    })),
  };
}
