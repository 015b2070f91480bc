import type { BaseSituation, LinkSituation, OtherManager, UnitState } from "../doctor/facts.ts";
import type { LinkShape } from "../kernel/parseShapes.ts";
import { type Family, familyOf } from "../model/address.ts";
import type { Entry } from "../model/entry.ts";
import { type LinkFacts, virtualLinkFacts } from "../model/link.ts";
import { chooseBaseFile } from "../networkd/baseFile.ts";
import { isExclusive } from "../networkd/exclusive.ts";
import { readLinkFiles } from "../networkd/linkFiles.ts";
import { netdevHints } from "../networkd/matchNetdev.ts";
import { isGenerated, standalonePath } from "../networkd/paths.ts";
import { unitFiles } from "../networkd/precedence.ts";
import { linksSharing, resolveBase } from "../networkd/resolveBase.ts";
import { assignments, scanFile } from "../networkd/scan.ts";
import type { System } from "../system/system.ts";
import type { Observed } from "./observe.ts";
import type { Prepared } from "./prepare.ts";

interface Surroundings {
  readonly prepared: Prepared;
  readonly observed: Observed;
  readonly shapes: readonly LinkShape[];
  readonly units: ReadonlyMap<string, UnitState> | null;
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
  const { prepared, observed, shapes } = around;
  const shape = shapes.find((candidate) => candidate.name === name);
  const netdev = netdevOf(name, observed);
  const facts = factsOf(name, around);
  const base = baseOf(name, facts, around);
  const type =
    shape === undefined ? null : await system.readText(`/sys/class/net/${name}/addr_assign_type`).catch(() => null);
  const families = new Set<Family>(
    entries.map((entry) => familyOf(entry.kind === "route" ? entry.destination : entry.address)),
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
    carrier: prepared.desired.links.get(name)?.carrier ?? null,
    base,
    files: filesOf(name, base, observed),
    managers: await managersOf(system, name, shape?.index ?? null, around),
  };
}

function factsOf(name: string, { prepared, observed }: Surroundings): LinkFacts {
  const existing = observed.kernel.links.get(name);
  if (existing !== undefined) return existing.facts;
  const hint = netdevHints(observed.tree, observed.host).get(name);
  const kind = hint?.kind ?? prepared.desired.links.get(name)?.kind;
  return kind === undefined ? { name, alternativeNames: [] } : virtualLinkFacts(name, kind, hint?.mac);
}

function baseOf(name: string, facts: LinkFacts, { observed }: Surroundings): BaseSituation {
  const { tree, host, statuses, kernel } = observed;
  const status = statuses.get(name) ?? null;
  const base = resolveBase(tree, facts, host, status);
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

async function managersOf(
  system: System,
  name: string,
  index: number | null,
  { units }: Surroundings,
): Promise<OtherManager[]> {
  const found: OtherManager[] = [];
  if (units?.get("NetworkManager.service")?.active === true && index !== null) {
    const path = `/run/NetworkManager/devices/${index}`;
    const text = await system.readText(path).catch(() => null);
    if (/^managed=(true|1)$/m.test(text ?? ""))
      found.push({ name: "NetworkManager", evidence: `${path} says managed=true` });
  }
  const udev = index === null ? null : await system.readText(`/run/udev/data/n${index}`).catch(() => null);
  const by = /^E:ID_NET_MANAGED_BY=(.+)$/m.exec(udev ?? "")?.[1];
  if (by !== undefined && by !== "io.systemd.Network") {
    found.push({ name: "another program", evidence: `the udev property ID_NET_MANAGED_BY is ${by}` });
  }
  const ifupdown = await ifupdownOf(system, name);
  return ifupdown === null ? found : [...found, { name: "ifupdown", evidence: ifupdown }];
}

/** interfaces(5): a stanza for the link, or that it is up by ifup(8). */
async function ifupdownOf(system: System, name: string): Promise<string | null> {
  const state = await system.readText("/run/network/ifstate").catch(() => null);
  const escaped = name.replace(/[.]/g, "\\.");
  if (new RegExp(`^${escaped}=`, "m").test(state ?? "")) return "/run/network/ifstate lists it";
  const extra = await system.list("/etc/network/interfaces.d").catch(() => []);
  for (const path of ["/etc/network/interfaces", ...extra.map((file) => `/etc/network/interfaces.d/${file}`)]) {
    const text = (await system.readText(path).catch(() => null)) ?? "";
    const line = text.split("\n").findIndex((words) => new RegExp(`^\\s*iface\\s+${escaped}\\s`).test(words));
    if (line >= 0) return `${path}:${line + 1} has a stanza for it`;
  }
  return null;
}
