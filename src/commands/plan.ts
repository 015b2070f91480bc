import type { CommandContext } from "../context.ts";
import { exitCodes } from "../errors.ts";
import { bridgeText } from "../model/bridge.ts";
import { differenceText, type Plan } from "../model/change.ts";
import { entryText } from "../model/entry.ts";
import { prepareToApply } from "../prepare/prepareToApply.ts";
import { planSummary, planText } from "../report/planText.ts";
import type { CommandResult } from "../result.ts";
import type { GivenDocument } from "../store/documents.ts";
import { noteMessages } from "./messages.ts";

export interface PlanOptions {
  readonly given: readonly GivenDocument[];
  readonly runtime: boolean;
  readonly adopt: boolean;
}

/** What `apply` would do. Exit 1 if there is anything to do, 2 if apply would refuse. */
export async function planCommand(context: CommandContext, options: PlanOptions): Promise<CommandResult> {
  const { prepared, threats } = await prepareToApply(context, { ...options, reload: true });
  const plan = { ...prepared.plan, notes: [...prepared.plan.notes, ...threats.notes] };
  const refuses = plan.notes.some((note) => note.level === "refusal");
  const changes = plan.bridges.length + plan.kernel.length + plan.files.length;
  const nothing = changes === 0 && !prepared.observed.reloadPending;
  const summary = nothing ? "nothing to do" : `to do: ${planSummary(plan)}`;
  return {
    exitCode: refuses ? exitCodes.failed : nothing ? exitCodes.asDesired : exitCodes.differs,
    get data() {
      return planData(plan);
    },
    text: planText(plan, context.style),
    messages: [...noteMessages(plan.notes), { level: "info", text: summary }],
  };
}

/** The plan as published by `netkeep schema plan`. */
export function planData(plan: Plan) {
  return {
    kernel: [
      ...plan.bridges.map((change) => ({
        action: change.action,
        kind: "bridge" as const,
        link: change.link,
        entry: change.action === "remove" ? change.link : bridgeText(change.bridge),
        before: change.action === "replace" ? change.differences.map(differenceText).join(", ") : null,
      })),
      ...plan.kernel.map((change) => ({
        action: change.action,
        kind: change.entry.kind,
        link: change.entry.link,
        entry: entryText(change.entry),
        before: change.action === "replace" ? entryText(change.before) : null,
      })),
    ],
    files: plan.files.map((file) => ({
      action: file.action,
      path: file.path,
      text: file.action === "write" ? file.text : null,
    })),
    reloads: [...plan.reloads],
    notes: plan.notes.map((note) => ({ level: note.level, link: note.link, text: note.text })),
  };
}
