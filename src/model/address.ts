import { Address4, Address6 } from "ip-address";

/** An IPv4 or IPv6 address in canonical text (RFC 5952), so that `===` is the same as "the same address". */
export type Address = string & { readonly is: "Address" };
/** A prefix `ADDRESS/LENGTH` in canonical text, host bits zero. */
export type Prefix = string & { readonly is: "Prefix" };
export type Family = 4 | 6;

/** What a parser of user text returns: the canonical value, or one sentence that says what is wrong. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** The value of a text that has been checked before; a problem now is a fault of netkeep. */
export function accepted<T>(parsed: Parsed<T>): T {
  if ("problem" in parsed) throw new Error(`after validation: ${parsed.problem}`);
  return parsed.value;
}

/** Accepts every valid spelling of an address without prefix length and without zone. */
export function parseAddress(text: string): Parsed<Address> {
  if (canonical4.test(text)) return { value: text as Address };
  if (text.includes("/")) return { problem: `"${text}" has a prefix length; an address is wanted` };
  if (text.includes("%")) return { problem: `"${text}" has a zone; the link is named with "dev"` };
  const canonical = canonicalText(text);
  return canonical === null ? { problem: `"${text}" is not an IPv4 or IPv6 address` } : { value: canonical };
}

/** Accepts `ADDRESS`, `ADDRESS/LENGTH`; a bare address is its /32 or /128. Host bits are a problem. */
export function parsePrefix(text: string): Parsed<Prefix> {
  const slash = text.indexOf("/");
  const parsed = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if ("problem" in parsed) return { problem: `"${text}" is not an address or prefix` };
  const longest = familyOf(parsed.value) === 4 ? 32 : 128;
  if (slash < 0) return { value: hostPrefix(parsed.value) };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > longest) {
    return { problem: `"${text}": the prefix length must be 0 to ${longest}` };
  }
  const prefix = `${parsed.value}/${Number(digits)}` as Prefix;
  if (Number(digits) === longest) return { value: prefix };
  const network = networkOf(prefix);
  if (network !== parsed.value) {
    return { problem: `"${text}" has host bits set; the prefix is ${network}/${Number(digits)}` };
  }
  return { value: prefix };
}

/** Accepts `ADDRESS/LENGTH` of an address that a link can have; host bits stay. Returns the canonical text. */
export function parseLinkAddress(text: string): Parsed<string> {
  const [spelt = "", digits, ...rest] = text.split("/");
  const parsed = parseAddress(spelt);
  if ("problem" in parsed || rest.length > 0) return { problem: `"${text}" is not ADDRESS/LENGTH` };
  const longest = familyOf(parsed.value) === 4 ? 32 : 128;
  if (digits === undefined)
    return { problem: `"${text}" has no prefix length; for a gateway write ${text}/${longest}` };
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > longest || Number(digits) === 0) {
    return { problem: `"${text}": the prefix length must be 1 to ${longest}` };
  }
  return { value: `${parsed.value}/${Number(digits)}` };
}

/** The /32 or /128 of an address. */
export function hostPrefix(address: Address): Prefix {
  return `${address}/${familyOf(address) === 4 ? 32 : 128}` as Prefix;
}

/** The subnet that an address with this prefix length is in. */
export function networkPrefix(address: Address, length: number): Prefix {
  return `${networkOf(`${address}/${length}` as Prefix)}/${length}` as Prefix;
}

/** 6 where the text has a colon; the caller has a canonical address or prefix. */
export function familyOf(canonical: Address | Prefix): Family {
  return canonical.includes(":") ? 6 : 4;
}

/** The address part of a prefix. */
export function addressOf(prefix: Prefix): Address {
  return prefix.slice(0, prefix.indexOf("/")) as Address;
}

/** The length part of a prefix. */
export function lengthOf(prefix: Prefix): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1));
}

/** Whether `outer` covers `inner`, an address or a prefix of at least the same length. */
export function covers(outer: Prefix, inner: Address | Prefix): boolean {
  if (familyOf(outer) !== familyOf(inner)) return false;
  return familyOf(outer) === 4
    ? new Address4(inner).isInSubnet(new Address4(outer))
    : new Address6(inner).isInSubnet(new Address6(outer));
}

/** Link-local unicast: fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal6(address: Address): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/** ff00::/8, and 224.0.0.0/4. */
export function isMulticast(address: Address): boolean {
  return /^(ff[0-9a-f]{2}:|22[4-9]\.|23\d\.)/.test(address);
}

/** IPv4 in the one spelling that is canonical already: most of what is read, and a host has tens of thousands. */
const canonical4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Texts of IPv6 and what became of them: those of a guest are read at each step of a run. */
const known6 = new Map<string, Address | null>();
const mostKnown = 4096;

function canonicalText(text: string): Address | null {
  if (!text.includes(":")) return Address4.isValid(text) ? (new Address4(text).correctForm() as Address) : null;
  const known = known6.get(text);
  if (known !== undefined) return known;
  if (known6.size >= mostKnown) known6.clear();
  const canonical = Address6.isValid(text) ? (new Address6(text).correctForm() as Address) : null;
  known6.set(text, canonical);
  return canonical;
}

function networkOf(prefix: Prefix): string {
  return familyOf(prefix) === 4
    ? new Address4(prefix).startAddress().correctForm()
    : new Address6(prefix).startAddress().correctForm();
}
