import { expect, test } from "vitest";
import { scanFile } from "../../src/networkd/scan.ts";
import { configuredOn } from "../../src/networkd/suspects.ts";

test("what unit files ask of a link, with the place of each", () => {
  const text = `[Network]
Address=192.0.2.1/24
[Address]
Address=2001:DB8::1/64
[Route]
Destination=203.0.113.0/24
Gateway=192.0.2.77
[Neighbor]
Address=192.0.2.9
LinkLayerAddress=02:00:00:00:00:09
[Route]
Destination=nonsense
[Neighbor]
Address=192.0.2.10
[RoutingPolicyRule]
From=192.0.2.0/24
Table=100
Priority=7
[RoutingPolicyRule]
To=192.0.2.0/24
SourcePort=80
Table=100
Priority=7
`;
  const found = configuredOn("br0", scanFile("/etc/x.network", text).sections);
  expect(found.map(({ title, place, address }) => [title, place, address])).toEqual([
    ["address 192.0.2.1/24", "/etc/x.network:2", "192.0.2.1"],
    ["address 2001:DB8::1/64", "/etc/x.network:4", "2001:db8::1"],
    ["route 203.0.113.0/24 via 192.0.2.77 dev br0 proto 4", "/etc/x.network:5", null],
    ["neighbor 192.0.2.9 lladdr 02:00:00:00:00:09 dev br0 nud permanent", "/etc/x.network:8", null],
    ["rule from 192.0.2.0/24 lookup 100 priority 7", "/etc/x.network:15", null],
  ]);
});
