import { describe, expect, test } from "vitest";
import {
  accepted,
  covers,
  hostPrefix,
  isLinkLocal6,
  isMulticast,
  networkPrefix,
  parseAddress,
  parsePrefix,
} from "../../src/model/address.ts";

const address = (text: string) => accepted(parseAddress(text));
const prefix = (text: string) => accepted(parsePrefix(text));

describe("parseAddress", () => {
  test.each([
    ["2.57.57.30", "2.57.57.30"],
    ["2001:678:3a4:100::80", "2001:678:3a4:100::80"],
    ["2001:0678:03A4:0100:0000:0000:0000:0080", "2001:678:3a4:100::80"],
    ["2001:678:3a4:100:0:0:0:80", "2001:678:3a4:100::80"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["FE80::C00:A9FF:FEFE:FE3B", "fe80::c00:a9ff:fefe:fe3b"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["::FFFF:0102:0304", "::ffff:102:304"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::", "::"],
  ])("%s is %s", (text, canonical) => {
    expect(parseAddress(text)).toEqual({ value: canonical });
  });

  test.each([
    ["2.57.57.300", '"2.57.57.300" is not an IPv4 or IPv6 address'],
    ["2.57.57", '"2.57.57" is not an IPv4 or IPv6 address'],
    ["02.57.57.30", '"02.57.57.30" is not an IPv4 or IPv6 address'],
    ["2.57.57.30 ", '"2.57.57.30 " is not an IPv4 or IPv6 address'],
    ["2001:678::3a4::80", '"2001:678::3a4::80" is not an IPv4 or IPv6 address'],
    ["2001:678:3a4:100:80", '"2001:678:3a4:100:80" is not an IPv4 or IPv6 address'],
    ["12345::", '"12345::" is not an IPv4 or IPv6 address'],
    ["2001:db8::1\n", '"2001:db8::1\n" is not an IPv4 or IPv6 address'],
    ["[2001:db8::1]", '"[2001:db8::1]" is not an IPv4 or IPv6 address'],
    ["", '"" is not an IPv4 or IPv6 address'],
    ["2.57.57.30/32", '"2.57.57.30/32" has a prefix length; an address is wanted'],
    ["fe80::1%eth0", '"fe80::1%eth0" has a zone; the link is named with "dev"'],
  ])("%j is refused", (text, problem) => {
    expect(parseAddress(text)).toEqual({ problem });
  });
});

describe("parsePrefix", () => {
  test.each([
    ["2.57.57.30", "2.57.57.30/32"],
    ["2001:678:3a4:100::80", "2001:678:3a4:100::80/128"],
    ["198.51.100.0/24", "198.51.100.0/24"],
    ["2001:DB8:0:0::/64", "2001:db8::/64"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
    ["2001:db8::/032", "2001:db8::/32"],
    ["::ffff:1.2.3.4/128", "::ffff:102:304/128"],
  ])("%s is %s", (text, canonical) => {
    expect(parsePrefix(text)).toEqual({ value: canonical });
  });

  test.each([
    ["198.51.100.7/24", '"198.51.100.7/24" has host bits set; the prefix is 198.51.100.0/24'],
    ["2001:db8::1/64", '"2001:db8::1/64" has host bits set; the prefix is 2001:db8::/64'],
    ["10.0.0.1/31", '"10.0.0.1/31" has host bits set; the prefix is 10.0.0.0/31'],
    ["10.0.0.0/33", '"10.0.0.0/33": the prefix length must be 0 to 32'],
    ["2001:db8::/129", '"2001:db8::/129": the prefix length must be 0 to 128'],
    ["10.0.0.0/", '"10.0.0.0/": the prefix length must be 0 to 32'],
    ["10.0.0.0/-1", '"10.0.0.0/-1": the prefix length must be 0 to 32'],
    ["10.0.0.0/8/8", '"10.0.0.0/8/8": the prefix length must be 0 to 32'],
    ["10.0.0.0/255.0.0.0", '"10.0.0.0/255.0.0.0": the prefix length must be 0 to 32'],
    ["10/8", '"10/8" is not an address or prefix'],
    ["default", '"default" is not an address or prefix'],
  ])("%j is refused", (text, problem) => {
    expect(parsePrefix(text)).toEqual({ problem });
  });
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["0.0.0.0/0", "192.0.2.1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["::/0", "192.0.2.1", false],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::", false],
  ["2.57.57.30/32", "2.57.57.30", true],
  ["2.57.57.30/32", "2.57.57.31", false],
])("%s covers %s: %s", (outer, inner, expected) => {
  expect(covers(prefix(outer), address(inner))).toBe(expected);
});

test("a longer prefix is covered, a shorter one is not", () => {
  expect(covers(prefix("10.0.0.0/8"), prefix("10.1.0.0/16"))).toBe(true);
  expect(covers(prefix("10.1.0.0/16"), prefix("10.0.0.0/8"))).toBe(false);
});

test.each([
  ["fe80::1", true, false],
  ["febf:ffff::1", true, false],
  ["fec0::1", false, false],
  ["fe8::1", false, false],
  ["ff02::1", false, true],
  ["ff::1", false, false],
  ["ff5:1::1", false, false],
  ["224.0.0.1", false, true],
  ["239.255.255.255", false, true],
  ["240.0.0.1", false, false],
  ["223.255.255.255", false, false],
  ["169.254.0.1", false, false],
])("%s: link-local %s, multicast %s", (text, linkLocal, multicast) => {
  expect([isLinkLocal6(address(text)), isMulticast(address(text))]).toEqual([linkLocal, multicast]);
});

test("host and network prefixes", () => {
  expect(hostPrefix(address("2.57.57.30"))).toBe("2.57.57.30/32");
  expect(hostPrefix(address("fe80::1"))).toBe("fe80::1/128");
  expect(networkPrefix(address("192.0.2.77"), 24)).toBe("192.0.2.0/24");
  expect(networkPrefix(address("2001:db8:1::1"), 64)).toBe("2001:db8:1::/64");
});

test("accepted() is for what was checked: a problem is a fault", () => {
  expect(() => accepted(parseAddress("x"))).toThrow('after validation: "x" is not an IPv4 or IPv6 address');
});
