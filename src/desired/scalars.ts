import type { Parsed } from "../model/address.ts";
import { networkPrefix, type Prefix, parseAddress } from "../model/address.ts";
import type { Mark } from "../model/rule.ts";

const largest = 0xffffffff;

/** `16`, `0x10`, `0x10/0xff`: a mark of at least one bit, and which bits count. */
export function parseMark(text: string | number): Parsed<Mark> {
  const [value = "", mask, more] = String(text).split("/");
  const [number, bits] = [unsigned(value), mask === undefined ? largest : unsigned(mask)];
  if (number === null || bits === null || more !== undefined) {
    return { problem: `"${text}" is not a mark such as 16, 0x10 or 0x10/0xff` };
  }
  if (number === 0) return { problem: "0 is the mark of packets that have none, which no rule can select" };
  // Without the sign that JavaScript gives to the result of bit operations.
  if ((number & ~bits) >>> 0 !== 0)
    return { problem: `"${text}" fits no packet: the mark has bits that its mask takes out` };
  return { value: { value: number, mask: bits } };
}

/** `192.0.2.5/24`, an address of a link with the length of its subnet → the subnet. */
export function parseSubnetOf(text: string): Parsed<Prefix> {
  const [address = "", length, more] = text.split("/");
  const parsed = parseAddress(address);
  if ("problem" in parsed || more !== undefined) return { problem: `"${text}" is not an address with a prefix length` };
  if (length === undefined) return { problem: `"${text}" has no prefix length: the subnet is made from it` };
  const longest = parsed.value.includes(":") ? 128 : 32;
  if (!/^\d{1,3}$/.test(length) || Number(length) > longest || Number(length) === 0) {
    return { problem: `"${text}": the prefix length must be 1 to ${longest}` };
  }
  return { value: networkPrefix(parsed.value, Number(length)) };
}

function unsigned(text: string): number | null {
  if (!/^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})$/.test(text)) return null;
  const number = Number(text);
  return number > largest ? null : number;
}
