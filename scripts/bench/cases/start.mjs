import { netkeep } from "../host.mjs";
import { row, timed } from "../measure.mjs";

/** A process that does nothing, through the program that the package installs. */
export function start({ runs }) {
  const rounds = Array.from({ length: runs * 4 }, () => [
    timed([netkeep, "--version"]),
    timed([process.execPath, "-e", "0"]),
  ]);
  return [row("netkeep --version", "node -e 0", rounds, { wanted: 1.3 })];
}
