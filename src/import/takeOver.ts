import type { DocumentInput } from "../desired/schema.ts";
import { changeForCloudstack, cloudstackOwner } from "../hooks/cloudstack.ts";
import { libvirtOwner } from "../hooks/libvirtOperation.ts";
import { type Address, familyOf } from "../model/address.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { bootProtocol } from "../model/route.ts";
import { type FoundGuest, findGuests, groupByGuest, guestInput, type RouterFacts, shapedDocument } from "./shapes.ts";

/** The owner of what an import takes over and no hook knows. */
export const importOwner = "imported";

/**
 * Whose owners guests get, so that the next call of that agent's hook meets them. With `cloudstack` guests whose routes
 * have protocol boot, as its modifymacip.sh sets them; with `libvirt` those whose MAC a running domain has.
 */
export type Agent =
  | { readonly kind: "cloudstack" | "none" }
  | { readonly kind: "libvirt"; readonly domains: ReadonlyMap<string, string> };

export interface TakeOver {
  /** Owner → document, under the names that hooks use. */
  readonly guests: ReadonlyMap<string, DocumentInput>;
  /** What is left, for `importOwner`; null for nothing. */
  readonly rest: DocumentInput | null;
}

/**
 * Which owner gets what.
 *
 * @param stored what an owner asks for now, null for nothing: an import adds to it
 */
export function takeOver(
  entries: readonly Entry[],
  facts: RouterFacts & { readonly hostAddresses: readonly Address[] },
  agent: Agent,
  stored: (owner: string) => DocumentInput | null,
): TakeOver {
  const guests = new Map<string, DocumentInput>();
  const taken = new Set<string>();
  for (const guest of guestsFor(entries, agent)) {
    const owner = ownerOf(guest, agent);
    if (owner === null) continue;
    const before = guests.get(owner) ?? stored(owner);
    const document =
      agent.kind === "libvirt"
        ? joined(before, { version: 1, guests: [guestInput(guest)] })
        : recordOf(guest, facts.hostAddresses, before);
    if (document === null) continue;
    guests.set(owner, document);
    for (const { neighbor, route } of guest.addresses) taken.add(entryKey(neighbor)).add(entryKey(route));
  }
  const others = entries.filter((entry) => !taken.has(entryKey(entry)));
  const rest = others.length === 0 ? null : joined(stored(importOwner), shapedDocument(others, facts));
  return { guests, rest };
}

/** The owners that guests among these entries get. */
export function guestOwners(entries: readonly Entry[], agent: Agent): string[] {
  return guestsFor(entries, agent)
    .map((guest) => ownerOf(guest, agent))
    .filter((owner) => owner !== null);
}

function guestsFor(entries: readonly Entry[], { kind }: Agent): FoundGuest[] {
  const { addresses } = findGuests(entries);
  return groupByGuest(
    kind === "cloudstack" ? addresses.filter(({ route }) => route.protocol === bootProtocol) : addresses,
  );
}

function ownerOf({ link, mac }: FoundGuest, agent: Agent): string | null {
  if (agent.kind === "cloudstack") return cloudstackOwner({ operation: "add", bridge: link, mac, addresses: [] });
  const domain = agent.kind === "libvirt" ? agent.domains.get(mac) : undefined;
  return domain === undefined ? null : libvirtOwner(domain);
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

/** An owner has one document: what it had, and what comes to it. */
function joined(before: DocumentInput | null, more: DocumentInput): DocumentInput {
  if (before === null) return more;
  const lists = ["guests", "routers", "routes", "neighbors", "rules"] as const;
  const both = lists.map((list) => [list, [...(before[list] ?? []), ...(more[list] ?? [])]] as const);
  return { ...before, ...Object.fromEntries(both.filter(([, elements]) => elements.length > 0)) };
}
