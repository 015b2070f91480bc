import { bundle, empty, netkeep, writeInputs } from "../host.mjs";
import { peakMemory, row, timed } from "../measure.mjs";

/** What the boot waits for before networkd starts: all drop-ins are compared with the documents, or written. */
export function boot({ runs, sizes = [1000, 10_000, 20_000] }) {
  return sizes.flatMap((entries) => {
    writeInputs(entries);
    empty();
    timed([netkeep, "apply", "/run/guests.json"]);
    const peak = peakMemory(bundle, ["restore"]);
    const rounds = Array.from({ length: runs }, () => [
      timed([netkeep, "restore"]),
      timed([process.execPath, "-e", "0"]),
    ]);
    return [row(`restore at boot, ${entries} entries`, "node -e 0", rounds, { peakMebibytes: peak })];
  });
}
