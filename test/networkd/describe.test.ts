import { describe, expect, test } from "vitest";
import { foreignManagement } from "../../src/networkd/daemonConfig.ts";
import { parseLinkStates, parseLinkStatus, parseVersion } from "../../src/networkd/describe.ts";
import { hasFlappingAddress } from "../../src/networkd/flapping.ts";
import { scanFile } from "../../src/networkd/scan.ts";

/** The shape that networkd 257 was seen to print, shortened; the lab tests read the real thing. */
const status257 = {
  Index: 2,
  Name: "cloudbr0",
  Kind: "bridge",
  AdministrativeState: "configured",
  OperationalState: "no-carrier",
  NetworkFile: "/run/systemd/network/10-netplan-cloudbr0.network",
  NetworkFileDropins: ["/etc/systemd/network/10-netplan-cloudbr0.network.d/60-netkeep.conf"],
  Addresses: [
    { Family: 2, Address: [169, 254, 0, 1], PrefixLength: 32, ConfigSource: "static" },
    { Family: 2, Address: [192, 0, 2, 9], PrefixLength: 24, ConfigSource: "foreign" },
    {
      Family: 10,
      Address: [254, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      PrefixLength: 64,
      ConfigSource: "foreign",
    },
  ],
  Neighbors: [
    {
      Family: 10,
      Destination: [32, 1, 13, 184, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      LinkLayerAddress: [2, 0, 0, 0, 0, 1],
      ConfigSource: "static",
      ConfigState: "configured",
    },
  ],
  Routes: [
    {
      Family: 2,
      Destination: [192, 0, 2, 7],
      DestinationPrefixLength: 32,
      Scope: 253,
      Protocol: 4,
      Type: 1,
      Priority: 0,
      Table: 254,
      ConfigSource: "static",
    },
    {
      Family: 10,
      Destination: [32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      DestinationPrefixLength: 32,
      Priority: 0,
      Table: 100,
      ConfigSource: "foreign",
    },
    { Family: 2, Destination: [0, 0, 0, 0], DestinationPrefixLength: 0, Priority: 100, ConfigSource: "DHCPv4" },
  ],
};

describe("networkctl --json status", () => {
  test("257", () => {
    expect(parseLinkStatus(JSON.stringify(status257))).toEqual({
      state: "configured",
      baseFile: "/run/systemd/network/10-netplan-cloudbr0.network",
      dropIns: ["/etc/systemd/network/10-netplan-cloudbr0.network.d/60-netkeep.conf"],
      foreignAddresses: ["192.0.2.9"],
      entries: new Map([
        ["route 254 192.0.2.7/32 0", "static"],
        ["route 100 2001:db8::/32 1024", "foreign"],
        ["route 254 0.0.0.0/0 100", "DHCPv4"],
        ["neighbor cloudbr0 2001:db8:a::1", "static"],
      ]),
      held: new Map([
        ["route 254 192.0.2.7/32 0", 4],
        ["neighbor cloudbr0 2001:db8:a::1", null],
      ]),
    });
  });

  test("252 names no drop-ins; a link without configuration has next to nothing", () => {
    const { NetworkFileDropins: _, ...status252 } = status257;
    expect(parseLinkStatus(JSON.stringify(status252)).dropIns).toBeNull();
    const bare = { Index: 3, Name: "eth0", AdministrativeState: "unmanaged", Routes: null };
    expect(parseLinkStatus(JSON.stringify(bare))).toEqual({
      state: "unmanaged",
      baseFile: null,
      dropIns: null,
      foreignAddresses: [],
      entries: new Map(),
      held: new Map(),
    });
  });

  test("what networkd is about to remove is not held any more", () => {
    const [neighbor] = status257.Neighbors;
    const status = { ...status257, Routes: [], Neighbors: [{ ...neighbor, ConfigState: "configured,removing" }] };
    expect(parseLinkStatus(JSON.stringify(status)).held).toEqual(new Map());
  });

  test.each(["", "{}", "[]", '{"Name":"a"}', '{"Name":"a","AdministrativeState":"x","Routes":[{}]}'])(
    "%j is an error",
    (text) => {
      expect(() => parseLinkStatus(text)).toThrow();
    },
  );
});

test("networkctl list", () => {
  const text =
    "  1 lo       loopback carrier    unmanaged\n  2 cloudbr0 bridge   no-carrier configuring\n\n3 links listed.\n";
  expect([...parseLinkStates(text)]).toEqual([
    ["lo", "unmanaged"],
    ["cloudbr0", "configuring"],
  ]);
});

test.each([
  ["systemd 252 (252.39-1~deb12u2)\n+PAM +AUDIT\n", 252],
  ["systemd 257 (257.13-1~deb13u1)\n", 257],
  ["systemd 262~rc1 (262~rc1-1)\n", 262],
  ["", null],
  ["networkctl: command not found", null],
])("%j: %s", (text, version) => {
  expect(parseVersion(text)).toBe(version);
});

describe("an IPv4 address that a reload of 252 takes away for a moment", () => {
  test.each([
    ["[Network]\nAddress=169.254.0.1/32\n", true],
    ["[Address]\nAddress=169.254.0.1/32\n", true],
    ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=ipv4\n", true],
    ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=none\n", false],
    ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=ipv6\n", false],
    ["[Address]\nAddress=10.9.0.1/24\n", false],
    ["[Address]\nAddress=fe80::1/64\n", false],
    ["[Address]\nAddress=10.9.0.1/24\n[Address]\nAddress=169.254.1.1/16\n", true],
    ["[Route]\nGateway=169.254.0.1\n", false],
  ])("%j: %s", (text, flaps) => {
    expect(hasFlappingAddress(scanFile("x", text).sections)).toBe(flaps);
  });
});

describe("what the running networkd leaves alone", () => {
  const conf = (path: string, text: string, modified = 1) => ({ path, kind: "text" as const, text, modified });
  const no = "[Network]\nManageForeignRoutes=no\n";
  test.each([
    [
      "said in a drop-in",
      [conf("/etc/systemd/networkd.conf", ""), conf("/etc/systemd/networkd.conf.d/50.conf", no)],
      5,
      true,
    ],
    [
      "a drop-in beats the main file",
      [
        conf("/etc/systemd/networkd.conf", no),
        conf("/run/systemd/networkd.conf.d/50.conf", "[Network]\nManageForeignRoutes=yes\n"),
      ],
      5,
      false,
    ],
    [
      "the last name wins",
      [
        conf("a", ""),
        conf("/etc/systemd/networkd.conf.d/90.conf", "[Network]\nManageForeignRoutes=yes\n"),
        conf("/run/systemd/networkd.conf.d/50.conf", no),
      ],
      5,
      false,
    ],
    [
      "/etc hides a file of the same name",
      [
        conf("a", ""),
        conf("/etc/systemd/networkd.conf.d/50.conf", "#"),
        conf("/usr/lib/systemd/networkd.conf.d/50.conf", no),
      ],
      5,
      false,
    ],
    [
      "newer than networkd's start: not read yet",
      [conf("a", ""), conf("/etc/systemd/networkd.conf.d/50.conf", no, 9)],
      5,
      false,
    ],
    ["start not known: nothing counts", [conf("a", no)], null, false],
    ["nothing said", [], 5, false],
  ])("%s", (_, files, started, routes) => {
    expect(foreignManagement(files, started)).toEqual({ routes, rules: false, nextHops: false });
  });

  test("each kind by itself", () => {
    const text = "[Network]\nManageForeignRoutingPolicyRules=false\nManageForeignNextHops=0\n";
    expect(foreignManagement([conf("/etc/systemd/networkd.conf", text)], 5)).toEqual({
      routes: false,
      rules: true,
      nextHops: true,
    });
  });
});
