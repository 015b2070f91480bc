import type { Facts, LinkSituation } from "./facts.ts";

/** `skip`: it cannot be decided here; the evidence says why. */
export type Verdict = "ok" | "warn" | "fail" | "skip";

/** What one check found, of the host or of one link. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly link: string | null;
  /** What was read, in sentences. */
  readonly evidence: readonly string[];
  /** Lines for a shell of root; one that begins with `#` is for the reader. Empty if nothing is to be done. */
  readonly fix: readonly string[];
}

/** A trap, and how to see whether this host is in it. */
export interface Check {
  readonly code: string;
  /** What it looks at, in a few words. */
  readonly about: string;
  /** What happens in the trap. */
  readonly why: string;
  readonly examine: (facts: Facts) => readonly Outcome[];
}

export function ok(link: string | null, ...evidence: string[]): Outcome {
  return { verdict: "ok", link, evidence, fix: [] };
}

export function skip(link: string | null, reason: string): Outcome {
  return { verdict: "skip", link, evidence: [reason], fix: [] };
}

export function warn(link: string | null, evidence: readonly string[], fix: readonly string[]): Outcome {
  return { verdict: "warn", link, evidence, fix };
}

export function fail(link: string | null, evidence: readonly string[], fix: readonly string[]): Outcome {
  return { verdict: "fail", link, evidence, fix };
}

/** A link that nothing is known of is taken for a bridge, as by what writes the drop-ins. */
export function isBridge({ kind }: LinkSituation): boolean {
  return kind === "bridge" || kind === undefined;
}

/** One outcome for each link; links that do not exist are skipped. */
export function onEachLink(facts: Facts, examine: (link: LinkSituation) => Outcome): Outcome[] {
  return facts.links.map((link) => {
    if (facts.offline) return skip(link.name, "with --root there is no kernel to ask");
    return link.exists ? examine(link) : skip(link.name, `${link.name} does not exist yet`);
  });
}

/** For checks that need a kernel. */
export const withoutKernel: Outcome = skip(null, "with --root there is no kernel to ask");
