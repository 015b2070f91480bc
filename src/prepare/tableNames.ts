import { parseTableNames } from "../desired/table.ts";
import type { System } from "../system/system.ts";

/** Where iproute2 looks for names of routing tables; since 6.5 what it brings along is in /usr. */
const directories = ["/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2"];

/** Name → number of routing tables, as `ip` would read them. A file that cannot be read has no names. */
export async function readTableNames(system: System): Promise<Map<string, number>> {
  const texts = await Promise.all(directories.map((directory) => textsOf(system, directory)));
  return parseTableNames(texts.flat());
}

async function textsOf(system: System, directory: string): Promise<string[]> {
  const more = `${directory}/rt_tables.d`;
  const names = await system.list(more).catch(() => []);
  const paths = [
    `${directory}/rt_tables`,
    ...names.filter((name) => name.endsWith(".conf")).map((name) => `${more}/${name}`),
  ];
  const texts = await Promise.all(paths.map((path) => system.readText(path).catch(() => null)));
  return texts.filter((text) => text !== null);
}
