import { exitCodes, UserError } from "../../errors.ts";
import { assertLeases } from "../hook/hookVdsmLeases.ts";
import { loadSettings } from "../settings.ts";
import { resume } from "./watchPerform.ts";
import type { Watch } from "./watchState.ts";

/** In milliseconds: somebody else is at work, or a trial is on. */
const later = 5000;

/** What VDSM's own watcher does: a network with DHCP has its rules as soon as its address is there. */
export async function performLeases(watch: Watch): Promise<void> {
  const { context, suspects, say } = watch;
  const { system } = context;
  watch.leasesAt = Number.POSITIVE_INFINITY;
  watch.busy = { since: system.now(), events: [] };
  try {
    const messages = await assertLeases({ ...context, settings: await loadSettings(system), learn: suspects.learn });
    for (const message of messages) say({ ...message, text: `leases: ${message.text}` });
    if (messages.length > 0) watch.lastOwn = system.now();
  } catch (error) {
    say({ level: "error", text: `leases: ${error instanceof Error ? error.message : String(error)}` });
    if (error instanceof UserError && error.exitCode === exitCodes.busy) watch.leasesAt = system.now() + later;
  } finally {
    resume(watch);
  }
}
