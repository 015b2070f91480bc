/**
 * Two hypervisors whose FRR announces what netkeep keeps, with the text of docs/examples/frr, and a BGP route reflector
 * that both have sessions with over IPv4 and IPv6. Both are on one subnet, so guests reach each other straight.
 *
 * The reflector is an FRR of its own in a namespace of the first host, together with the bridge that joins the uplinks. It
 * needs a zebra: without one its bgpd knows no interfaces, and refuses updates with link-local next hops.
 */
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import type { LabHost } from "./host.ts";
import { inRepo } from "./netkeep.ts";
import { inNamespace, ipBatch } from "./network.ts";
import type { Suite } from "./recipe.ts";
import { bootScenario, waitFor } from "./scenario.ts";

export interface Fabric {
  readonly hosts: readonly [LabHost, LabHost];
  /** What the reflector has of a prefix: the hosts that announce it, by their names. */
  announcers(prefix: string): Promise<string[]>;
  /** All host routes that the reflector has. */
  announced(): Promise<string[]>;
  /** Updates, withdrawals among them, that the reflector has got. */
  updates(): Promise<number>;
}

/** Boots both hosts, named `one` and `two`. @param more configuration of FRR beside that of the example for BGP */
export async function bootFabric(suite: Suite, more = ""): Promise<Fabric> {
  const bgp = await readFile(inRepo("docs/examples/frr/bgp.conf"), "utf8");
  // From 257 on networkd leaves nexthop objects alone, so there FRR may use them.
  const objects = suite === "bookworm" ? "" : "zebra nexthop kernel enable\n";
  const config = asInLab(bgp) + more + objects;
  const hosts = await Promise.all([bootFrr(suite, "one", 11, config), bootFrr(suite, "two", 12, config)]);
  await joinHosts(hosts);
  await startReflector(hosts[0]);
  await Promise.all(hosts.map((host) => host.run(["systemctl", "start", "frr"])));
  const fabric = fabricOf(hosts);
  await waitFor(async () => (await sessions(hosts[0])) === 4, 60_000);
  return fabric;
}

/** Of an example: the networks of guests and the bridge of the lab. */
export function asInLab(config: string): string {
  return config
    .replaceAll("192.0.2.0/24", "2.57.57.0/24")
    .replaceAll("2001:db8:100::/56", "2001:678:3a4:100::/56")
    .replaceAll("match interface br0", "match interface cloudbr0");
}

/** As the administrator sees it. */
export async function vtysh(host: LabHost, command: string): Promise<string> {
  return (await host.run(["vtysh", "-c", command])).stdout;
}

const reflector = "fabric";

async function bootFrr(suite: Suite, name: string, last: number, config: string): Promise<LabHost> {
  const files = {
    "/etc/frr/frr.conf": config,
    "/etc/frr/daemons": `bgpd=yes\nospfd=yes\nospf6d=yes\nvtysh_enable=yes\nzebra_options="-s 90000000"\n`,
    "/etc/systemd/network/20-uplink.network": `[Match]
Name=uplink
[Network]
Address=198.18.0.${last}/24
Address=2001:db8:ffff::${last}/64
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
KeepConfiguration=static
`,
    // Restarts of networkd are what is tested.
    "/etc/systemd/system/systemd-networkd.service.d/lab.conf": "[Unit]\nStartLimitIntervalSec=0\n",
    "/etc/sysctl.d/95-fabric.conf": "net.ipv6.conf.default.accept_dad=0\nnet.ipv6.conf.all.accept_dad=0\n",
  };
  return bootScenario(suite, files, { name });
}

async function joinHosts([one, two]: readonly [LabHost, LabHost]): Promise<void> {
  await ipBatch(one, [`netns add ${reflector}`]);
  await one.run(inNamespace(reflector, ["sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0"]));
  await one.run(inNamespace(reflector, ["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]));
  await ipBatch(one, [`link add uplink type veth peer name p1 netns ${reflector}`]);
  const far = ["p2", "netns", String(one.pid), "type", "veth", "peer", "name", "uplink", "netns", String(two.pid)];
  await execa("ip", ["link", "add", ...far]);
  await ipBatch(one, [`link set p2 netns ${reflector}`]);
  await ipBatch(
    one,
    [
      "link set lo up",
      "link add fabric0 type bridge stp_state 0 forward_delay 0",
      ...["p1", "p2"].map((port) => `link set ${port} up master fabric0`),
      "addr add 198.18.0.1/24 dev fabric0",
      "addr add 2001:db8:ffff::1/64 dev fabric0",
      "link set fabric0 up",
    ],
    reflector,
  );
}

/** A pathspace of its own (`-N`): sockets and PID files below /run/frr/fabric. */
async function startReflector(host: LabHost): Promise<void> {
  await host.writeFile("/etc/frr/reflector.conf", reflectorConfig);
  const daemons = ["zebra -s 90000000", "bgpd -f /etc/frr/reflector.conf"];
  const start = ["mgmtd", ...daemons].map(
    (daemon) => `[ ! -x /usr/lib/frr/${daemon.split(" ")[0]} ] || /usr/lib/frr/${daemon} -d -N ${reflector}`,
  );
  // FRR 10 keeps what it was started with open, and nothing would ever end.
  const script = `install -d -o frr -g frr /run/frr /run/frr/${reflector}; { ${start.join("; ")}; } </dev/null >/dev/null 2>&1`;
  await host.run(inNamespace(reflector, ["sh", "-ec", script]));
}

const reflectorConfig = `frr defaults datacenter
router bgp 64512
 bgp router-id 198.18.0.1
 no bgp default ipv4-unicast
 neighbor hosts peer-group
 neighbor hosts remote-as internal
 bgp listen range 198.18.0.0/24 peer-group hosts
 bgp listen range 2001:db8:ffff::/64 peer-group hosts
 address-family ipv4 unicast
  neighbor hosts activate
  neighbor hosts route-reflector-client
 exit-address-family
 address-family ipv6 unicast
  neighbor hosts activate
  neighbor hosts route-reflector-client
 exit-address-family
`;

function fabricOf(hosts: readonly [LabHost, LabHost]): Fabric {
  const [one] = hosts;
  return {
    hosts,
    async announcers(prefix) {
      const family = prefix.includes(":") ? "ipv6" : "ipv4";
      const { paths = [] } = await ask<{ paths?: Path[] }>(one, `show bgp ${family} unicast ${prefix} json`);
      return paths.map(({ peer }) => (/[.:]11$/.test(peer.peerId) ? "one" : "two")).sort();
    },
    async announced() {
      const tables = ["ipv4", "ipv6"].map((family) =>
        ask<{ routes?: Record<string, unknown> }>(one, `show bgp ${family} unicast json`),
      );
      return (await Promise.all(tables)).flatMap(({ routes = {} }) => Object.keys(routes)).sort();
    },
    async updates() {
      const neighbors = await ask<Record<string, Neighbor>>(one, "show bgp neighbors json");
      return Object.values(neighbors).reduce((sum, { messageStats }) => sum + (messageStats?.updatesRecv ?? 0), 0);
    },
  };
}

interface Path {
  readonly peer: { readonly peerId: string };
}

interface Neighbor {
  readonly bgpState?: string;
  readonly messageStats?: { readonly updatesRecv: number };
}

/** Sessions that the reflector has: two families with each of two hosts. */
async function sessions(host: LabHost): Promise<number> {
  const neighbors = await ask<Record<string, Neighbor>>(host, "show bgp neighbors json");
  return Object.values(neighbors).filter(({ bgpState }) => bgpState === "Established").length;
}

/** vtysh says on stdout too that it has no configuration of its own for this pathspace. */
async function ask<T>(host: LabHost, command: string): Promise<T> {
  const { stdout } = await host.run(["vtysh", "-N", reflector, "-c", command], { reject: false });
  const begin = stdout.search(/^\{/m);
  return begin < 0 ? ({} as T) : (JSON.parse(stdout.slice(begin)) as T);
}
