import type { CommandContext } from "../../context.ts";
import { linksOfDesired } from "../../desired/merge.ts";
import type { Facts, LostFile, RouteCounts, UplinkFacts } from "../../doctor/facts.ts";
import { routingUnits } from "../../doctor/foreign.ts";
import { hostKeys, linkKeys } from "../../doctor/sysctls.ts";
import { countNeighbors, type LinkShape, parseShapes } from "../../kernel/parseShapes.ts";
import { familyOf, lengthOf } from "../../model/address.ts";
import type { FoundFile } from "../../model/file.ts";
import type { OwnerState } from "../../model/owner.ts";
import { places } from "../../model/places.ts";
import type { KernelState } from "../../model/state.ts";
import { foreignManagement } from "../../networkd/daemonConfig.ts";
import { type UnitTree, unitDirectories } from "../../networkd/precedence.ts";
import { scanFile } from "../../networkd/scan.ts";
import { generatedLinks, observeStatuses } from "../../observe/observe.ts";
import { daemonFiles, type NetworkdState } from "../../observe/observeNetworkd.ts";
import { prepare } from "../../prepare/prepare.ts";
import type { System } from "../../system/system.ts";
import { readClock, readFirewall, readIpv6ByFile, readProtocolNames } from "./doctorHost.ts";
import { lookAtLinks } from "./doctorLinks.ts";
import { readProcess, readUnitStates, type UnitStates } from "./doctorUnits.ts";

/** What is asked of systemd: networkd, what waits for it, other managers, routing daemons. */
const askedUnits = [
  "systemd-networkd.service",
  "systemd-networkd-wait-online.service",
  "NetworkManager.service",
  ...routingUnits,
];

/**
 * Reads what the checks look at.
 *
 * @param names links to look at; empty: those that documents or drop-ins of netkeep name
 * @throws CommandError when `ip` fails
 */
export async function collectFacts(context: CommandContext, names: readonly string[]): Promise<Facts> {
  const { system, settings } = context;
  const options = { given: [], persistence: "persistent", adopt: false, tolerant: true } as const;
  const prepared = await prepare(system, settings, options);
  const known = [...linksOfDesired(prepared.desired), ...generatedLinks(prepared.observed.generated)];
  const links = [...new Set(names.length > 0 ? names : known)].sort();
  // Asking networkd for a link with thousands of entries takes it some tenths of a second: not twice.
  const observed =
    names.length > 0
      ? await observeStatuses(system, prepared.observed, prepared.observed.statuses, links)
      : prepared.observed;
  const { kernel, tree } = observed;
  const [shapes, neighbors, units, files] = await Promise.all([
    readShapes(system),
    readNeighborCounts(system),
    readUnitStates(system, askedUnits),
    daemonFiles(system),
  ]);
  const uplinks = uplinksOf(kernel, shapes, links);
  const sysctls = await readSysctls(system, [...links, ...uplinks.map((uplink) => uplink.name)]);
  const states = units?.states ?? null;
  return {
    offline: system.offline,
    protocol: settings.routeProtocol,
    networkd: await networkdFacts(system, observed.networkd, units, files),
    links: await lookAtLinks(system, links, { prepared, observed, shapes, claims: observed.claims }),
    uplinks,
    sysctls,
    ipv6ByFile: await readIpv6ByFile(system),
    units: states,
    routes: countRoutes(kernel),
    neighbors,
    lostFiles: lostFiles(tree),
    firewall: await readFirewall(system, sysctls),
    clock: await readClock(system, [...datedFiles([...tree, ...files]), ...datedDocuments(prepared.documents.states)]),
    protocolNames: await readProtocolNames(system),
    netplan: await yamlOfNetplan(system),
  };
}

async function networkdFacts(
  system: System,
  { running, reason, version, leavesForeign }: NetworkdState,
  units: UnitStates | null,
  files: readonly FoundFile[],
): Promise<Facts["networkd"]> {
  const process = running ? units?.processes.get("systemd-networkd.service") : undefined;
  return {
    running,
    reason,
    version,
    ...(await readProcess(system, process)),
    leaves: leavesForeign,
    leavesOnDisk: foreignManagement(files, Number.POSITIVE_INFINITY),
  };
}

type Dated = { readonly path: string; readonly modified: number };

function datedFiles(files: readonly FoundFile[]): Dated[] {
  return files.flatMap((file) =>
    file.kind === "text" && file.modified !== undefined ? [{ path: file.path, modified: file.modified }] : [],
  );
}

/** Of the administrator only: the age of others is not that of a file, and new ones are always newer than all. */
function datedDocuments(states: readonly OwnerState[]): Dated[] {
  return states
    .filter(({ source }) => source.startsWith(`${places.documents}/`))
    .map(({ source, changed }) => ({ path: source, modified: changed }));
}

async function readShapes(system: System): Promise<LinkShape[]> {
  if (system.offline) return [];
  const { stdout } = await system.run("ip", ["-j", "-d", "address", "show"]);
  return parseShapes(stdout);
}

async function readNeighborCounts(system: System): Promise<Facts["neighbors"]> {
  return countNeighbors(system.offline ? "[]" : (await system.run("ip", ["-j", "-N", "neigh", "show"])).stdout);
}

/** Links that lead out: no ports, and not those of guests. */
function uplinksOf(kernel: KernelState, shapes: readonly LinkShape[], links: readonly string[]): UplinkFacts[] {
  const outside = shapes.filter((shape) => shape.up && !shape.loopback && shape.master === null);
  return outside
    .filter(({ name }) => !links.includes(name))
    .map(({ name }) => {
      const routes = kernel.routes.filter((route) => linksOfRoute(route).includes(name));
      const dynamic = kernel.links.get(name)?.addresses.some((address) => address.dynamic) ?? false;
      return {
        name,
        advertised: dynamic || routes.some((route) => route.protocol === 9),
        isDefault: routes.some((route) => route.table === 254 && lengthOf(route.destination) === 0),
      };
    });
}

function linksOfRoute(route: KernelState["routes"][number]): string[] {
  return route.nextHops.length > 0 ? route.nextHops.map((hop) => hop.link) : [route.link];
}

/** Protocols of routing daemons in rtnetlink(7) and iproute2's rt_protos; dhcp (16) and ra (9) are not among them. */
function isOfDaemon(protocol: number): boolean {
  return [8, 10, 11, 12, 13, 14, 15, 17, 18, 42, 99].includes(protocol) || (protocol >= 186 && protocol <= 199);
}

function countRoutes({ routes }: KernelState): RouteCounts {
  const ofDaemons = new Map<number, number>();
  for (const { protocol } of routes) {
    if (isOfDaemon(protocol)) ofDaemons.set(protocol, (ofDaemons.get(protocol) ?? 0) + 1);
  }
  const six = routes.filter((route) => familyOf(route.destination) === 6);
  return {
    ipv6: six.length,
    objects: routes.filter((route) => route.objects).length,
    ofDaemons,
    hasDefault6: six.some(
      (route) => route.table === 254 && lengthOf(route.destination) === 0 && route.type === "unicast",
    ),
  };
}

function lostFiles(tree: UnitTree): LostFile[] {
  return tree.flatMap((file): LostFile[] => {
    const { path } = file;
    const directory = path.endsWith(".d") || (unitDirectories as readonly string[]).includes(path);
    if (file.kind === "unreadable") return [{ path, line: 0, reason: file.reason, directory }];
    const failure = file.kind === "text" ? scanFile(path, file.text).failure : undefined;
    return failure === undefined ? [] : [{ path, ...failure, directory: false }];
  });
}

/** What cannot be read is left out: most sysctls of links are readable for all, and a link may just be gone. */
async function readSysctls(system: System, links: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (system.offline) return found;
  const read = async (key: string, path: string) => {
    const text = await system.readText(path).catch(() => null);
    if (text !== null) found.set(key, text.trim());
  };
  await Promise.all(hostKeys.map((key) => read(key, `/proc/sys/${key.replaceAll(".", "/")}`)));
  for (const link of ["all", "default", ...links]) {
    await Promise.all(
      linkKeys.map(([family, key]) =>
        read(`net.${family}.conf.${link}.${key}`, `/proc/sys/net/${family}/conf/${link}/${key}`),
      ),
    );
  }
  return found;
}

/** netplan reads them below /lib, /run and /etc. */
async function yamlOfNetplan(system: System): Promise<string[]> {
  const directories = ["/etc/netplan", "/run/netplan", "/usr/lib/netplan"];
  const found = await Promise.all(
    directories.map(async (directory) => {
      const names = await system.list(directory).catch(() => []);
      return names.filter((name) => name.endsWith(".yaml")).map((name) => `${directory}/${name}`);
    }),
  );
  return found.flat();
}
