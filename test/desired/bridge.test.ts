import { describe, expect, test } from "vitest";
import { readDocument } from "../../src/desired/document.ts";
import { bridgeText, sysctlsOf } from "../../src/model/bridge.ts";

const context = {
  protocol: 107,
  linkOf: () => ({ problem: "no link" }),
  tableOf: () => ({ problem: "no table" }),
  allowsLink: (link: string) => !link.startsWith("eth"),
  allowDefaultRoute: false,
  hostAddresses: [],
};

function read(links: string, hostAddresses: readonly string[] = []) {
  const document = {
    owner: "d",
    source: "d.yaml",
    text: `version: 1\nlinks: ${links}\n`,
    persistence: "persistent",
    changed: 0,
  };
  return readDocument(document as never, { ...context, hostAddresses: hostAddresses as never });
}

const bridge = (addresses: string, more = "", link = "br0") =>
  `{ ${link}: { bridge: { mac: "0e:00:00:00:16:c4", addresses: [${addresses}]${more} } }`;
const one = (addresses: string, more = "") => `${bridge(addresses, more)} }`;

describe("a bridge", () => {
  test("in canonical form, whatever the spelling and the order", () => {
    const text =
      '{ br0: { bridge: { mac: 0E-00-00-00-16-C4, addresses: ["FE80:0::1/64", 169.254.0.1/32], rp-filter: loose } } }';
    const wanted = read(text).state?.links.get("br0")?.bridge;
    expect(wanted && bridgeText(wanted)).toBe("br0 address 0e:00:00:00:16:c4 169.254.0.1/32 fe80::1/64 rp_filter 2");
    expect(wanted && sysctlsOf(wanted).map(({ key, value }) => `${key}=${value}`)).toEqual([
      "net/ipv4/conf/br0/forwarding=1",
      "net/ipv4/conf/br0/rp_filter=2",
      "net/ipv6/conf/br0/disable_ipv6=0",
      "net/ipv6/conf/br0/forwarding=1",
      "net/ipv6/conf/br0/accept_ra=0",
    ]);
  });

  test("of IPv4 alone leaves disable_ipv6 as it is; forwarding can be off", () => {
    const wanted = read(one("169.254.0.1/32", ", forwarding: false, arp-ignore: 1, arp-announce: 2")).state?.links.get(
      "br0",
    )?.bridge;
    expect(wanted && sysctlsOf(wanted).map(({ key, value }) => `${key}=${value}`)).toEqual([
      "net/ipv4/conf/br0/forwarding=0",
      "net/ipv4/conf/br0/arp_ignore=1",
      "net/ipv4/conf/br0/arp_announce=2",
      "net/ipv6/conf/br0/forwarding=0",
      "net/ipv6/conf/br0/accept_ra=0",
    ]);
  });

  test.each([
    [
      one("169.254.0.1"),
      'br0.bridge.addresses.0: "169.254.0.1" has no prefix length; for a gateway write 169.254.0.1/32',
    ],
    [one("10.0.0.0/24"), "br0.bridge.addresses.0: 10.0.0.0/24 is a subnet, not an address in it"],
    [one('"fe80::/64"'), "br0.bridge.addresses.0: fe80::/64 is a subnet, not an address in it"],
    [one("224.0.0.1/32"), "br0.bridge.addresses.0: 224.0.0.1 is no address that a link can have"],
    [one("10.0.0.1/0"), 'br0.bridge.addresses.0: "10.0.0.1/0": the prefix length must be 1 to 32'],
    [one("guest"), 'br0.bridge.addresses.0: "guest" is not ADDRESS/LENGTH'],
    [one('"fe80::1/64", "FE80:0::1/128"'), "br0.bridge.addresses.1: fe80::1 stands here twice"],
    [one(""), "br0.bridge.addresses: must be at least 1"],
    [one("10.0.0.1/32", ", rp-filter: on"), 'br0.bridge.rp-filter: must be "off" or "strict" or "loose"'],
    [one("10.0.0.1/32", ", arp-ignore: 5"), "br0.bridge.arp-ignore: must be 0 or 1 or 2 or 3 or 8"],
    [one("10.0.0.1/32", ", stp: true"), "br0.bridge.stp: unknown key"],
    [
      `${bridge("10.0.0.1/32", " }, carrier: follow")}`,
      "br0.carrier: a bridge that netkeep makes keeps its entries without a port: leave carrier out, or say keep",
    ],
    [`${bridge("10.0.0.1/32", " }, kind: veth")}`, "br0.kind: a link with `bridge` is a bridge: leave kind out"],
    [`${bridge("10.0.0.1/32", "", "eth7")} }`, "eth7.bridge: link eth7 is not in AllowLinks= of netkeep.conf(5)"],
  ])("%s", (links, problem) => {
    const { problems } = read(links);
    expect(problems.map((text) => text.split("\n")[0]?.replace(/^d\.yaml:2:\d+: links\./, ""))).toEqual([problem]);
  });

  test("does not swallow the host's own traffic; link-local subnets are each link's own", () => {
    const host = ["192.0.2.2", "192.0.2.1", "fe80::9"];
    const { problems } = read(one('192.0.2.200/24, "fe80::1/64"'), host);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(
      "192.0.2.200/24: its subnet covers 192.0.2.2, an address of this host or its gateway",
    );
    // After the first apply its own address is one of the host.
    expect(read(one("192.0.2.1/32"), host).problems).toEqual([]);
  });
});
