import { plainGuestsOf } from "../model/alike.ts";
import type { Note } from "../model/change.ts";
import { isExclusive } from "../networkd/exclusive.ts";
import { standalonePath } from "../networkd/paths.ts";
import type { LinkRendering } from "../networkd/render.ts";
import { type BaseResolution, linksSharing } from "../networkd/resolveBase.ts";
import type { Observed } from "../observe/observe.ts";
import { ownLimit } from "../plan/limits.ts";
import { hopNotes } from "./hopNotes.ts";

/** What is to be known of the files of one link, and why they cannot be written. */
export function fileNotes(
  link: string,
  base: Exclude<BaseResolution, { kind: "refused" }>,
  owners: LinkRendering["owners"],
  observed: Observed,
  isMade: boolean,
): Note[] {
  if (isMade && base.kind === "base") return [precededNote(link, base, observed)];
  return [
    ...(base.kind === "base" ? sharingNotes(link, base, observed) : standaloneNotes(link, observed, isMade)),
    ...(isMade ? [] : absentNotes(link, observed)),
    ...limitNotes(link, owners, observed),
    ...hopNotes(link, owners, observed),
  ];
}

/** The gateways stand in our base file, so that somebody else's must not come first. */
function precededNote(link: string, { name }: BaseResolution & { kind: "base" }, { tree }: Observed): Note {
  const path = tree.find((file) => file.path.endsWith(`/${name}`))?.path ?? name;
  const text =
    `${path} applies to ${link} and comes before the base file that netkeep writes for its bridge; have it not match ` +
    `${link}, or take \`bridge\` out of the document`;
  return { level: "refusal", link, text };
}

function absentNotes(link: string, observed: Observed): Note[] {
  if (observed.kernel.links.has(link) || observed.kernel.links.size === 0) return [];
  const text = `${link} does not exist yet; its files are written, and networkd applies them when it appears`;
  return [{ level: "info", link, text }];
}

function standaloneNotes(link: string, observed: Observed, isMade: boolean): Note[] {
  const notes: Note[] = [];
  if (!isMade && !observed.generated.has(standalonePath(link))) {
    notes.push({ level: "info", link, text: `no base file matches ${link}: netkeep writes ${standalonePath(link)}` });
  }
  if (livesOnAdvertisements(link, observed)) {
    const text =
      `${link} has addresses or routes from router advertisements that the kernel handles, and networkd would end ` +
      `that; give ${link} a base file with IPv6AcceptRA=yes first`;
    notes.push({ level: "refusal", link, text });
  }
  return notes;
}

/** A drop-in of a base file gives its entries to every link that the file applies to, now or when it appears. */
function sharingNotes(link: string, base: BaseResolution & { kind: "base" }, observed: Observed): Note[] {
  const remedy = `give ${link} a base file of its own, with [Match] Name=${link}, that sorts before it`;
  const facts = [...observed.kernel.links.values()].map((other) => other.facts);
  const sharing = linksSharing(observed.tree, base.name, link, facts, observed.host);
  if (sharing.length > 0) {
    const text =
      `the base file ${base.name} of ${link} also applies to ${sharing.join(", ")}, so a drop-in would give the entries to ` +
      `all of them; ${remedy}`;
    return [{ level: "refusal", link, text }];
  }
  if (base.sections.length === 0 || isExclusive(base.sections, link)) return [];
  const text =
    `the base file ${base.name} of ${link} matches more than this one name, so the next link that it applies to would get ` +
    `the entries too; ${remedy}`;
  return [{ level: "refusal", link, text }];
}

/** networkd ignores what is over its limit, and says so only in its journal. */
function limitNotes(link: string, owners: LinkRendering["owners"], observed: Observed): Note[] {
  const { networkd, routeLimit } = observed;
  const routes = owners.reduce((sum, owner) => sum + routesOf(owner), 0);
  if (routes <= routeLimit) return [];
  const text =
    routes > ownLimit
      ? `${link} gets ${routes} routes, and netkeep gives no link more than ${ownLimit}, because a reload of ` +
        "systemd-networkd takes too long with more; spread the routes over several links, or keep the link live (mode: live)"
      : `${link} gets ${routes} routes, and systemd-networkd ${networkd.version} on this host loads ${routeLimit} for one ` +
        "link and ignores the rest; set net.ipv6.route.max_size=100000 in sysctl.d(5), apply it and restart systemd-networkd, " +
        "or spread the routes over several links";
  return [{ level: "refusal", link, text }];
}

function routesOf(owner: LinkRendering["owners"][number]): number {
  const plain = plainGuestsOf(owner);
  if (plain !== undefined) return plain.reduce((sum, { macs }) => sum + macs.size, 0);
  let routes = 0;
  for (const { kind } of owner.entries) if (kind === "route") routes += 1;
  return routes;
}

/** Protocol ra (9), or dynamic addresses: who set them up is not networkd, for it does not know the link. */
function livesOnAdvertisements(link: string, observed: Observed): boolean {
  const kernel = observed.kernel;
  const managed = observed.statuses.get(link)?.baseFile != null;
  if (managed) return false;
  return (
    kernel.routes.some((route) => route.link === link && route.protocol === 9) ||
    (kernel.links.get(link)?.addresses.some((address) => address.dynamic) ?? false)
  );
}
