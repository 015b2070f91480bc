import { parseAddress } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";

/**
 * Narrower than dev_valid_name() of the kernel: `*`, `[` and `!` would be patterns in [Match], `@` ends a next hop, `;` and
 * `"` mean something in a unit file, a `-` in front is an option.
 */
export const linkName = /^(?!\.{1,2}$)[A-Za-z0-9_.+][A-Za-z0-9_.+~-]{0,14}$/;
export const displayName = /^[^\p{Cc}[\]]{1,128}$/u;

/**
 * Whether the schema has nothing to say against an element of `guests`: most have these four keys, and a host has tens of
 * thousands. False tells nothing.
 */
export function isPlainGuest(value: unknown): boolean {
  if (typeof value !== "object" || value === null || countKeys(value) !== 4) return false;
  const { name, dev, mac, addresses } = value as Record<string, unknown>;
  return (
    typeof name === "string" &&
    displayName.test(name) &&
    typeof dev === "string" &&
    linkName.test(dev) &&
    dev !== "lo" &&
    typeof mac === "string" &&
    "value" in parseMac(mac) &&
    Array.isArray(addresses) &&
    addresses.every(isAddress)
  );
}

function countKeys(value: object): number {
  let keys = 0;
  for (const _ in value) keys += 1;
  return keys;
}

function isAddress(item: unknown): boolean {
  return typeof item === "string" && "value" in parseAddress(item);
}
