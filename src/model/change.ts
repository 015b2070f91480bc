import type { Entry } from "./entry.ts";

/** A change of the kernel. `before` is what is there now under the same key. */
export type KernelChange =
  | { readonly action: "add"; readonly entry: Entry }
  | { readonly action: "replace"; readonly entry: Entry; readonly before: Entry }
  | { readonly action: "remove"; readonly entry: Entry };

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
}

/** What an apply would do, as a value. Nothing that computes it performs it. */
export interface Plan {
  readonly kernel: readonly KernelChange[];
  readonly files: readonly FileChange[];
  /** Links whose files change: networkd sets these up anew at the reload. */
  readonly reloads: readonly string[];
  readonly notes: readonly Note[];
}
