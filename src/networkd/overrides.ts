import { carriesEntries, dropInPaths } from "./paths.ts";
import { type UnitTree, unitFiles } from "./precedence.ts";
import { assignments, type PlacedAssignment, scanFile } from "./scan.ts";

/** A later drop-in that says otherwise than ours, of the settings that keep entries through reload and carrier loss. */
export interface Override {
  /** `KeepConfiguration` … */
  readonly key: string;
  readonly ours: string;
  readonly theirs: string;
  readonly path: string;
  readonly line: number;
}

const keys = ["KeepConfiguration", "ConfigureWithoutCarrier", "IgnoreCarrierLoss"];

/**
 * Drop-ins are read in the order of their names over all directories, and the last assignment counts (systemd.network(5)),
 * so `70-x.conf` undoes what our `50-netkeep-link.conf` says.
 */
export function overridesOf(tree: UnitTree, baseName: string): Override[] {
  const own = dropInPaths(baseName).link;
  const unit = unitFiles(tree, ".network").find((file) => file.name === baseName);
  const read = (unit?.dropIns ?? []).flatMap((file) =>
    // Our files with entries have no settings, and may be long.
    file.kind === "text" && !carriesEntries(file.path) ? scanFile(file.path, file.text).sections : [],
  );
  return keys.flatMap((key): Override[] => {
    // An empty value is no value of these settings, and ignored.
    const all = assignments(read, "Network", key).filter(({ value }) => value !== "");
    const ours = all.findLast(({ path }) => path === own);
    const last = all.at(-1);
    if (ours === undefined || last === undefined || means(last) === means(ours)) return [];
    return [{ key, ours: ours.value, theirs: last.value, path: last.path, line: last.line }];
  });
}

/** One word for the many spellings of a boolean. */
function means({ value }: PlacedAssignment): string {
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return "yes";
  return /^(0|no|n|false|f|off)$/i.test(value) ? "no" : value;
}
