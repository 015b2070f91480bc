import type { Finding } from "../model/finding.ts";
import type { OwnerState } from "../model/owner.ts";

/** An audit with all that its reports show. Times are milliseconds, since 1970 where they are points in time. */
export interface AuditReport {
  /** null for an image (`--root`). */
  readonly host: string | null;
  /** Of netkeep. */
  readonly version: string;
  /** When the reading of the host began. */
  readonly time: number;
  readonly duration: number;
  /** Of the command. */
  readonly exitCode: number;
  readonly findings: readonly Finding[];
  /** What was found before the repair; empty without one. */
  readonly repaired: readonly Finding[];
  readonly networkd: { readonly running: boolean; readonly reason: string; readonly version: number | null };
  /** Everybody's effective entries: what lost a conflict is not among them. */
  readonly owners: readonly OwnerState[];
  readonly links: readonly ReportedLink[];
  /** Made when they are asked for, as `links`: the page alone shows them. */
  readonly files: readonly ReportedFile[];
}

/** A link that has entries, files or findings. */
export interface ReportedLink {
  readonly name: string;
  /** `unknown` for an image. */
  readonly kernel: "up" | "down" | "missing" | "unknown";
  /** The netdev kind, such as bridge; null for hardware and where it is not known. */
  readonly kind: string | null;
  /** networkd's state of the link; null if it does not know the link or does not run. */
  readonly networkd: string | null;
  /** The path of the file that networkd applies. */
  readonly baseFile: string | null;
}

/** A generated file as it should be and as it is; null where it should not exist or does not. */
export interface ReportedFile {
  readonly path: string;
  readonly link: string | null;
  readonly expectedText: string | null;
  readonly actualText: string | null;
  readonly unreadable: string | null;
  /** Which lines of the actual text ask for which entry; counted from 1, the last one included. */
  readonly places: readonly { readonly title: string; readonly first: number; readonly last: number }[];
}

/** Different entries of one kind that the documents ask for; what two owners share counts once. */
export function countEntries(owners: readonly OwnerState[]) {
  const keys = { route: new Set<string>(), neighbor: new Set<string>(), rule: new Set<string>() };
  for (const owner of owners) for (const owned of owner.entries) keys[owned.entry.kind].add(owned.key);
  return { route: keys.route.size, neighbor: keys.neighbor.size, rule: keys.rule.size };
}
