import type { Address, Parsed } from "./address.ts";
import { parseAddress } from "./address.ts";

/** A unicast Ethernet address in lower case with colons. */
export type MacAddress = string & { readonly is: "MacAddress" };

/** Accepts `52:02:…`, `52-02-…`, `5202.4576.d235` and twelve bare digits, in any case; refuses zero and multicast. */
export function parseMac(text: string): Parsed<MacAddress> {
  if (plain.test(text) && text !== zero) return { value: text as MacAddress };
  const spelt =
    /^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}$|^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$|^[0-9a-f]{12}$/i;
  if (!spelt.test(text)) return { problem: `"${text}" is not a MAC address of six bytes` };
  const mac = (canonical.test(text) ? text : withColons(text)) as MacAddress;
  if (mac === zero) return { problem: `"${text}" is the zero MAC address: no guest has it` };
  if ((byteAt(mac, 0) & 1) === 1) return { problem: `"${text}" is a multicast MAC address: no guest has it` };
  return { value: mac };
}

/** The link-local address that a guest makes from its MAC: modified EUI-64 (RFC 4291, appendix A). */
export function linkLocalFromMac(mac: MacAddress): Address {
  const byte = (index: number) => byteAt(mac, index).toString(16).padStart(2, "0");
  const first = (byteAt(mac, 0) ^ 2).toString(16).padStart(2, "0");
  const text = `fe80::${first}${byte(1)}:${byte(2)}ff:fe${byte(3)}:${byte(4)}${byte(5)}`;
  const parsed = parseAddress(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.value;
}

const zero = "00:00:00:00:00:00";
/** Canonical and unicast, as nearly all that there are; all zeros aside. */
const plain = /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/;
const canonical = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

function withColons(text: string): string {
  const bytes = text.toLowerCase().replace(/[:.-]/g, "").match(/../g) ?? [];
  return bytes.join(":");
}

function byteAt(mac: MacAddress, index: number): number {
  return Number.parseInt(mac.slice(index * 3, index * 3 + 2), 16);
}
