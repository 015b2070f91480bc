import type { Parsed } from "../model/address.ts";

/** The names that iproute2 and networkd know without a file (RT_TABLE_* of rtnetlink(7)). */
const builtIn: ReadonlyMap<string, number> = new Map([
  ["default", 253],
  ["main", 254],
  ["local", 255],
]);

/**
 * The table that a document means: a number, or a name of iproute2's rt_tables files.
 *
 * @param names name → number, as these files have it
 */
export function tableOf(table: number | string, names: ReadonlyMap<string, number>): Parsed<number> {
  if (typeof table === "number") return { value: table };
  const number = names.get(table) ?? builtIn.get(table);
  if (number !== undefined) return { value: number };
  return { problem: `"${table}" is not the name of a table: give it a number in /etc/iproute2/rt_tables.d/*.conf` };
}

/** rt_tables files, the weightiest first: a line is a number, decimal or hexadecimal, and a name. */
export function parseTableNames(texts: readonly string[]): Map<string, number> {
  const names = new Map<string, number>();
  for (const text of texts) {
    for (const [, number, name] of text.matchAll(/^[ \t]*(0[xX][0-9a-fA-F]{1,8}|\d{1,10})[ \t]+([^\s#]+)/gm)) {
      if (name !== undefined && Number(number) > 0 && !names.has(name)) names.set(name, Number(number));
    }
  }
  return names;
}
