import type { Family } from "../model/address.ts";
import type { Extra } from "../model/leftOut.ts";
import { neighborKey } from "../model/neighbor.ts";
import { bootProtocol, defaultMetric, kernelProtocol, mainTable, routeKey, routeMetrics } from "../model/route.ts";
import { kernelAddress, kernelPrefix } from "./spelling.ts";

/** Words of `ip route show` with a value that a document can say, or that only name the entry. */
const saidWords = new Set(["via", "dev", "proto", "scope", "src", "metric", "table", "pref", ...routeMetrics]);
/** Those that say how a route is at the moment. */
const stateWords = new Set(["onlink", "linkdown", "dead", "offload", "trap", "offload_failed", "notify"]);

/**
 * `ip -N -o [-4|-6] route show table all` → what routes have beyond the words of a document, by key. From the text,
 * because the JSON of iproute2 6.1 leaves out `lock`, and overwrites the destination of a route with `encap ip`.
 */
export function parseRouteExtras(text: string, family: Family): Map<string, Extra> {
  const extras = new Map<string, Extra>();
  for (const line of text.split("\n")) {
    const words = line.split(/[\s\\]+/).filter((word) => word !== "");
    // With -N a type other than unicast is a number.
    if (/^\d+$/.test(words[0] ?? "")) words.shift();
    const [destination, ...rest] = words;
    if (destination === undefined || !/^(default|[0-9a-f.:]+(\/\d+)?)$/.test(destination)) continue;
    const { said, extra } = readWords(rest);
    const protocol = Number(said.get("proto") ?? bootProtocol);
    if (extra.length === 0 || protocol === kernelProtocol) continue;
    const metric = Number(said.get("metric") ?? (family === 4 ? 0 : defaultMetric(6)));
    const table = Number(said.get("table") ?? mainTable);
    extras.set(routeKey({ destination: kernelPrefix(destination, family), metric, table }), {
      words: extra.join(" "),
      text: words.join(" "),
      link: said.get("dev") ?? null,
      protocol,
    });
  }
  return extras;
}

function readWords(words: readonly string[]): { said: Map<string, string>; extra: string[] } {
  const said = new Map<string, string>();
  const extra: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const [word = "", next = "", after = ""] = words.slice(index, index + 3);
    // What stands behind the first next hop belongs to a hop; a hop's own words are all known to documents.
    if (word === "nexthop" || stateWords.has(word)) continue;
    if (word === "weight" || word === "error") index += 1;
    else if (word === "via" && next === "inet6") index += 2;
    else if (saidWords.has(word) && next === "lock") {
      extra.push(`${word} lock ${after}`);
      index += 2;
    } else if (saidWords.has(word)) {
      if (!said.has(word)) said.set(word, next);
      index += 1;
    } else {
      // Some take a value and some none; together they tell what it is.
      extra.push(word);
      if (next !== "" && !saidWords.has(next) && !stateWords.has(next) && next !== "nexthop") {
        extra.push(next);
        index += 1;
      }
    }
  }
  return { said, extra };
}

/** `ip -N neigh show nud permanent` → words such as `router` and `extern_learn`, by key. */
export function parseNeighborExtras(text: string): Map<string, Extra> {
  const extras = new Map<string, Extra>();
  for (const line of text.split("\n")) {
    const [, address, link, rest] = /^(\S+) dev (\S+) lladdr \S+ (.*)$/.exec(line.trim()) ?? [];
    if (address === undefined || link === undefined || rest === undefined) continue;
    const words = rest
      .replace(/\bproto \d+|\bPERMANENT\b/g, "")
      .trim()
      .replace(/\s+/g, " ");
    if (words === "") continue;
    const protocol = Number(/\bproto (\d+)/.exec(rest)?.[1] ?? bootProtocol);
    extras.set(neighborKey({ link, address: kernelAddress(address) }), { words, text: line.trim(), link, protocol });
  }
  return extras;
}
