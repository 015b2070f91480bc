import { expect, test } from "vitest";
import { parseMonitorLine, tellsOverrun } from "../../src/kernel/parseMonitor.ts";

/** Lines of iproute2 6.1 and 6.15 as `ip -N -o monitor label` printed them. */
test.each([
  [
    "[ROUTE]198.51.100.1 dev br0 proto 107 scope 253 ",
    { gone: false, key: "route 254 198.51.100.1/32 0", link: "br0", protocol: 107, scope: "link", gateway: null },
  ],
  [
    "[ROUTE]Deleted 2001:db8::1 dev br0 proto 107 metric 1024 linkdown pref medium",
    { gone: true, key: "route 254 2001:db8::1/128 1024", link: "br0", protocol: 107, scope: null },
  ],
  [
    "[ROUTE]10.9.0.0/16 via 192.0.2.2 dev br0 table 100 proto 4 metric 5 onlink ",
    { key: "route 100 10.9.0.0/16 5", link: "br0", gateway: "192.0.2.2", onLink: true, protocol: 4, scope: "global" },
  ],
  [
    "[ROUTE]198.51.100.2 via inet6 fe80::2 dev br0 ",
    { key: "route 254 198.51.100.2/32 0", gateway: "fe80::2", protocol: 3 },
  ],
  [
    "[ROUTE]default via fe80::1 dev br0 proto 9 metric 100 pref medium",
    { key: "route 254 ::/0 100", gateway: "fe80::1" },
  ],
  ["[ROUTE]default via 192.0.2.1 dev br0 ", { key: "route 254 0.0.0.0/0 0", gateway: "192.0.2.1" }],
  [
    "[NEIGH]198.51.100.1 dev br0 lladdr 52:00:00:00:00:01 PERMANENT proto 107 ",
    { gone: false, key: "neighbor br0 198.51.100.1", link: "br0", mac: "52:00:00:00:00:01", protocol: 107 },
  ],
  [
    "[NEIGH]Deleted fe80::5 dev br0 lladdr 52:00:00:00:00:02 router PERMANENT ",
    { gone: true, key: "neighbor br0 fe80::5", mac: "52:00:00:00:00:02", protocol: null },
  ],
])("%s", (line, expected) => {
  const event = parseMonitorLine(line);
  expect(event).toMatchObject({ kind: "entry" });
  if (event?.kind !== "entry") return;
  const { entry, ...rest } = event;
  expect({ ...entry, ...rest, kind: "entry" }).toMatchObject(expected);
});

test.each([
  [
    "[ROUTE]10.0.0.0/8 table 100 \\\tnexthop via 192.0.2.2 dev br0 weight 1 \\\tnexthop via 192.0.2.3 dev br0 weight 1 ",
    "route 100 10.0.0.0/8 0",
  ],
  ["[ROUTE]6 10.9.0.0/16 ", "route 254 10.9.0.0/16 0"],
  ["[ROUTE]6 fd00:9::/64 dev lo metric 1024 pref medium", "route 254 fd00:9::/64 1024"],
  ["[ROUTE]10.8.0.0/16 dev br0 mtu 1400 ", "route 254 10.8.0.0/16 0"],
  ["[NEIGH]198.51.100.1 dev br0  FAILED proto 107 ", "neighbor br0 198.51.100.1"],
  ["[NEIGH]198.51.100.1 dev br0 lladdr 52:00:00:00:00:01 REACHABLE ", "neighbor br0 198.51.100.1"],
])("%s is known by its key alone", (line, key) => {
  expect(parseMonitorLine(line)).toMatchObject({ kind: "entry", key, entry: null });
});

test.each([
  "[NEIGH]Deleted dev br0 lladdr 06:8c:6d:c2:2b:1a PERMANENT ",
  "[NEIGH]192.0.2.9 dev br0  proxy ",
  "[ROUTE]Deleted 3 192.0.2.255 dev br0 table 255 proto 2 scope 253 src 192.0.2.1 linkdown ",
  "[ROUTE]Deleted 2 192.0.2.1 dev br0 table 255 proto 2 scope 254 src 192.0.2.1 ",
  "[ROUTE]Deleted 5 ff00::/8 dev br0 table 255 proto 2 metric 256 linkdown pref medium",
  "[NETCONF]ipv4 dev br0 forwarding on",
  "",
  "    link/ether",
])("%j is about no entry", (line) => {
  expect(parseMonitorLine(line)).toBeNull();
});

test("links and addresses", () => {
  const link = (line: string) => parseMonitorLine(line);
  expect(
    link(
      "[LINK]2: br0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 state DOWN group 0 \\    link/[1] 02:00:00:00:00:09 brd ff:ff:ff:ff:ff:ff",
    ),
  ).toEqual({ kind: "link", gone: false, link: "br0", up: true, mac: "02:00:00:00:00:09" });
  expect(link("[LINK]Deleted 7: br0.5@br0: <BROADCAST,LOWER_UP> mtu 1500 \\    link/ether 02:00:00:00:00:09")).toEqual({
    kind: "link",
    gone: true,
    link: "br0.5",
    up: false,
    mac: "02:00:00:00:00:09",
  });
  expect(link("[ADDR]Deleted 2: br0    inet 192.0.2.1/24 scope 0 br0\\       valid_lft forever")).toEqual({
    kind: "address",
    gone: true,
    link: "br0",
    address: "192.0.2.1/24",
  });
  expect(link("[RULE]Deleted 32765:\tfrom 10.0.0.0/8 lookup 100")).toEqual({ kind: "rule", gone: true });
});

test("an overrun is told on stderr", () => {
  expect(tellsOverrun("netlink receive error No buffer space available (105)")).toBe(true);
  expect(tellsOverrun('Command "frob" is unknown')).toBe(false);
});
