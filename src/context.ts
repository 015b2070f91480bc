import type { Entry } from "./model/entry.ts";
import type { Settings } from "./model/settings.ts";
import type { Style } from "./report/style.ts";
import type { System } from "./system/system.ts";

/** What every command gets. */
export interface CommandContext {
  readonly system: System;
  readonly settings: Settings;
  readonly style: Style;
  /** Tells networkd as soon as the work at hand is done; without it a process is started for that. */
  readonly reloadLater?: () => void;
  /** Hears what is wanted from now on, for who runs for long: of the keys in `scope`, or of all. */
  readonly learn?: (entries: ReadonlyMap<string, Entry>, scope: ReadonlySet<string> | null) => void;
}
