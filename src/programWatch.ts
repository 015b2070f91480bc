import type { Command } from "commander";
import { command, type Run } from "./programOptions.ts";

/** What runs until it is ended. */
export function addWatchCommand(netkeep: Command, run: Run): void {
  command(netkeep, "watch", "set right what is netkeep's own as soon as it changes, until it is ended").action(
    (options) =>
      run(options, async (context, say) => {
        const { realWatching } = await import("./system/realWatching.ts");
        return (await import("./commands/watch.ts")).watchCommand(context, realWatching(), say);
      }),
  );
}
