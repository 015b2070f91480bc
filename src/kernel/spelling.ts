import { type Address, accepted, type Family, type Prefix, parseAddress } from "../model/address.ts";

/**
 * An address as iproute2 prints it → canonical. inet_ntop(3) already prints RFC 5952, except that it writes IPv4-mapped
 * addresses dotted, so only those are parsed: a host has tens of thousands of entries.
 */
export function kernelAddress(text: string): Address {
  return text.includes(":") && text.includes(".") ? accepted(parseAddress(text)) : (text as Address);
}

/** `default`, `ADDRESS` or `ADDRESS/LENGTH` → canonical prefix; iproute2 leaves /32 and /128 out. */
export function kernelPrefix(text: string, family: Family): Prefix {
  if (text === "default") return (family === 4 ? "0.0.0.0/0" : "::/0") as Prefix;
  const slash = text.indexOf("/");
  if (slash < 0) return `${kernelAddress(text)}/${family === 4 ? 32 : 128}` as Prefix;
  return `${kernelAddress(text.slice(0, slash))}${text.slice(slash)}` as Prefix;
}
