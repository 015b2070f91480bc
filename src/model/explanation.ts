import type { Finding, FindingCode } from "./finding.ts";
import type { Persistence } from "./owner.ts";

/**
 * `in-order`: asked for, in every layer, and used. `waiting`: in order but for a link that is not there yet.
 * `not-asked-for`: there, and nobody's. `unknown`: nothing is about just this address; the entries only cover it.
 */
export const verdicts = ["in-order", "waiting", "drift", "not-asked-for", "unknown"] as const;
export type Verdict = (typeof verdicts)[number];

/** A place in a file, `FILE:LINE`, and what is there. */
export interface Wish {
  readonly owner: string;
  readonly persistence: Persistence;
  /** `FILE:LINE` of the document. */
  readonly place: string;
  /** `guests.0.addresses.1` */
  readonly path: string;
  /** null, or the entry of this owner that lost against another owner's. */
  readonly lost: string | null;
}

export interface InFile {
  /** `FILE:LINE` of the section. */
  readonly place: string;
  readonly entry: string;
  /** Written by netkeep. */
  readonly ours: boolean;
  /** Whether networkd applies the file to the link; null if it does not say. */
  readonly loaded: boolean | null;
}

/** One route, neighbor or rule, from the document down to the kernel. */
export interface ExplainedEntry {
  readonly kind: "route" | "neighbor" | "rule";
  readonly link: string;
  /** As it is asked for; else as the kernel has it; else as it stands in a file. */
  readonly entry: string;
  readonly wishes: readonly Wish[];
  readonly files: readonly InFile[];
  /** null where networkd does not run, or does not know the link. */
  readonly networkd: {
    readonly state: string;
    readonly baseFile: string | null;
    /** ConfigSource; null for an entry that it does not list. */
    readonly source: string | null;
  } | null;
  readonly kernel: { readonly entry: string; readonly by: string } | null;
}

/** A bridge that netkeep makes, of which the subject is an address. */
export interface ExplainedGateway {
  readonly link: string;
  readonly owner: string;
  readonly persistence: Persistence;
  /** `FILE:LINE` of the document. */
  readonly place: string;
  readonly path: string;
  /** Whether the link has the address. */
  readonly there: boolean;
}

/** What the kernel would do with a packet of this host to the address. */
export interface PacketPath {
  readonly address: string;
  /** The route that it takes; null for none. */
  readonly route: string | null;
  /** For people: by which link to whom, or why it takes no route. */
  readonly text: string;
  /** Whether it is one of the explained routes; null if none of them could be meant. */
  readonly explained: boolean | null;
}

/** A finding of the audit, or `not-used`: packets go another way. */
export interface ExplainedProblem extends Pick<Finding, "severity" | "message" | "expected" | "actual" | "fix"> {
  readonly code: FindingCode | "not-used";
}

/** An address or prefix through all layers. */
export interface Explanation {
  readonly subject: string;
  readonly verdict: Verdict;
  readonly entries: readonly ExplainedEntry[];
  readonly gateways: readonly ExplainedGateway[];
  /** null below --root. */
  readonly packets: PacketPath | null;
  readonly problems: readonly ExplainedProblem[];
  /** Why networkd has no view; null if it runs. */
  readonly networkdAbsent: string | null;
}
