import type { Place, Problem } from "./problem.ts";

/** One document's text as data, and where in the text each path stands. */
export interface ParsedText {
  /** undefined if the syntax is wrong. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The position of the node at `path`; of the key that leads to it with `onKey`. The nearest parent if there is none. */
  locate(path: readonly PropertyKey[], onKey: boolean): Place;
  /** Where the text has what stands at `path` in `value`, if that is another place. */
  original?(path: readonly PropertyKey[]): readonly PropertyKey[];
}
