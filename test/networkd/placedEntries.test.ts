import { describe, expect, test } from "vitest";
import { entryText } from "../../src/model/entry.ts";
import { placedEntries } from "../../src/networkd/placedEntries.ts";
import { scanFile } from "../../src/networkd/scan.ts";

const placed = (text: string) => placedEntries(scanFile("/f", text).sections, "br0");
const one = (body: string) => {
  const [entry] = placed(body);
  return entry === undefined ? null : { text: entry.entry && entryText(entry.entry), unknown: entry.unknown };
};

describe("what networkd makes of sections that others wrote", () => {
  test.each<[string, string, string | null, string[]]>([
    ["defaults", "Destination=10.0.0.0/8", "10.0.0.0/8 dev br0 proto 4 scope link", []],
    ["a bare address", "Destination=2001:DB8::1", "2001:db8::1/128 dev br0 proto 4 metric 1024", []],
    ["host bits", "Destination=10.1.2.3/8", "10.0.0.0/8 dev br0 proto 4 scope link", []],
    ["a default route", "Gateway=192.0.2.9", "0.0.0.0/0 via 192.0.2.9 dev br0 proto 4", []],
    [
      "an IPv6 default route",
      "Gateway=fe80::9\nGatewayOnlink=1",
      "::/0 via fe80::9 dev br0 onlink proto 4 metric 1024",
      [],
    ],
    [
      "names",
      "Destination=10.0.0.0/8\nTable=local\nProtocol=boot\nScope=253",
      "10.0.0.0/8 dev br0 table 255 proto 3 scope link",
      [],
    ],
    [
      "sizes",
      "Destination=10.0.0.0/8\nMTUBytes=1K\nTCPAdvertisedMaximumSegmentSize=900",
      "10.0.0.0/8 dev br0 proto 4 scope link advmss 900 mtu 1024",
      [],
    ],
    [
      "the last of several",
      "Destination=10.0.0.0/8\nMetric=1\nMetric=2",
      "10.0.0.0/8 dev br0 proto 4 scope link metric 2",
      [],
    ],
    [
      "a value taken back",
      "Destination=10.0.0.0/8\nGateway=192.0.2.9\nGateway=",
      "10.0.0.0/8 dev br0 proto 4 scope link",
      [],
    ],
    [
      "next hops",
      "Destination=10.0.0.0/8\nMultiPathRoute=192.0.2.1  2\nMultiPathRoute=192.0.2.2@br1",
      "10.0.0.0/8 proto 4 nexthop via 192.0.2.1 dev br0 weight 2 nexthop via 192.0.2.2 dev br1 weight 1",
      [],
    ],
    [
      "what has no words",
      "Destination=10.0.0.0/8\nQuickAck=yes\nHopLimit=9",
      "10.0.0.0/8 dev br0 proto 4 scope link",
      ["QuickAck=yes", "HopLimit=9"],
    ],
    [
      "a gateway of DHCP",
      "Gateway=_dhcp4\nDestination=10.0.0.0/8",
      "10.0.0.0/8 dev br0 proto 4 scope link",
      ["Gateway=_dhcp4"],
    ],
    [
      "a table by a name of networkd.conf",
      "Destination=10.0.0.0/8\nTable=blue",
      "10.0.0.0/8 dev br0 proto 4 scope link",
      ["Table=blue"],
    ],
    ["no destination", "Metric=5", null, []],
    ["a destination that is none", "Destination=x/8", null, ["Destination=x/8"]],
  ])("a route: %s", (_, body, text, unknown) => {
    expect(one(`[Route]\n${body}\n`)).toEqual({ text, unknown });
  });

  test("neighbors, also with the old name of the key", () => {
    const text = "192.0.2.7 lladdr 52:00:00:00:00:07 dev br0 nud permanent";
    expect(one("[Neighbor]\nAddress=192.0.2.7\nLinkLayerAddress=52:00:00:00:00:07\n")).toEqual({ text, unknown: [] });
    expect(one("[Neighbor]\nAddress=192.0.2.7\nMACAddress=52:00:00:00:00:07\n")).toEqual({ text, unknown: [] });
    expect(one("[Neighbor]\nAddress=192.0.2.7\nLinkLayerAddress=x\n")).toEqual({ text: null, unknown: [] });
  });

  test("Gateway= of [Network], rules and nexthop objects, each with its line", () => {
    const text =
      "[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.9\n\n[RoutingPolicyRule]\nTable=5\n[NextHop]\nId=7\n";
    expect(placed(text).map(({ line, text: shown, unknown }) => [line, shown, unknown])).toEqual([
      [3, "[Network] Gateway=192.0.2.9", []],
      [5, "[RoutingPolicyRule] Table=5", ["a rule without Priority="]],
      [7, "[NextHop] Id=7", ["[NextHop]"]],
    ]);
  });
});
