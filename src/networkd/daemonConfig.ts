import type { FoundFile } from "../model/file.ts";
import { assignments, scanFile } from "./scan.ts";

/** Which foreign entries networkd leaves alone on every link: ManageForeign*=no of networkd.conf(5). */
export interface ForeignManagement {
  readonly routes: boolean;
  readonly rules: boolean;
  readonly nextHops: boolean;
}

const keys = {
  routes: "ManageForeignRoutes",
  rules: "ManageForeignRoutingPolicyRules",
  nextHops: "ManageForeignNextHops",
} as const;

/**
 * What a networkd that started at `started` has read. It reads networkd.conf only then, so a file that is newer does not
 * count.
 *
 * @param files networkd.conf first, then the drop-ins of all directories
 * @param started milliseconds since 1970; null if not known, then nothing counts
 */
export function foreignManagement(files: readonly FoundFile[], started: number | null): ForeignManagement {
  const inOrder = [...files.slice(0, 1), ...byName(files.slice(1))];
  const values = { routes: false, rules: false, nextHops: false };
  for (const file of inOrder) {
    if (file.kind !== "text" || started === null || (file.modified ?? Number.POSITIVE_INFINITY) > started) continue;
    const { sections } = scanFile(file.path, file.text);
    for (const [name, key] of Object.entries(keys) as [keyof typeof keys, string][]) {
      const last = assignments(sections, "Network", key).at(-1);
      if (last !== undefined) values[name] = /^(0|no|n|false|f|off)$/i.test(last.value);
    }
  }
  return values;
}

/** The name decides, and among equal names the directory: /etc comes first in the list. */
function byName(files: readonly FoundFile[]): FoundFile[] {
  const nameOf = (file: FoundFile) => file.path.slice(file.path.lastIndexOf("/") + 1);
  const highest = new Map<string, FoundFile>();
  for (const file of files) if (!highest.has(nameOf(file))) highest.set(nameOf(file), file);
  return [...highest.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
