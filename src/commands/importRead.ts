import type { CommandContext } from "../context.ts";
import type { DocumentContext } from "../desired/document.ts";
import { exitCodes, UserError } from "../errors.ts";
import { placeRules } from "../import/placeRules.ts";
import type { RouterFacts } from "../import/shapes.ts";
import type { ImportInput } from "../import/sift.ts";
import { parseNeighborExtras, parseRouteExtras } from "../kernel/parseExtras.ts";
import { type Address, lengthOf } from "../model/address.ts";
import { entryKey } from "../model/entry.ts";
import type { Extra } from "../model/leftOut.ts";
import { kernelProtocol, linksOf } from "../model/route.ts";
import type { KernelState } from "../model/state.ts";
import type { LinkStatus } from "../networkd/describe.ts";
import { isGenerated } from "../networkd/paths.ts";
import { type PlacedEntry, placedEntries } from "../networkd/placedEntries.ts";
import { unitFiles } from "../networkd/precedence.ts";
import { resolveBase } from "../networkd/resolveBase.ts";
import { scanFile } from "../networkd/scan.ts";
import type { Observed } from "../observe/observe.ts";
import { observeLinks } from "../observe/observeNetworkd.ts";
import { documentContext, hostAddressesOf, prepare } from "../prepare/prepare.ts";
import { readTableNames } from "../prepare/tableNames.ts";
import type { System } from "../system/system.ts";

/** Everything that an import is made of. */
export interface ImportReading {
  readonly input: ImportInput;
  /** What base files and drop-ins of the links say, those of netkeep aside. */
  readonly placed: readonly PlacedEntry[];
  readonly context: DocumentContext;
  readonly facts: RouterFacts;
  readonly hostAddresses: readonly Address[];
}

/**
 * Reads the host for an import.
 *
 * @param links the links to import from; null for all that have anything
 * @throws UserError 64 for a link that does not exist
 */
export async function readImport(
  { system, settings }: CommandContext,
  links: readonly string[] | null,
): Promise<ImportReading> {
  const prepared = await prepare(system, settings, {
    given: [],
    persistence: "persistent",
    adopt: false,
    tolerant: true,
  });
  const { observed } = prepared;
  const { kernel } = observed;
  const absent = (links ?? []).filter((link) => !kernel.links.has(link));
  if (absent.length > 0) throw new UserError(exitCodes.usage, `there is no link ${absent.join(", ")} on this host`);
  const selected = new Set(links ?? linksInUse(kernel));
  const [statuses, extras] = await Promise.all([
    observed.networkd.running ? observeLinks(system, kernel.links, [...selected]) : new Map<string, LinkStatus>(),
    readExtras(system),
  ]);
  const placed = [...selected].flatMap((link) => placedOn(link, observed, statuses.get(link) ?? null));
  const ruleSections = rulesOfOthers(observed);
  const sources = new Map([...statuses.values()].flatMap((status) => [...status.entries]));
  const input: ImportInput = {
    links: selected,
    all: links === null,
    kernel: { ...kernel, rules: placeRules(kernel.rules, kernel.routes, new Set(kernel.links.keys())) },
    record: prepared.record,
    desired: ownersByKey(prepared.desired.owners),
    files: new Map([...placesByKey(ruleSections), ...placesByKey(placed)]),
    vagueRule: placeOf(ruleSections.find(({ entry }) => entry === null)),
    sourceOf: (key) => sources.get(key) ?? "foreign",
    extras,
  };
  return {
    input,
    placed,
    context: documentContext(settings, kernel, false, await readTableNames(system)),
    facts: { links: kernel.links, gateways: new Set(defaultGateways(kernel)) },
    hostAddresses: hostAddressesOf(kernel),
  };
}

/** All but loopback on which there is more than the kernel's own: asking networkd of a thousand taps takes its time. */
function linksInUse({ routes, neighbors, links }: KernelState): string[] {
  const used = new Set(neighbors.map(({ link }) => link));
  for (const route of routes) if (route.protocol !== kernelProtocol) for (const link of linksOf(route)) used.add(link);
  return [...used].filter((link) => links.has(link) && link !== "lo").sort();
}

/** The sections of a link's files that ask for entries; a base file of netkeep's own has none. */
export function placedOn(
  link: string,
  observed: Pick<Observed, "tree" | "host" | "kernel">,
  status: LinkStatus | null,
  ours = false,
): PlacedEntry[] {
  const facts = observed.kernel.links.get(link)?.facts ?? { name: link, alternativeNames: [] };
  const base = resolveBase(observed.tree, facts, observed.host, status);
  const name = base.kind === "base" ? base.name : base.kind === "standalone" ? `60-netkeep-${link}.network` : null;
  const unit = unitFiles(observed.tree, ".network").find((file) => file.name === name);
  if (unit === undefined) return [];
  return [unit.file, ...unit.dropIns].flatMap((file) => {
    if (file.kind !== "text" || isGenerated(file.path) !== ours) return [];
    return placedEntries(scanFile(file.path, file.text).sections, link);
  });
}

/** Rules of all unit files but netkeep's: they belong to no link, so which link each file is for makes no difference. */
function rulesOfOthers({ tree }: Pick<Observed, "tree">): PlacedEntry[] {
  return unitFiles(tree, ".network")
    .flatMap((unit) => [unit.file, ...unit.dropIns])
    .flatMap((file) => (file.kind === "text" && !isGenerated(file.path) ? scanFile(file.path, file.text).sections : []))
    .filter(({ name }) => name === "RoutingPolicyRule")
    .flatMap((section) => placedEntries([section], ""));
}

function placeOf(placed: PlacedEntry | undefined): string | null {
  return placed === undefined ? null : `${placed.path}:${placed.line}`;
}

function ownersByKey(
  owners: readonly { owner: string; entries: readonly { entry: Parameters<typeof entryKey>[0] }[] }[],
) {
  return new Map(owners.flatMap(({ owner, entries }) => entries.map(({ entry }) => [entryKey(entry), owner] as const)));
}

function placesByKey(placed: readonly PlacedEntry[]): Map<string, string> {
  return new Map(
    placed.flatMap(({ entry, path, line }) => (entry === null ? [] : [[entryKey(entry), `${path}:${line}`] as const])),
  );
}

function defaultGateways({ routes }: KernelState): Address[] {
  const all = routes.filter((route) => lengthOf(route.destination) === 0);
  return all
    .flatMap((route) => [route.gateway, ...route.nextHops.map((hop) => hop.gateway)])
    .filter((hop) => hop !== null);
}

async function readExtras(system: System): Promise<Map<string, Extra>> {
  const [routes4, routes6, neighbors] = await Promise.all([
    system.run("ip", ["-N", "-o", "-4", "route", "show", "table", "all"]),
    system.run("ip", ["-N", "-o", "-6", "route", "show", "table", "all"]),
    system.run("ip", ["-N", "neigh", "show", "nud", "permanent"]),
  ]);
  return new Map([
    ...parseRouteExtras(routes4.stdout, 4),
    ...parseRouteExtras(routes6.stdout, 6),
    ...parseNeighborExtras(neighbors.stdout),
  ]);
}
