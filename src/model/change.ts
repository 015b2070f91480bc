import type { Bridge } from "./bridge.ts";
import type { Entry } from "./entry.ts";
import type { KernelNeighbor } from "./state.ts";

/** A change of the kernel. `before` is what is there now under the same key. */
export type KernelChange =
  | { readonly action: "add"; readonly entry: Entry }
  | { readonly action: "replace"; readonly entry: Entry; readonly before: Entry }
  | { readonly action: "remove"; readonly entry: Entry };

/** One thing about a bridge that is not as documents say. Null is "not there", or "not to be there". */
export interface BridgeDifference {
  readonly what: "mac" | "stp" | "group" | "state" | "address" | "sysctl";
  /** The sysctl's key as in /proc/sys; else null. */
  readonly key: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** A change of a bridge that netkeep makes. */
export type BridgeChange =
  | { readonly action: "add"; readonly link: string; readonly bridge: Bridge }
  | {
      readonly action: "replace";
      readonly link: string;
      readonly bridge: Bridge;
      /** Somebody else has made it. */
      readonly takesOver: boolean;
      readonly differences: readonly BridgeDifference[];
      /** All permanent neighbors of the link, to be set again: a change of the MAC flushes them. Empty without one. */
      readonly neighbors: readonly KernelNeighbor[];
    }
  | { readonly action: "remove"; readonly link: string };

/** A generated file: absolute path as on the host, its whole text, and the entries that stand in it. */
export interface RenderedFile {
  readonly path: string;
  readonly text: string;
  readonly entries: readonly Entry[];
}

/** A change of a file; `before` null is a file that does not exist yet. */
export type FileChange =
  | { readonly action: "write"; readonly path: string; readonly text: string; readonly before: string | null }
  | { readonly action: "remove"; readonly path: string; readonly before: string };

/** A sentence that goes with a plan; a refusal stops the plan from being applied. */
export interface Note {
  readonly level: "info" | "warning" | "refusal";
  readonly link: string | null;
  readonly text: string;
  /** So at each run until somebody changes the host: said by who plans and applies, not at each event of a guest. */
  readonly standing?: boolean;
}

/** What an apply would do, as a value. Nothing that computes it performs it. */
export interface Plan {
  readonly bridges: readonly BridgeChange[];
  readonly kernel: readonly KernelChange[];
  readonly files: readonly FileChange[];
  /** Links whose files change: networkd sets these up anew at the reload. */
  readonly reloads: readonly string[];
  readonly notes: readonly Note[];
}

/** One difference for people: `stp off (is on)`. */
export function differenceText({ what, key, expected, actual }: BridgeDifference): string {
  const name = key ?? what;
  if (expected === null) return `${name} ${actual} goes`;
  return actual === null ? `${name} ${expected}` : `${name} ${expected} (is ${actual})`;
}
