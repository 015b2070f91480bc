import { type ExitCode, exitCodes } from "../../errors.ts";
import type { NetworkChange } from "../../hooks/vdsm.ts";
import type { VdsmProblem } from "../../hooks/vdsmNetwork.ts";
import type { CommandResult, Message } from "../../result.ts";
import type { HookOptions } from "./hookCall.ts";

/** What became of a call; `code` is VDSM's, 0 for done. */
export interface VdsmOutcome {
  readonly code: number;
  readonly exitCode: ExitCode;
  readonly problems: readonly VdsmProblem[];
  readonly messages: readonly Message[];
  /** What `apply` says of it; null if nothing was tried. */
  readonly applied: unknown;
}

/** The call itself is wrong, and nothing was tried. */
export function badCall(problems: readonly VdsmProblem[]): VdsmOutcome {
  const messages = problems.map(
    ({ code, subject, message }): Message => ({
      level: "error",
      text: `error ${code}: ${subject}: ${message}`,
    }),
  );
  return { code: problems[0]?.code ?? 0, exitCode: exitCodes.badData, problems, messages, applied: null };
}

/** As VDSM reads it: `status` with its number, 0 for done. */
export function answer(
  { networks, notes }: { readonly networks: readonly NetworkChange[]; readonly notes: readonly string[] },
  { code, exitCode, problems, messages, applied }: VdsmOutcome,
  { strict }: HookOptions,
): CommandResult {
  const warnings = notes.map((text): Message => ({ level: "warning", text }));
  const all = [...warnings, ...messages];
  const [problem] = problems;
  const wrong = problem === undefined ? undefined : `${problem.subject}: ${problem.message}`;
  const message = code === 0 ? "Done" : (wrong ?? all.findLast(({ level }) => level === "error")?.text ?? "failed");
  const changed = networks.map(({ name, action, link, table }) => ({ name, action, link, table }));
  return {
    exitCode: strict ? exitCode : exitCodes.asDesired,
    data: { status: { code, message }, problems: [...problems], networks: changed, notes: [...notes], applied },
    text: "",
    messages: all,
  };
}
