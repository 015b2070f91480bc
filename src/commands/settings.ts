import { readSettings } from "../desired/settings.ts";
import { exitCodes, UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import type { Settings } from "../model/settings.ts";
import type { System } from "../system/system.ts";

/**
 * netkeep.conf, then the drop-ins of all directories by name; of one name /etc hides /run hides /usr/lib.
 *
 * @throws UserError 78 with every problem
 */
export async function loadSettings(system: System): Promise<Settings> {
  const dropIns = new Map<string, string>();
  for (const directory of places.settingsDirectories) {
    for (const name of await system.list(directory)) {
      if (name.endsWith(".conf") && !dropIns.has(name)) dropIns.set(name, `${directory}/${name}`);
    }
  }
  const paths = [places.settings, ...[...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)];
  const files: { path: string; text: string }[] = [];
  for (const path of paths) {
    const text = await system.readText(path);
    if (text !== null) files.push({ path, text });
  }
  const { settings, problems } = readSettings(files);
  if (problems.length > 0) throw new UserError(exitCodes.badSettings, problems.join("\n"));
  return settings;
}
