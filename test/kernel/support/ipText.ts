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

/** The policy rules that the kernel did not make by itself. */
export async function ruleText(ns: Namespace): Promise<string[]> {
  const lines = (await ns.sh("ip -d -4 rule; ip -d -6 rule")).split("\n").map(tidy);
  return lines.filter((line) => line !== "" && !line.endsWith("proto kernel"));
}

/** One space between words; without what the kernel says of a link's state and of router preference. */
export function tidy(line: string): string {
  return line
    .replace(/[\\\s]+/g, " ")
    .replace(/ (linkdown|pref medium)(?= |$)/g, "")
    .trim();
}
