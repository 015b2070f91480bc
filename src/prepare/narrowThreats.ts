import { parseNeighbors } from "../kernel/parseNeighbors.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import { batchArguments } from "../observe/ipText.ts";
import type { Observed } from "../observe/observe.ts";
import type { System } from "../system/system.ts";
import type { RecordedLinks } from "./layoutNarrow.ts";

/**
 * Whether the reload could delete what others have set, which needs a look at all of it. From 257 on it deletes nothing;
 * before, neighbors, nexthop objects, and whatever ManageForeign*= does not guard (plan/threats.ts).
 */
export async function endangersOthers(
  system: System,
  { networkd }: Observed,
  recorded: RecordedLinks,
  entries: ReadonlyMap<string, Entry>,
): Promise<boolean> {
  if (!networkd.running || (networkd.version !== null && networkd.version >= 257)) return false;
  if (networkd.version === null || !networkd.leavesForeign.routes || !networkd.leavesForeign.rules) return true;
  const { stdout, stderr, exitCode } = await system.run("ip", batchArguments, "nexthop show\nneigh show\n");
  const [objects = "", listed = ""] = stdout.split("\n");
  if (exitCode !== 0 || stderr.trim() !== "" || !/^\[\s*\]$/.test(objects)) return true;
  const neighbors = parseNeighbors(listed).filter(({ link }) => recorded.links.has(link));
  return neighbors.some(
    (neighbor) =>
      neighbor.protocol !== recorded.protocol &&
      !entries.has(entryKey(neighbor)) &&
      !recorded.entries.has(entryKey(neighbor)) &&
      !recorded.has(neighbor),
  );
}
