import type { CommandContext } from "../context.ts";
import { merge } from "../desired/merge.ts";
import { exitCodes, UserError } from "../errors.ts";
import { covers, lengthOf, type Prefix, parsePrefix } from "../model/address.ts";
import { wantedText } from "../model/bridge.ts";
import { type Entry, linksOfEntry, prefixesOf } from "../model/entry.ts";
import { bridgesOf, type OwnerState } from "../model/owner.ts";
import { places } from "../model/places.ts";
import { prepare } from "../prepare/prepare.ts";
import { showText } from "../report/showText.ts";
import type { CommandResult } from "../result.ts";
import { brokenMessages } from "../transact/outcome.ts";

/**
 * Who owns what.
 *
 * @param subjects owners, links, addresses and prefixes; null or none for everything
 * @throws UserError 65 with every subject that nothing is known of
 */
export async function showCommand(context: CommandContext, subjects: readonly string[] | null): Promise<CommandResult> {
  const { system, settings, style } = context;
  const options = { given: [], persistence: "persistent", adopt: false, tolerant: true } as const;
  const { documents } = await prepare(system, settings, options);
  const owners = select(merge(documents.states).owners, subjects ?? []);
  const none = { level: "info" as const, text: `no owners: nothing in ${places.documents} or ${places.owners}` };
  const messages = [...brokenMessages(documents), ...(owners.length > 0 ? [] : [none])];
  return {
    exitCode: exitCodes.asDesired,
    data: showData(owners),
    text: showText(owners, system.now(), style),
    messages,
  };
}

type Chosen = (owner: string, entry: Entry) => boolean;

/** What any of the subjects chooses. An owner's name comes before a link's, and that before an address. */
function select(owners: readonly OwnerState[], subjects: readonly string[]): OwnerState[] {
  if (subjects.length === 0) return [...owners];
  const choices = subjects.map((subject) => choiceOf(subject, owners));
  const missed = subjects.filter((_, index) => choices[index] === null);
  if (missed.length > 0) {
    const lines = missed.map(
      (subject) => `${subject} is no owner, and no link or address that documents have entries for`,
    );
    throw new UserError(exitCodes.badData, [...lines, "netkeep show lists them all"].join("\n"));
  }
  return owners.flatMap((owner) => {
    const entries = owner.entries.filter(({ entry }) => choices.some((chosen) => chosen?.(owner.owner, entry)));
    const named = subjects.includes(owner.owner);
    const links = named ? owner.links : new Map([...owner.links].filter(([link]) => subjects.includes(link)));
    const isEmpty = entries.length === 0 && bridgesOf({ links }).length === 0;
    return isEmpty && !named ? [] : [{ ...owner, entries, links }];
  });
}

function choiceOf(subject: string, owners: readonly OwnerState[]): Chosen | null {
  if (owners.some(({ owner }) => owner === subject)) return (owner) => owner === subject;
  const prefix = parsePrefix(subject);
  const choices: Chosen[] = [
    (_, entry) => linksOfEntry(entry).includes(subject),
    (_, entry) => "value" in prefix && overlaps(entry, prefix.value),
  ];
  const isBridge = owners.some(({ links }) => links.get(subject)?.bridge !== undefined);
  const [onLink] = choices;
  if (isBridge && onLink !== undefined) return onLink;
  return (
    choices.find((chosen) => owners.some(({ owner, entries }) => entries.some(({ entry }) => chosen(owner, entry)))) ??
    null
  );
}

/** Of an address: its neighbor, and the routes that cover it. Of a prefix also what lies within. */
function overlaps(entry: Entry, prefix: Prefix): boolean {
  return prefixesOf(entry).some((own) =>
    lengthOf(own) <= lengthOf(prefix) ? covers(own, prefix) : covers(prefix, own),
  );
}

/** As published by `netkeep schema show`. */
function showData(owners: readonly OwnerState[]) {
  return {
    owners: owners.map(({ owner, source, persistence, changed, entries, links }) => ({
      owner,
      source,
      persistence,
      changed,
      entries: [...bridgesOf({ links }), ...entries].map(({ entry, path }) => ({
        kind: entry.kind,
        link: entry.link,
        entry: wantedText(entry),
        path,
      })),
    })),
  };
}
