import type { Settings } from "../model/settings.ts";
import type { Style } from "../report/style.ts";
import type { System } from "../system/system.ts";

/** What every command gets. */
export interface CommandContext {
  readonly system: System;
  readonly settings: Settings;
  readonly style: Style;
}
