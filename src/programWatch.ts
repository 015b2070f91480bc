import type { Command } from "commander";
import { places } from "./model/places.ts";
import { command, type Run } from "./programOptions.ts";

/** What runs until it is ended. */
export function addWatchCommand(netkeep: Command, run: Run): void {
  command(netkeep, "watch", "set right what is netkeep's own as soon as it changes, until it is ended").action(
    (options) =>
      run(options, async (context, say) => {
        const { realWatching } = await import("./system/realWatching.ts");
        const { residentSystem } = await import("./system/resident.ts");
        const { requireHost, watchCommand } = await import("./commands/watch.ts");
        // Before the lock is opened.
        requireHost(context);
        const system = residentSystem(context.system, places.lock);
        try {
          return await watchCommand({ ...context, system }, realWatching(), say);
        } finally {
          system.end();
        }
      }),
  );
}
