/**
 * Topology inside a lab host: namespace `out` –veth– uplink0 [host] bridge –veth– one namespace per guest.
 *
 * The host's routes and neighbors of the guests are not made here: they are what the tests are about. All of this is
 * gone after a reboot. Only bridge, veth, tap and netns are used; dummy, vlan, vrf and bond may be missing.
 */
import { isIPv6 } from "node:net";
import type { LabHost } from "./host.ts";

export interface GuestOptions {
  readonly bridge: string;
  /** Name of its namespace. The bridge's port is called `v-NAME`: at most 13 characters. */
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly gateway4?: string;
  readonly gateway6?: string;
}

export interface Guest extends GuestOptions {
  readonly port: string;
}

export interface Outside {
  readonly namespace: "out";
  readonly address4: string;
  readonly address6: string;
}

/** A bridge by hand, for the cases where networkd does not make it. */
export async function addBridge(host: LabHost, name: string, options: { mac?: string } = {}): Promise<void> {
  const address = options.mac === undefined ? "" : `address ${options.mac}`;
  await ipBatch(host, [`link add ${name} ${address} up type bridge stp_state 0 forward_delay 0`]);
}

/** Addresses are /32 and /128, both gateways on the link, as CloudStack and others set guests up for routed networks. */
export async function addGuest(host: LabHost, options: GuestOptions): Promise<Guest> {
  const { bridge, name, mac, addresses, gateway4 = "169.254.0.1", gateway6 = "fe80::1" } = options;
  const port = `v-${name}`;
  await addNamespace(host, name);
  await ipBatch(host, [
    `link add ${port} up type veth peer name eth0 address ${mac} netns ${name}`,
    `link set ${port} master ${bridge}`,
  ]);
  const has4 = addresses.some((address) => !isIPv6(address));
  const has6 = addresses.some((address) => isIPv6(address));
  await ipBatch(
    host,
    [
      "link set eth0 up",
      ...addresses.map((address) => `addr add ${address}/${isIPv6(address) ? "128" : "32"} dev eth0`),
      ...(has4 ? [`route add default via ${gateway4} dev eth0 onlink`] : []),
      ...(has6 ? [`route add default via ${gateway6} dev eth0`] : []),
    ],
    name,
  );
  return { ...options, port };
}

/** The port first: the kernel takes down the links of a deleted namespace some time later. */
export async function removeGuest(host: LabHost, guest: Pick<Guest, "name">): Promise<void> {
  await ipBatch(host, [`link del v-${guest.name}`, `netns del ${guest.name}`]);
}

/** Everything else than the outside link is behind the host for it, so that new guest prefixes need no change. */
export async function addOutside(host: LabHost): Promise<Outside> {
  const outside: Outside = { namespace: "out", address4: "198.18.0.2", address6: "2001:db8:ffff::2" };
  await addNamespace(host, outside.namespace);
  await ipBatch(host, [
    // Fixed MACs: udev would give a random one a stable successor while packets are already on their way.
    `link add uplink0 address 02:00:5e:00:00:01 type veth peer name eth0 address 02:00:5e:00:00:02 netns ${outside.namespace}`,
    "link set uplink0 up",
    "addr add 198.18.0.1/30 dev uplink0",
    "addr add 2001:db8:ffff::1/64 dev uplink0 nodad",
  ]);
  await ipBatch(
    host,
    [
      "link set eth0 up",
      `addr add ${outside.address4}/30 dev eth0`,
      `addr add ${outside.address6}/64 dev eth0`,
      "route add default via 198.18.0.1",
      "route add default via 2001:db8:ffff::1",
    ],
    outside.namespace,
  );
  await host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
  return outside;
}

/** Runs `ip` commands, one a line, without options such as -6; the error says which line was refused. */
export async function ipBatch(host: LabHost, lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await host.run(["ip", ...where, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/** Runs a command in the namespace of a guest or the outside. */
export function inNamespace(namespace: string, argv: readonly string[]): string[] {
  return ["ip", "netns", "exec", namespace, ...argv];
}

/** Without duplicate address detection, or IPv6 addresses would be unusable for the first two seconds. */
async function addNamespace(host: LabHost, name: string): Promise<void> {
  await ipBatch(host, [`netns add ${name}`]);
  await ipBatch(host, ["link set lo up"], name);
  const settings = ["all.accept_dad=0", "default.accept_dad=0", "all.accept_ra=0", "default.accept_ra=0"];
  await host.run(inNamespace(name, ["sysctl", "-qw", ...settings.map((setting) => `net.ipv6.conf.${setting}`)]));
}
