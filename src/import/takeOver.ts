import type { DocumentInput } from "../desired/schema.ts";
import { changeForCloudstack, cloudstackOwner } from "../hooks/cloudstack.ts";
import { type Address, familyOf } from "../model/address.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { bootProtocol } from "../model/route.ts";
import { type FoundGuest, findGuests, groupByGuest, type RouterFacts, shapedDocument } from "./shapes.ts";

/** The owner of what an import takes over and no hook knows. */
export const importOwner = "imported";

export interface TakeOver {
  /** Owner → document: guests under the names that the hook for CloudStack uses. */
  readonly guests: ReadonlyMap<string, DocumentInput>;
  /** What is left, for `importOwner`; null for nothing. */
  readonly rest: DocumentInput | null;
}

/**
 * Which owner gets what. Guests that have the shape of CloudStack's modifymacip.sh, protocol boot, get the owners that
 * the hook makes, so that the agent's next call meets them; all else goes to one owner.
 *
 * @param stored what an owner asks for now, null for nothing: an import adds to it
 */
export function takeOver(
  entries: readonly Entry[],
  facts: RouterFacts,
  hostAddresses: readonly Address[],
  stored: (owner: string) => DocumentInput | null,
): TakeOver {
  const scripted = findGuests(entries).addresses.filter(({ route }) => route.protocol === bootProtocol);
  const guests = new Map<string, DocumentInput>();
  const taken = new Set<string>();
  for (const guest of groupByGuest(scripted)) {
    const owner = ownerOf(guest);
    const document = recordOf(guest, hostAddresses, stored(owner));
    if (document === null) continue;
    guests.set(owner, document);
    for (const { neighbor, route } of guest.addresses) taken.add(entryKey(neighbor)).add(entryKey(route));
  }
  const others = entries.filter((entry) => !taken.has(entryKey(entry)));
  const rest = others.length === 0 ? null : joined(stored(importOwner), shapedDocument(others, facts));
  return { guests, rest };
}

/** The owners that guests among these entries may get. */
export function guestOwners(entries: readonly Entry[]): string[] {
  return groupByGuest(findGuests(entries).addresses).map(ownerOf);
}

/** null for a guest with an address that the hook would not take: then all of it goes to the other owner. */
function recordOf(
  { link, mac, addresses }: FoundGuest,
  hostAddresses: readonly Address[],
  previous: DocumentInput | null,
): DocumentInput | null {
  const named = addresses.map(({ neighbor: { address } }) => ({ family: familyOf(address), text: address }));
  const request = { operation: "add" as const, bridge: link, mac, addresses: named };
  const { document, problems } = changeForCloudstack(request, previous, hostAddresses);
  return problems.length > 0 ? null : document;
}

function ownerOf({ link, mac }: FoundGuest): string {
  return cloudstackOwner({ operation: "add", bridge: link, mac, addresses: [] });
}

/** An owner has one document: what it had, and what comes to it. */
function joined(before: DocumentInput | null, more: DocumentInput): DocumentInput {
  if (before === null) return more;
  const lists = ["guests", "routers", "routes", "neighbors"] as const;
  const both = lists.map((list) => [list, [...(before[list] ?? []), ...(more[list] ?? [])]] as const);
  return { ...before, ...Object.fromEntries(both.filter(([, elements]) => elements.length > 0)) };
}
