import { isIP } from "node:net";
import { asIpPrints, type HopJson, IpError, isV6, type RouteJson } from "./ipJson.ts";

/**
 * The words of one `ip -batch` line, as iproute2 6.1 reads them. Only what netkeep has reason to write is known: anything
 * else is a fault of netkeep, and fails the test.
 */
export class Words {
  readonly #words: string[];

  constructor(line: string) {
    this.#words = line.split(" ");
    if (this.#words.some((word) => word === "" || !/^[!-~]+$/.test(word)))
      throw new Error(`not plain words: "${line}"`);
  }

  get next(): string | undefined {
    return this.#words[0];
  }

  take(): string {
    const word = this.#words.shift();
    if (word === undefined) throw new Error("the line ends early");
    return word;
  }

  /** Takes the word if it is the next one. */
  takes(word: string): boolean {
    if (this.#words[0] !== word) return false;
    this.#words.shift();
    return true;
  }

  expect(word: string): void {
    if (!this.takes(word)) throw new Error(`"${word}" is missing`);
  }

  number(most: number): number {
    const text = this.take();
    if (!/^\d{1,10}$/.test(text) || Number(text) > most) throw new Error(`"${text}" is not a number up to ${most}`);
    return Number(text);
  }

  address(): string {
    const text = this.take();
    if (isIP(text) === 0) throw new IpError(`Error: any valid address is expected rather than "${text}".`, true);
    return asIpPrints(text);
  }

  end(): void {
    if (this.#words.length > 0) throw new Error(`unexpected words "${this.#words.join(" ")}"`);
  }
}

const types: Readonly<Record<string, string>> = {
  local: "2",
  blackhole: "6",
  unreachable: "7",
  prohibit: "8",
  throw: "9",
};
const scopes: Readonly<Record<string, string>> = { global: "0", site: "200", link: "253", host: "254" };
const preferences: Readonly<Record<string, string>> = { low: "low", medium: "medium", high: "high" };
const metricNames = ["advmss", "initcwnd", "initrwnd", "mtu"];

/** What `route replace` and `route del` name, with the defaults that iproute2 fills in. */
export interface RouteWords {
  readonly route: RouteJson;
  readonly v6: boolean;
}

export function readRoute(words: Words, command: "replace" | "del"): RouteWords {
  const type = types[words.next ?? ""] === undefined ? undefined : types[words.take()];
  const { dst, v6 } = readDestination(words.take());
  const route: RouteJson = { dst, flags: [], ...(type === undefined ? {} : { type }) };
  let scope: string | undefined;
  const metrics: Record<string, number> = {};
  for (let word = words.next; word !== undefined && word !== "nexthop"; word = words.next) {
    words.take();
    if (word === "via" || word === "dev" || word === "onlink") readHopWord(word, words, route, v6);
    else if (word === "table") route.table = String(words.number(4_294_967_295));
    else if (word === "proto") route.protocol = String(words.number(255));
    else if (word === "scope") scope = known(scopes[words.take()], "scope");
    else if (word === "src") route.prefsrc = words.address();
    else if (word === "pref") route.pref = known(preferences[words.take()], "preference");
    else if (word === "metric") route.metric = words.number(4_294_967_295);
    else if (metricNames.includes(word)) metrics[word] = words.number(65_535);
    else throw new IpError(`Error: either "to" is duplicate, or "${word}" is a garbage.`, true, 255);
  }
  if (words.next === "nexthop") route.nexthops = readHops(words, v6);
  words.end();
  if (Object.keys(metrics).length > 0) route.metrics = [metrics];
  return { route: command === "replace" ? withDefaults(route, scope, v6) : route, v6 };
}

function readDestination(text: string): { dst: string; v6: boolean } {
  const [address = "", length = ""] = text.split("/");
  const v6 = isV6(address);
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(length) || Number(length) > (v6 ? 128 : 32)) {
    throw new IpError(`Error: any valid prefix is expected rather than "${text}".`, true);
  }
  if (Number(length) === (v6 ? 128 : 32)) return { dst: asIpPrints(address), v6 };
  return { dst: Number(length) === 0 ? "default" : text, v6 };
}

function readHopWord(word: string, words: Words, hop: HopJson, v6: boolean): void {
  if (word === "onlink") hop.flags.push("onlink");
  else if (word === "dev") hop.dev = words.take();
  else if (words.takes("inet6")) hop.via = { family: "inet6", host: words.address() };
  else {
    hop.gateway = words.address();
    if (isV6(hop.gateway) !== v6) throw new Error(`next hop ${hop.gateway} is of the other family`);
  }
}

function readHops(words: Words, v6: boolean): HopJson[] {
  const hops: HopJson[] = [];
  while (words.takes("nexthop")) {
    const hop: HopJson = { flags: [], weight: 1 };
    for (let word = words.next; word !== undefined && word !== "nexthop"; word = words.next) {
      words.take();
      if (word === "weight") hop.weight = words.number(256);
      else if (word === "via" || word === "dev" || word === "onlink") readHopWord(word, words, hop, v6);
      else throw new Error(`"${word}" in a next hop`);
    }
    hops.push(hop);
  }
  return hops;
}

/** iproute_modify() of iproute2: scope by type, the table of local routes; the kernel: metric 1024, device lo. */
function withDefaults(route: RouteJson, scope: string | undefined, v6: boolean): RouteJson {
  const made = { ...route };
  const hasNextHop = made.gateway !== undefined || made.via !== undefined || made.nexthops !== undefined;
  if (made.table === undefined && made.type === "2") made.table = "255";
  if (made.table === "254") delete made.table;
  if (made.protocol === "3") delete made.protocol;
  if (v6) {
    if (scope !== undefined) throw new Error("an IPv6 route has no scope");
    if (made.type !== undefined && made.type !== "2") made.dev = "lo";
    return { ...made, metric: made.metric ?? 1024, pref: made.pref ?? "medium" };
  }
  const implied = made.type === "2" ? "254" : made.type === undefined && !hasNextHop ? "253" : "0";
  const used = scope ?? implied;
  if (used !== "0") made.scope = used;
  if (made.metric === 0) delete made.metric;
  return made;
}

function known(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`unknown ${what}`);
  return value;
}
