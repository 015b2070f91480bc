import type { CommandContext } from "../context.ts";
import { nearest } from "../desired/suggest.ts";
import type { Check } from "../doctor/check.ts";
import { checks, countVerdicts, type Diagnosis, diagnose } from "../doctor/checks.ts";
import { exitCodes, UserError } from "../errors.ts";
import { checkListText, doctorSummary, doctorText } from "../report/doctorText.ts";
import type { CommandResult } from "../result.ts";
import { collectFacts } from "./doctor/doctorFacts.ts";

export interface DoctorOptions {
  /** Empty: all links that netkeep has to do with. */
  readonly links: readonly string[];
  /** Codes of checks; empty: all. */
  readonly only: readonly string[];
  /** List the checks, and look at nothing. */
  readonly list: boolean;
}

/**
 * Looks for known traps of this host. Changes nothing and takes no lock. Exit 1 if a check fails; a warning may be as the
 * administrator wants it.
 *
 * @throws UserError 64 for a check that does not exist
 */
export async function doctorCommand(context: CommandContext, options: DoctorOptions): Promise<CommandResult> {
  const chosen = chooseChecks(options.only);
  for (const link of options.links) requireLinkName(link);
  const about = chosen.map((check) => ({ check: check.code, about: check.about, why: check.why }));
  if (options.list) return listResult(about);
  const facts = await collectFacts(context, options.links);
  const found = diagnose(facts, chosen);
  const diagnoses = facts.offline ? found.map(forImage) : found;
  const counts = countVerdicts(diagnoses);
  const noLinks =
    "no document names a link: only the host was looked at; --link NAME looks at a link before it has entries";
  return {
    exitCode: counts.fail > 0 ? exitCodes.differs : exitCodes.asDesired,
    data: { checks: about, results: diagnoses.map(resultOf), summary: counts },
    text: doctorText(diagnoses, context.style),
    messages: [
      ...(facts.links.length > 0 ? [] : [{ level: "notice" as const, text: noLinks }]),
      { level: "info", text: doctorSummary(counts) },
    ],
  };
}

function listResult(about: readonly { check: string; about: string; why: string }[]): CommandResult {
  const summary = { ok: 0, warn: 0, fail: 0, skip: 0 };
  return {
    exitCode: exitCodes.asDesired,
    data: { checks: about, results: [], summary },
    text: checkListText(about),
    messages: [],
  };
}

/** The commands name paths of the host; carried out where the image is built they would change the wrong machine. */
function forImage(diagnosis: Diagnosis): Diagnosis {
  const fix = diagnosis.fix.filter((line) => !/^(networkctl|systemctl|sysctl|netkeep) /.test(line));
  return fix.length === 0
    ? diagnosis
    : { ...diagnosis, fix: ["# in the image only, for example in a chroot:", ...fix] };
}

function resultOf({ check, verdict, link, evidence, why, fix }: Diagnosis) {
  return { check, verdict, link, evidence, why, fix };
}

function chooseChecks(only: readonly string[]): readonly Check[] {
  const codes = checks.map(({ code }) => code);
  const unknown = only.filter((code) => !codes.includes(code));
  if (unknown.length > 0) {
    const lines = unknown.map((code) => {
      const guess = nearest(code, codes);
      return `no check is named ${code}${guess === null ? "" : `; did you mean ${guess}?`}`;
    });
    throw new UserError(exitCodes.usage, [...lines, `known: ${codes.join(", ")}`].join("\n"));
  }
  return only.length === 0 ? checks : checks.filter(({ code }) => only.includes(code));
}

/** Narrower than the kernel: the name becomes part of paths and of the commands that are proposed. */
function requireLinkName(name: string): void {
  if (/^(?!-)[\w.:-]{1,15}$/.test(name) && name !== "." && name !== "..") return;
  throw new UserError(exitCodes.usage, `"${name}" cannot be the name of a link`);
}
