import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../errors.ts";
import { places } from "../../model/places.ts";
import { parsePending } from "../../observe/pending.ts";
import type { CommandResult } from "../../result.ts";
import { applyLocked, requirePrivilege } from "../apply.ts";

/** After calls with --no-wait: sees to it that networkd is told, but not by whom a guest waits for. */
export async function reloadSoon({ system, reloadLater }: CommandContext): Promise<void> {
  if (parsePending(await system.readText(places.reloadPending))?.complete !== true) return;
  if (reloadLater !== undefined) return reloadLater();
  const [program = "", ...args] = system.self;
  system.startDetached(program, [...args, "hook", "reload"]);
}

/** `netkeep hook reload`: tells networkd what calls with --no-wait have left to tell; of several one does it for all. */
export async function hookReloadCommand(context: CommandContext): Promise<CommandResult> {
  requirePrivilege(context);
  const { system, settings } = context;
  return system.withLock(places.lock, settings.lockSeconds, async () => {
    if ((await system.readText(places.reloadPending)) === null) return nothingToTell;
    const options = { given: [], runtime: false, adopt: false, dryRun: false, live: true, reload: true } as const;
    return applyLocked(context, { ...options, manner: "partial" });
  });
}

const nothingToTell: CommandResult = { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] };
