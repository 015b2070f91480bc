import type { BaseSituation, LinkSituation } from "../../doctor/facts.ts";
import type { LinkShape } from "../../kernel/parseShapes.ts";
import { type Family, familyOf } from "../../model/address.ts";
import { type Entry, prefixesOf } from "../../model/entry.ts";
import { type LinkFacts, virtualLinkFacts } from "../../model/link.ts";
import { chooseBaseFile } from "../../networkd/baseFile.ts";
import { isExclusive } from "../../networkd/exclusive.ts";
import { readLinkFiles } from "../../networkd/linkFiles.ts";
import { netdevHints } from "../../networkd/matchNetdev.ts";
import { isGenerated, standalonePath } from "../../networkd/paths.ts";
import { unitFiles } from "../../networkd/precedence.ts";
import { type BaseResolution, linksSharing, resolveBase } from "../../networkd/resolveBase.ts";
import { assignments, scanFile } from "../../networkd/scan.ts";
import type { Observed } from "../../observe/observe.ts";
import { whyLive } from "../../prepare/linkMode.ts";
import type { Prepared } from "../../prepare/prepare.ts";
import type { System } from "../../system/system.ts";

interface Surroundings {
  readonly prepared: Prepared;
  readonly observed: Observed;
  readonly shapes: readonly LinkShape[];
  /** Also of links that no document names. */
  readonly claims: Observed["claims"];
}

/** All that the checks of one link look at, for each of these links. */
export async function lookAtLinks(
  system: System,
  links: readonly string[],
  around: Surroundings,
): Promise<LinkSituation[]> {
  const entries = new Map<string, Entry[]>();
  for (const entry of around.prepared.entries.values()) {
    const list = entries.get(entry.link);
    if (list === undefined) entries.set(entry.link, [entry]);
    else list.push(entry);
  }
  return Promise.all(links.map((link) => lookAt(system, link, entries.get(link) ?? [], around)));
}

async function lookAt(
  system: System,
  name: string,
  entries: readonly Entry[],
  around: Surroundings,
): Promise<LinkSituation> {
  const { prepared, observed, shapes, claims } = around;
  const shape = shapes.find((candidate) => candidate.name === name);
  const netdev = netdevOf(name, observed);
  const facts = factsOf(name, around);
  const resolved = resolveBase(observed.tree, facts, observed.host, observed.statuses.get(name) ?? null);
  const base = baseOf(name, resolved, facts, around);
  const settings = prepared.desired.links.get(name);
  const type =
    shape === undefined ? null : await system.readText(`/sys/class/net/${name}/addr_assign_type`).catch(() => null);
  const families = new Set<Family>(
    entries.flatMap((entry) => (entry.kind === "rule" ? [entry.family] : prefixesOf(entry).map(familyOf))),
  );
  const tables = entries.flatMap((entry) =>
    entry.kind === "route" && entry.table !== 254 && familyOf(entry.destination) === 4 ? [entry.table] : [],
  );
  return {
    name,
    exists: shape !== undefined,
    kind: facts.kind,
    mac: shape?.mac ?? null,
    // NET_ADDR_SET of linux/netdevice.h.
    macPinned: type === null ? null : type.trim() === "3",
    mtu: shape?.mtu ?? null,
    ports: shapes.filter((port) => port.master === name).map((port) => ({ name: port.name, mtu: port.mtu })),
    netdev,
    families,
    tables: [...new Set(tables)].sort((a, b) => a - b),
    entries: entries.length,
    carrier: settings?.carrier ?? null,
    base,
    files: filesOf(name, base, observed),
    managers: claims.get(name) ?? [],
    live: whyLive(name, resolved, settings, { claims, networkd: observed.networkd }),
  };
}

function factsOf(name: string, { prepared, observed }: Surroundings): LinkFacts {
  const existing = observed.kernel.links.get(name);
  if (existing !== undefined) return existing.facts;
  const hint = netdevHints(observed.tree, observed.host).get(name);
  const kind = hint?.kind ?? prepared.desired.links.get(name)?.kind;
  return kind === undefined ? { name, alternativeNames: [] } : virtualLinkFacts(name, kind, hint?.mac);
}

function baseOf(name: string, base: BaseResolution, facts: LinkFacts, { observed }: Surroundings): BaseSituation {
  const { tree, host, statuses, kernel } = observed;
  const status = statuses.get(name) ?? null;
  if (base.kind === "base") {
    const path = unitFiles(tree, ".network").find((unit) => unit.name === base.name)?.file.path ?? base.name;
    const others = [...kernel.links.values()].map((link) => link.facts);
    const sharing = linksSharing(tree, base.name, name, others, host);
    if (sharing.length > 0) return { kind: "shared", path, with: sharing };
    const own = base.sections.length === 0 || isExclusive(base.sections, name);
    return { kind: own ? "own" : "pattern", path };
  }
  if (base.kind === "standalone") {
    const path = standalonePath(name);
    const managed = status?.baseFile != null;
    const advertised =
      kernel.routes.some((route) => route.link === name && route.protocol === 9) ||
      (kernel.links.get(name)?.addresses.some((address) => address.dynamic) ?? false);
    return { kind: "none", path, written: observed.generated.has(path), advertisements: !managed && advertised };
  }
  return refusalOf(base.problem, facts, observed);
}

function refusalOf(problem: string, facts: LinkFacts, { tree, host }: Observed): BaseSituation {
  const choice = chooseBaseFile(
    tree.filter((file) => !isGenerated(file.path)),
    facts,
    host,
  );
  switch (choice.kind) {
    case "unmanaged":
      return { kind: "unmanaged", path: choice.setAt.path, line: choice.setAt.line, problem };
    case "masked":
      return { kind: "masked", path: choice.maskedBy, problem };
    case "broken":
      return { kind: "broken", path: choice.breakage.path, line: choice.breakage.line, problem };
    default:
      return { kind: "undecided", problem };
  }
}

function filesOf(name: string, base: BaseSituation, { tree }: Observed): LinkSituation["files"] {
  if (base.kind === "own" || base.kind === "shared" || base.kind === "pattern") {
    return readLinkFiles(tree, base.path.slice(base.path.lastIndexOf("/") + 1));
  }
  const path = standalonePath(name);
  return base.kind === "none" ? readLinkFiles(tree, path.slice(path.lastIndexOf("/") + 1)) : null;
}

function netdevOf(name: string, { tree }: Observed): string | null {
  const unit = unitFiles(tree, ".netdev").find(({ file }) => {
    if (file.kind !== "text") return false;
    return assignments(scanFile(file.path, file.text).sections, "NetDev", "Name").at(-1)?.value === name;
  });
  return unit?.file.path ?? null;
}
