import { expect } from "vitest";
import type { Namespace, Output, RunOptions } from "../../support/namespace.ts";

/** A document as a test writes it; `version` is filled in. */
export type Document = Readonly<Record<string, unknown>>;

/** What `apply -j` prints, as far as tests look at it. */
export interface Applied extends Output {
  /** null if the apply was refused. */
  readonly outcome: {
    readonly kernel: number;
    readonly files: readonly string[];
    readonly refused: readonly { readonly entry: string; readonly reason: string }[];
    readonly missing: readonly { readonly entry: string }[];
  } | null;
}

/** `unavailable` of errors.ts: all is done, but there is no networkd to tell. */
export const noNetworkd = 69;

/** Applies `document` for `owner`. */
export async function apply(
  ns: Namespace,
  owner: string,
  document: Document,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Applied> {
  const path = `/run/docs/${owner}.json`;
  await ns.write(path, JSON.stringify({ version: 1, ...document }));
  const result = await ns.netkeep(["apply", "-j", path, ...args], options);
  return { ...result, outcome: outcomeOf(result.stdout) };
}

/** Applies a document with which nothing may go wrong. */
export async function applied(ns: Namespace, owner: string, document: Document, args: readonly string[] = []) {
  const result = await apply(ns, owner, document, args);
  expect(result, result.stderr).toMatchObject({ status: noNetworkd, outcome: { refused: [], missing: [] } });
  return result;
}

/** An owner that wants nothing any more. */
export function withdrawn(ns: Namespace, owner: string) {
  return applied(ns, owner, {});
}

export interface Finding {
  readonly code: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** The findings of `audit`, without the one that says that there is no networkd. */
export async function audit(ns: Namespace, args: readonly string[] = []): Promise<Finding[]> {
  const result = await ns.netkeep(["audit", "-j", ...args]);
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  return findings.filter(({ code }) => code !== "networkd-not-running");
}

export async function repair(ns: Namespace): Promise<Finding[]> {
  return audit(ns, ["--repair"]);
}

function outcomeOf(stdout: string): Applied["outcome"] {
  return stdout === "" ? null : ((JSON.parse(stdout) as { outcome?: Applied["outcome"] }).outcome ?? null);
}
