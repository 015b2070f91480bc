import type { Namespace } from "../../support/namespace.ts";

/**
 * The routes that the kernel did not make by itself, and the permanent neighbors, as `ip` prints them for people, sorted.
 * Not by netkeep's parsers: they are what is tested.
 */
export async function ipText(ns: Namespace): Promise<string[]> {
  const text = await ns.sh("ip -o -4 route show table all; ip -o -6 route show table all; ip neigh show nud permanent");
  return text
    .split("\n")
    .map(tidy)
    .filter((line) => line !== "" && !/ proto kernel /.test(`${line} `))
    .sort();
}

/** One space between words; without what the kernel says of a link's state and of router preference. */
export function tidy(line: string): string {
  return line
    .replace(/[\\\s]+/g, " ")
    .replace(/ (linkdown|pref medium)(?= |$)/g, "")
    .trim();
}
