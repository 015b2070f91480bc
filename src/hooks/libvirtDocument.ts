import type { DocumentInput, GuestInput } from "../desired/schema.ts";
import type { Address } from "../model/address.ts";
import { linkLocalFromMac, parseMac } from "../model/mac.ts";
import { parseGuestAddress, parsePlace } from "./guest.ts";
import type { Domain, DomainInterface } from "./libvirtDomain.ts";
import type { MetadataInterface } from "./libvirtMetadata.ts";
import { oneLine } from "./oneLine.ts";

/** A guest's document, null if nothing says an address of it, and what was left out. */
export interface DomainDocument {
  readonly document: DocumentInput | null;
  readonly notes: readonly string[];
}

/**
 * The domain XML has no addresses of its own, so they are looked up: per interface in netkeep's metadata, else in the
 * parameters of its nwfilter; only if no interface has any, in the guest's file, which is taken as it is. What is wrong
 * with one address or interface is a note: it does not keep the rest of the guest off the network.
 *
 * @param guestFile /etc/netkeep/guests.d/NAME.yaml, an ordinary document that has been checked; null if there is none
 */
export function documentForDomain(domain: Domain, guestFile: DocumentInput | null): DomainDocument {
  const notes: string[] = [...domain.notes];
  const used = new Map<string, string>();
  const guests = wishesOf(domain).flatMap((wish) => elementsOf(wish, displayName(domain.name), used, notes));
  if (guests.length > 0 && guestFile !== null) notes.push("the guest's file is not used: its domain XML has addresses");
  const document = guests.length === 0 ? guestFile : { version: 1 as const, guests };
  return { document, notes: [...new Set(notes.map(oneLine))] };
}

/** Addresses that some source wants at one interface. */
interface Wish {
  readonly source: "metadata" | "nwfilter";
  readonly mac: string;
  readonly link: string | null;
  /** What the interface is, for the note that it has no bridge. */
  readonly nic: string;
  readonly eui64: boolean;
  readonly addresses: readonly string[];
}

function wishesOf(domain: Domain): Wish[] {
  const said = new Map<string, MetadataInterface[]>();
  for (const wish of domain.metadata.filter(hasAddress)) {
    const key = macKey(wish.mac);
    const same = said.get(key);
    if (same === undefined) said.set(key, [wish]);
    else same.push(wish);
  }
  const wishes = domain.interfaces.flatMap((nic) => wishesOfInterface(nic, said.get(macKey(nic.mac ?? "")) ?? []));
  for (const nic of domain.interfaces) said.delete(macKey(nic.mac ?? ""));
  // A MAC that no interface has, such as that of a passed-through device: its metadata has to name the link.
  const nic = "not in the domain's devices";
  return [...wishes, ...[...said.values()].flat().map((wish) => ({ ...wish, source: "metadata" as const, nic }))];
}

function wishesOfInterface(nic: DomainInterface, said: readonly MetadataInterface[]): Wish[] {
  const title = `type ${nic.type}${nic.network === null ? "" : `, network ${nic.network}`}`;
  const common = { mac: nic.mac ?? "", nic: title };
  if (said.length > 0) {
    return said.map((wish) => ({ ...wish, ...common, source: "metadata", link: wish.link ?? nic.bridge }));
  }
  const addresses = nic.filterAddresses;
  return addresses.length === 0 ? [] : [{ ...common, source: "nwfilter", link: nic.bridge, eui64: false, addresses }];
}

function hasAddress(wish: MetadataInterface): boolean {
  return wish.eui64 || wish.addresses.length > 0;
}

/**
 * @param used where each address of this guest is already; one address at two places would be two contents of one key, and
 *   the whole document would be refused
 */
function elementsOf(wish: Wish, name: string, used: Map<string, string>, notes: string[]): GuestInput[] {
  const place = wish.link === null ? null : parsePlace(wish.link, wish.mac);
  if (place === null || "problem" in place) {
    const reason = place === null ? `it has no bridge (${wish.nic}), and no metadata names its link` : place.problem;
    notes.push(`${wish.source}: interface ${wish.mac} is left out: ${reason}`);
    return [];
  }
  const { dev, mac } = place.value;
  const here = `${mac} on ${dev}`;
  const claim = (address: Address): boolean => {
    const there = used.get(address);
    if (there === undefined) used.set(address, here);
    else if (there !== here) notes.push(`${wish.source}: ${address} is left out for ${here}: ${there} has it`);
    return there === undefined;
  };
  const addresses = soundAddresses(wish, notes).filter(claim);
  const eui64 = wish.eui64 && claim(linkLocalFromMac(mac));
  if (addresses.length === 0 && !eui64) return [];
  return [{ name, dev, mac, addresses, ...(eui64 ? { "link-local": "eui64" as const } : {}) }];
}

function soundAddresses(wish: Wish, notes: string[]): Address[] {
  return wish.addresses.flatMap((text) => {
    const parsed = parseGuestAddress(text);
    if ("value" in parsed) return [parsed.value];
    notes.push(`${wish.source}: interface ${wish.mac}: ${parsed.problem}`);
    return [];
  });
}

/** Equal for equal MACs in any spelling. */
function macKey(text: string): string {
  const parsed = parseMac(text);
  return "value" in parsed ? parsed.value : text.toLowerCase();
}

/** libvirt's names may hold what a document's name may not: it ends up in a unit file's comment. */
function displayName(name: string): string {
  return [...name.replace(/[\p{Cc}[\]]/gu, "_")].slice(0, 128).join("");
}
