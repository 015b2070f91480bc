import type { HostFacts, LinkFacts } from "../model/link.ts";
import { type BaseFileChoice, chooseBaseFile } from "./baseFile.ts";
import type { LinkStatus } from "./describe.ts";
import { baseNameOf, isGenerated, isLinkFile, standaloneLink } from "./paths.ts";
import { closedDirectories, type UnitTree, unitFiles } from "./precedence.ts";
import { linkOfFile } from "./render.ts";
import type { Section } from "./scan.ts";

/** Where the drop-ins of a link go, or why they cannot. */
export type BaseResolution =
  | {
      readonly kind: "base";
      readonly name: string;
      readonly sections: readonly Section[];
      /** networkd and our own evaluation agree: no base file has changed since networkd's last reload. */
      readonly certain: boolean;
      /** What networkd will choose at its next reload, where that is not this file; null if nothing says so. */
      readonly upcoming: BaseFileChoice | null;
    }
  /** No file matches: netkeep writes one. */
  | { readonly kind: "standalone" }
  | { readonly kind: "refused"; readonly problem: string; readonly choice: BaseFileChoice };

/**
 * The base file of one link: what networkd says while that file is still there, else what networkd would choose. Our own
 * standalone file counts only while nothing else matches.
 *
 * @param status what networkd says of the link; null if it does not run or the link does not exist
 */
export function resolveBase(
  tree: UnitTree,
  link: LinkFacts,
  host: HostFacts,
  status: LinkStatus | null,
): BaseResolution {
  const [closed] = closedDirectories(tree);
  if (closed !== undefined) return refusal(link.name, broken(closed.path, closed.reason));
  const foreign = withoutOurs(tree);
  const choice = chooseBaseFile(foreign, link, host);
  const loaded = status?.baseFile ?? null;
  if (loaded !== null && standaloneLink(loaded) === null) {
    const name = loaded.slice(loaded.lastIndexOf("/") + 1);
    const unit = unitFiles(foreign, ".network").find((file) => file.name === name);
    if (unit?.file.kind === "text" && unit.file.text !== "") {
      if (choice.kind === "unmanaged" && choice.path.endsWith(`/${name}`)) return refusal(link.name, choice);
      const certain = choice.kind === "file" && choice.path.endsWith(`/${name}`);
      const upcoming = certain || choice.kind === "undecided" ? null : choice;
      return {
        kind: "base",
        name,
        sections: choice.kind === "file" && certain ? choice.sections : [],
        certain,
        upcoming,
      };
    }
  }
  if (choice.kind === "file") {
    const name = choice.path.slice(choice.path.lastIndexOf("/") + 1);
    return { kind: "base", name, sections: choice.sections, certain: status === null, upcoming: null };
  }
  if (choice.kind === "undecided" && status === null) {
    const remembered = rememberedBase(tree, link.name, choice);
    if (remembered !== null) return remembered;
  }
  // networkd has looked at every condition and found that none matches.
  const decided = choice.kind === "undecided" && status !== null && choice.otherwise === undefined;
  return choice.kind === "none" || decided ? { kind: "standalone" } : refusal(link.name, choice);
}

/** Other links that the same base file applies to: a drop-in would give them the entries too. */
export function linksSharing(
  tree: UnitTree,
  baseName: string,
  link: string,
  others: readonly LinkFacts[],
  host: HostFacts,
): string[] {
  const foreign = withoutOurs(tree);
  return others
    .filter((other) => other.name !== link)
    .filter((other) => {
      const choice = chooseBaseFile(foreign, other, host);
      const path = choice.kind === "file" ? choice.path : choice.kind === "undecided" ? choice.otherwise : undefined;
      return path?.endsWith(`/${baseName}`) === true;
    })
    .map((other) => other.name);
}

/**
 * Where the drop-ins of the link are already, if that is one of the answers in question. At boot most links do not exist
 * yet, and their hardware cannot be asked; when the drop-ins were written it could.
 */
function rememberedBase(
  tree: UnitTree,
  link: string,
  choice: BaseFileChoice & { kind: "undecided" },
): BaseResolution | null {
  const candidates = new Set(choice.conditions.map(({ path }) => path.replace(/\.d\/[^/]*$/, "").replace(/^.*\//, "")));
  if (choice.otherwise !== undefined) candidates.add(choice.otherwise.replace(/^.*\//, ""));
  for (const file of tree) {
    if (file.kind !== "text" || !isLinkFile(file.path) || linkOfFile(file.text) !== link) continue;
    const name = standaloneLink(file.path) === null ? baseNameOf(file.path) : null;
    if (name === null && choice.otherwise === undefined) return { kind: "standalone" };
    if (name !== null && candidates.has(name))
      return { kind: "base", name, sections: [], certain: true, upcoming: null };
  }
  return null;
}

/** One foreign part for each tree, so that what is known of it can be kept. */
const foreignParts = new WeakMap<UnitTree, UnitTree>();

/** Without what netkeep generated, standalone base files included: none of it has a [Match] of somebody else. */
export function withoutOurs(tree: UnitTree): UnitTree {
  const foreign = foreignParts.get(tree) ?? tree.filter((file) => !isGenerated(file.path));
  foreignParts.set(tree, foreign);
  return foreign;
}

/** What stands in there is not known, and a base file of ours in another's place would outlive the fault. */
function broken(path: string, reason: string): BaseFileChoice {
  return { kind: "broken", path, breakage: { path, line: 0, reason } };
}

function refusal(link: string, choice: BaseFileChoice): BaseResolution {
  const problem = (text: string): BaseResolution => ({ kind: "refused", problem: text, choice });
  switch (choice.kind) {
    case "unmanaged":
      return problem(
        `networkd does not manage ${link}: ${choice.setAt.path}:${choice.setAt.line} says Unmanaged=yes; ` +
          `remove that line, or give ${link} a base file of its own that sorts before ${choice.path}`,
      );
    case "managedElsewhere":
      return problem(`${link} is managed by ${choice.by} (udev property ID_NET_MANAGED_BY), not by networkd`);
    case "masked":
      return problem(
        `the base file of ${link}, ${choice.path}, is masked by ${choice.maskedBy}; remove the mask, or give ${link} ` +
          "another base file",
      );
    case "broken":
      return problem(
        `networkd cannot use ${choice.breakage.path}${choice.breakage.line > 0 ? `:${choice.breakage.line}` : ""}: ` +
          `${choice.breakage.reason}; mend that file first`,
      );
    case "undecided":
      return problem(
        [
          `cannot tell which base file applies to ${link}: say what the link is with links.${link}.kind in the document`,
          `(bridge, veth …), or give ${link} a base file of its own that sorts before these:`,
          ...choice.conditions.map(({ path, line, text, missing }) => `    ${path}:${line}: ${text}: needs ${missing}`),
        ].join("\n"),
      );
    default:
      return problem(`${link} has no base file`);
  }
}
