import { type Family, familyOf } from "../model/address.ts";
import type { KernelEvent } from "../model/event.ts";
import type { MacAddress } from "../model/mac.ts";
import { neighborKey } from "../model/neighbor.ts";
import { bootProtocol, defaultMetric, mainTable, preferenceOf, routeKey, type Scope } from "../model/route.ts";
import { kernelAddress, kernelPrefix } from "./spelling.ts";

/** Arguments of `ip` for the lines that `parseMonitorLine` reads; the buffer is for a burst while we are at work. */
export const monitorArguments = [
  ...["-rcvbuf", "16777216", "-N", "-o", "monitor", "label"],
  ...["link", "address", "route", "neigh", "rule"],
];

/** What `ip monitor` says on stderr when the kernel has dropped messages (ENOBUFS): from then on nothing is known. */
export function tellsOverrun(complaint: string): boolean {
  return /No buffer space|receive error|EOF on netlink/i.test(complaint);
}

/**
 * A line of `ip -N -o monitor label`. There is no JSON of it (iproute2 6.1 to 6.15).
 *
 * @returns null for what cannot concern an entry: port entries of bridges, proxies, the kernel's own routes in table local
 */
export function parseMonitorLine(line: string): KernelEvent | null {
  const label = line.slice(0, line.indexOf("]") + 1);
  const rest = line.slice(label.length);
  const gone = rest.startsWith("Deleted ");
  const text = gone ? rest.slice("Deleted ".length) : rest;
  if (label === "[NEIGH]") return neighborEvent(text, gone);
  if (label === "[ROUTE]") return routeEvent(text, gone);
  if (label === "[LINK]") return linkEvent(text, gone);
  if (label === "[ADDR]") return addressEvent(text, gone);
  return label === "[RULE]" ? { kind: "rule", gone } : null;
}

function neighborEvent(text: string, gone: boolean): KernelEvent | null {
  const [, to, link, words] = /^([0-9a-f.:]+) dev (\S+) (.*)$/.exec(text) ?? [];
  if (to === undefined || link === undefined || words === undefined || / proxy /.test(` ${words} `)) return null;
  const address = kernelAddress(to);
  const mac = /(?:^| )lladdr (\S+)/.exec(words)?.[1];
  const protocol = / proto (\d+)/.exec(words)?.[1];
  const permanent = mac !== undefined && / PERMANENT( |$)/.test(words);
  const entry = permanent
    ? ({
        kind: "neighbor",
        link,
        address,
        mac: mac.toLowerCase() as MacAddress,
        protocol: protocol === undefined ? null : Number(protocol),
      } as const)
    : null;
  return { kind: "entry", gone, key: neighborKey({ link, address }), entry, link };
}

/** RTN_UNICAST is not printed, any other type is a number in front; multipath and encapsulated routes are not read. */
function routeEvent(text: string, gone: boolean): KernelEvent | null {
  const [, type, to, tail] = /^(?:(\d+) )?(\S+) ?(.*)$/.exec(text) ?? [];
  if (to === undefined || tail === undefined) return null;
  const words = readWords(tail);
  const table = Number(words.known["table"] ?? mainTable);
  if (/^[345]$/.test(type ?? "") || (type === "2" && words.known["proto"] === "2")) return null;
  const family = familyOfRoute(to, words.known);
  const destination = kernelPrefix(to, family);
  const metric = Number(words.known["metric"] ?? (family === 4 ? 0 : defaultMetric(6)));
  const key = routeKey({ table, destination, metric });
  const link = words.known["dev"] ?? "";
  if (type !== undefined || words.others || link === "") return { kind: "entry", gone, key, entry: null, link };
  const { via, src, scope, proto } = words.known;
  const entry = {
    ...({ kind: "route", type: "unicast", metrics: {}, nextHops: [], objects: false } as const),
    ...{ table, destination, metric, link },
    gateway: via === undefined ? null : kernelAddress(via),
    onLink: words.flags.has("onlink"),
    scope: family === 6 ? null : (scopes[scope ?? "0"] ?? "global"),
    source: src === undefined ? null : kernelAddress(src),
    preference: preferenceOf(words.known["pref"], family),
    protocol: proto === undefined ? bootProtocol : Number(proto),
  };
  return { kind: "entry", gone, key, entry, link };
}

const scopes: Readonly<Record<string, Scope>> = { "0": "global", "200": "site", "253": "link", "254": "host" };
const withValue = new Set(["dev", "via", "table", "proto", "scope", "src", "metric", "pref"]);
const flagWords = new Set(["linkdown", "onlink", "dead", "offload", "trap", "rt_offload", "rt_trap"]);

/** `others`: there are words that say more than an entry without next hops and metrics has. */
function readWords(tail: string) {
  const list = tail.split(/\s+/).filter((word) => word !== "");
  const known: Record<string, string> = {};
  const flags = new Set<string>();
  let others = false;
  for (let at = 0; at < list.length; at++) {
    const word = list[at] as string;
    if (word === "nexthop" || word === "\\") return { known: { ...known, dev: "" }, flags, others: true };
    if (flagWords.has(word)) flags.add(word);
    else if (withValue.has(word)) {
      if (word === "via" && list[at + 1] === "inet6") at += 1;
      at += 1;
      known[word] = list[at] ?? "";
    } else others = true;
  }
  return { known, flags, others };
}

/** A default route says it by its next hop, or by what is printed of IPv6 alone. */
function familyOfRoute(to: string, known: Readonly<Record<string, string>>): Family {
  if (to !== "default") return to.includes(":") ? 6 : 4;
  if (known["pref"] !== undefined) return 6;
  return known["via"] === undefined ? 4 : familyOf(kernelAddress(known["via"]));
}

function linkEvent(text: string, gone: boolean): KernelEvent | null {
  const [, link, flags] = /^\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)>/.exec(text) ?? [];
  if (link === undefined || flags === undefined) return null;
  const mac = / link\/\S+ (\S+)/.exec(text)?.[1] ?? "";
  return { kind: "link", gone, link, up: flags.split(",").includes("UP"), mac };
}

function addressEvent(text: string, gone: boolean): KernelEvent | null {
  const [, link, address] = /^\d+: (\S+)\s+inet6? (\S+)/.exec(text) ?? [];
  return link === undefined || address === undefined ? null : { kind: "address", gone, link, address };
}
