import type { FoundFile } from "../model/file.ts";
import type { HostFacts, LinkFacts } from "../model/link.ts";
import { type MatchVerdict, matchLink, type UndecidedCondition } from "./matchLink.ts";
import { isMask, type UnitFile, type UnitTree, unitFiles } from "./precedence.ts";
import { assignments, type Section, scanFile } from "./scan.ts";

/** A file that networkd gives up on, and where. */
export interface Breakage {
  /** The base file or the drop-in at fault. */
  readonly path: string;
  /** 0 if it cannot be read at all. */
  readonly line: number;
  readonly reason: string;
}

/** A base file that would come first for the link, if it were not masked or broken. */
export type PassedOver =
  | { readonly kind: "masked"; readonly path: string; readonly maskedBy: string }
  | { readonly kind: "broken"; readonly path: string; readonly breakage: Breakage };

export type BaseFileChoice =
  | {
      readonly kind: "file";
      readonly path: string;
      readonly dropIns: readonly string[];
      /** Of the base file and then of its drop-ins: what networkd applies, for assignments(). */
      readonly sections: readonly Section[];
      readonly passedOver: readonly PassedOver[];
    }
  /** Unmanaged=yes; `setAt` is where, maybe in a drop-in. */
  | { readonly kind: "unmanaged"; readonly path: string; readonly setAt: { path: string; line: number } }
  /** 256 and later: the udev property ID_NET_MANAGED_BY names another program. */
  | { readonly kind: "managedElsewhere"; readonly by: string }
  /** No file applies, but one would. */
  | PassedOver
  | { readonly kind: "none" }
  /** `otherwise`: the file that applies if none of the conditions holds. */
  | {
      readonly kind: "undecided";
      readonly conditions: readonly UndecidedCondition[];
      readonly otherwise: string | undefined;
    };

/** What a base file is once it was read: its sections, or why networkd does not have it. */
type Loaded =
  | {
      readonly kind: "loaded";
      readonly path: string;
      readonly dropIns: readonly string[];
      readonly sections: Section[];
    }
  | { readonly kind: "lost"; readonly sections: Section[]; readonly why: PassedOver }
  | { readonly kind: "nothing" };

/**
 * Finds the base file of a link as networkd does: files by name, the first one that matches (systemd.network(5)
 * DESCRIPTION; network_load() and link_get_network(), 252 and 257). A file that networkd cannot read or parse, with its
 * drop-ins, does not exist for it, so that a later one may apply. An earlier file that cannot be decided with the facts
 * at hand leaves the choice undecided. `lo` is matched like any other link.
 */
export function chooseBaseFile(tree: UnitTree, link: LinkFacts, host: HostFacts): BaseFileChoice {
  const by = managedBy(link, host);
  if (by !== undefined) return { kind: "managedElsewhere", by };
  const conditions: UndecidedCondition[] = [];
  const passedOver: PassedOver[] = [];
  let chosen: (Loaded & { kind: "loaded" }) | undefined;
  for (const loaded of loadedFiles(tree)) {
    if (loaded.kind === "nothing") continue;
    const match: MatchVerdict = matchLink(loaded.sections, link, host);
    if (loaded.kind === "lost") {
      if (match.verdict === "yes") passedOver.push(loaded.why);
    } else if (match.verdict === "undecided") {
      conditions.push(...match.conditions);
    } else if (match.verdict === "yes") {
      chosen = loaded;
      break;
    }
  }
  if (conditions.length > 0) return { kind: "undecided", conditions, otherwise: chosen?.path };
  if (chosen === undefined) return passedOver[0] ?? { kind: "none" };
  const { path, dropIns, sections } = chosen;
  const setAt = unmanagedAt(sections);
  return setAt === undefined
    ? { kind: "file", path, dropIns, sections, passedOver }
    : { kind: "unmanaged", path, setAt };
}

/** Trees that were loaded: a host can have thousands of links, and all are asked of one tree. */
const known = new WeakMap<UnitTree, readonly Loaded[]>();

function loadedFiles(tree: UnitTree): readonly Loaded[] {
  const loaded = known.get(tree) ?? unitFiles(tree, ".network").map(load);
  known.set(tree, loaded);
  return loaded;
}

/** The property counts from 256 on; a host whose version is not known is taken for a new one. */
function managedBy(link: LinkFacts, host: HostFacts): string | undefined {
  const by = link.properties?.["ID_NET_MANAGED_BY"];
  const ours = by === undefined || by === "io.systemd.Network";
  return ours || (host.systemdVersion ?? 256) < 256 ? undefined : by;
}

/** The last valid boolean of Unmanaged= in [Link], if it is a yes. */
function unmanagedAt(sections: readonly Section[]): { path: string; line: number } | undefined {
  const last = assignments(sections, "Link", "Unmanaged")
    .filter(({ value }) => /^(?:1|yes|y|true|t|on|0|no|n|false|f|off)$/i.test(value))
    .at(-1);
  return last !== undefined && /^(?:1|yes|y|true|t|on)$/i.test(last.value)
    ? { path: last.path, line: last.line }
    : undefined;
}

function load({ file, hidden, dropIns }: UnitFile): Loaded {
  const masked = isMask(file) || file.kind === "dangling";
  const source = masked ? hidden.find((lower) => lower.kind === "text" && lower.text !== "") : file;
  if (source === undefined) return { kind: "nothing" };
  const { sections, breakage } = readAll([source, ...dropIns]);
  if (masked) {
    return { kind: "lost", sections, why: { kind: "masked", path: source.path, maskedBy: file.path } };
  }
  if (breakage !== undefined) {
    return { kind: "lost", sections, why: { kind: "broken", path: file.path, breakage } };
  }
  return { kind: "loaded", path: file.path, dropIns: dropIns.map(({ path }) => path), sections };
}

/** Reads on after a breakage, and what networkd may not read, to tell what the files were meant for. */
function readAll(files: readonly FoundFile[]): { sections: Section[]; breakage?: Breakage } {
  const sections: Section[] = [];
  const breakages: Breakage[] = [];
  for (const file of files) {
    const { path } = file;
    if (file.kind === "unreadable") breakages.push({ path, line: 0, reason: file.reason });
    const text = file.kind === "text" || file.kind === "unreadable" ? file.text : undefined;
    if (text === undefined) continue;
    const scanned = scanFile(path, text);
    sections.push(...scanned.sections);
    if (scanned.failure !== undefined) breakages.push({ path, ...scanned.failure });
  }
  const [breakage] = breakages;
  return breakage === undefined ? { sections } : { sections, breakage };
}
