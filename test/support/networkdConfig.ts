import { Address4, Address6 } from "ip-address";
import type { FoundFile } from "../../src/model/file.ts";
import type { RuleJson } from "./fakeRules.ts";
import { asIpPrints, type HopJson, isV6, type NeighborJson, neighborKey, type RouteJson, routeKey } from "./ipJson.ts";

/** What networkd makes of one link's files. */
export interface Configured {
  readonly base: string;
  readonly dropIns: readonly string[];
  /** For "has anything changed". */
  readonly texts: readonly string[];
  readonly keepConfiguration: string;
  readonly entries: ReadonlyMap<string, { route?: RouteJson; neighbor?: NeighborJson }>;
  readonly rules: readonly { readonly rule: RuleJson; readonly v6: boolean }[];
}

type Section = { name: string; values: [string, string][] };
const directories = ["/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network"];

/** systemd.network(5) in few lines; [Match] may say Name= only, and anything unknown fails the test. */
export function readConfigured(units: readonly FoundFile[], link: string): Configured | null {
  const base = chooseBase(units, link);
  if (base?.kind !== "text") return null;
  const name = nameOf(base.path);
  const byName = new Map<string, FoundFile>();
  for (const directory of [...directories].reverse()) {
    for (const unit of units) {
      const inside = unit.path.startsWith(`${directory}/${name}.d/`) && unit.path.endsWith(".conf");
      if (inside) byName.set(nameOf(unit.path), unit);
    }
  }
  const dropIns = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, unit]) => (unit.kind === "text" ? [unit] : []));
  const sections = [base, ...dropIns].flatMap((file) => readSections(file.text));
  if (valuesOf(sections, "Link", "Unmanaged").at(-1) === "yes") return null;
  const entries = new Map<string, { route?: RouteJson; neighbor?: NeighborJson }>();
  for (const section of sections) {
    if (section.name === "Route") {
      const route = routeOf(section, link);
      entries.set(routeKey(route), { route });
    } else if (section.name === "Neighbor") {
      const neighbor = neighborOf(section, link);
      entries.set(neighborKey(neighbor), { neighbor });
    }
  }
  return {
    base: base.path,
    dropIns: dropIns.map(({ path }) => path),
    texts: [base, ...dropIns].flatMap(({ path, text, modified }) => [path, text, String(modified)]),
    keepConfiguration: valuesOf(sections, "Network", "KeepConfiguration").at(-1) ?? "no",
    entries,
    rules: sections.flatMap((section) => (section.name === "RoutingPolicyRule" ? rulesOf(section) : [])),
  };
}

function chooseBase(units: readonly FoundFile[], link: string): FoundFile | undefined {
  const byName = new Map<string, FoundFile>();
  for (const directory of [...directories].reverse()) {
    for (const unit of units) {
      if (unit.path.startsWith(`${directory}/`) && unit.path.endsWith(".network")) byName.set(nameOf(unit.path), unit);
    }
  }
  const inOrder = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, unit]) => unit);
  return inOrder.find((unit) => unit.kind === "text" && matches(readSections(unit.text), link));
}

function matches(sections: Section[], link: string): boolean {
  const match = sections.filter(({ name }) => name === "Match").flatMap(({ values }) => values);
  if (match.some(([key]) => key !== "Name")) throw new Error("the fake networkd knows Name= only");
  const patterns = match.flatMap(([, value]) => value.split(" "));
  return patterns.some((pattern) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(link));
}

function readSections(text: string): Section[] {
  const sections: Section[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || /^[#;]/.test(line)) continue;
    const header = /^\[([A-Za-z0-9]+)\]$/.exec(line)?.[1];
    const [, key, value] = /^([A-Za-z0-9]+)=(.*)$/.exec(line) ?? [];
    if (header !== undefined) sections.push({ name: header, values: [] });
    else if (key !== undefined && value !== undefined) sections.at(-1)?.values.push([key, value.trim()]);
    else throw new Error(`networkd would warn of the line "${line}"`);
  }
  return sections;
}

function valuesOf(sections: Section[], section: string, key: string): string[] {
  return sections
    .filter(({ name }) => name === section)
    .flatMap(({ values }) => values.filter(([name]) => name === key).map(([, value]) => value));
}

const types: Readonly<Record<string, string>> = {
  local: "2",
  blackhole: "6",
  unreachable: "7",
  prohibit: "8",
  throw: "9",
};
const scopes: Readonly<Record<string, string>> = { site: "200", link: "253", host: "254" };
const metricKeys: Readonly<Record<string, string>> = {
  MTUBytes: "mtu",
  InitialCongestionWindow: "initcwnd",
  InitialAdvertisedReceiveWindow: "initrwnd",
  TCPAdvertisedMaximumSegmentSize: "advmss",
};

/** A [Route] as the kernel shows it, with networkd's defaults. */
function routeOf({ values }: Section, link: string): RouteJson {
  const value = (key: string) => values.filter(([name]) => name === key).at(-1)?.[1];
  const to = value("Destination") ?? "";
  const v6 = isV6(to);
  const route: RouteJson = { dst: dstOf(to, v6), flags: [] };
  const type = types[value("Type") ?? ""];
  if (type !== undefined) route.type = type;
  if (type === undefined || type === "2") route.dev = link;
  else if (v6) route.dev = "lo";
  setGateway(route, value("Gateway"), v6);
  if (value("GatewayOnLink") === "yes") route.flags.push("onlink");
  const hops = values.filter(([key]) => key === "MultiPathRoute").map(([, text]) => hopOf(text, link, v6));
  if (hops.length > 0) {
    delete route.dev;
    route.nexthops = hops;
  }
  const table = value("Table") ?? (type === "2" ? "255" : "254");
  if (table !== "254") route.table = table;
  const protocol = value("Protocol") ?? "4";
  if (protocol !== "3") route.protocol = protocol;
  const metric = Number(value("Metric") ?? (v6 ? 1024 : 0));
  if (v6 || metric !== 0) route.metric = metric;
  const direct = type === undefined && route.gateway === undefined && route.via === undefined && hops.length === 0;
  const scope = value("Scope") ?? (type === "2" ? "host" : direct ? "link" : "global");
  if (!v6 && scope !== "global") route.scope = scopes[scope] ?? scope;
  const source = value("PreferredSource");
  if (source !== undefined) route.prefsrc = asIpPrints(source);
  const metrics = Object.entries(metricKeys).flatMap(([key, name]) =>
    value(key) === undefined ? [] : [[name, Number(value(key))] as const],
  );
  if (metrics.length > 0) route.metrics = [Object.fromEntries(metrics)];
  if (v6) route.pref = value("IPv6Preference") ?? "medium";
  return route;
}

/** Host bits, or what is no prefix at all, would put the link into `failed`. */
function dstOf(text: string, v6: boolean): string {
  const parsed = v6 ? new Address6(text) : new Address4(text);
  if (parsed.startAddress().correctForm() !== parsed.correctForm()) throw new Error(`host bits in ${text}`);
  const length = parsed.subnetMask;
  const address = asIpPrints(parsed.correctForm());
  return length === 0 ? "default" : length === (v6 ? 128 : 32) ? address : `${address}/${length}`;
}

function setGateway(hop: HopJson, gateway: string | undefined, v6: boolean): void {
  if (gateway === undefined) return;
  if (isV6(gateway) !== v6) hop.via = { family: "inet6", host: asIpPrints(gateway) };
  else hop.gateway = asIpPrints(gateway);
}

/** `GATEWAY[@LINK] WEIGHT`; without a link it is that of the file. */
function hopOf(text: string, link: string, v6: boolean): HopJson {
  const [, gateway, dev = link, weight] = /^([0-9a-f.:]+)(?:@([^ @]+))? (\d+)$/.exec(text) ?? [];
  if (gateway === undefined) throw new Error(`networkd cannot read MultiPathRoute=${text}`);
  const hop: HopJson = { dev, weight: Number(weight), flags: [] };
  setGateway(hop, gateway, v6);
  return hop;
}

/** networkd names a table also where it looks into none, and sets all with protocol static (measured). */
function rulesOf({ values }: Section): { rule: RuleJson; v6: boolean }[] {
  const body = Object.fromEntries(values);
  const {
    From,
    To,
    Type,
    FirewallMark,
    IncomingInterface,
    OutgoingInterface,
    Table = "254",
    Priority = "32765",
  } = body;
  const prefix = (text: string | undefined, key: "src" | "dst") => {
    if (text === undefined) return key === "src" ? { src: "all" } : {};
    const [address = "", length] = text.split("/");
    const host = length === undefined || Number(length) === (isV6(address) ? 128 : 32);
    return { [key]: asIpPrints(address), ...(host ? {} : { [`${key}len`]: Number(length) }) };
  };
  const [fwmark, fwmask] = FirewallMark?.split("/") ?? [];
  const rule = {
    priority: Number(Priority),
    ...(body["InvertRule"] === "yes" ? { not: null } : {}),
    src: "all",
    ...prefix(From, "src"),
    ...prefix(To, "dst"),
    ...(fwmark === undefined ? {} : { fwmark }),
    ...(fwmask === undefined ? {} : { fwmask }),
    ...(IncomingInterface === undefined ? {} : { iif: IncomingInterface }),
    ...(OutgoingInterface === undefined ? {} : { oif: OutgoingInterface }),
    ...(Type === undefined ? {} : { action: types[Type] ?? "" }),
    table: Table,
    protocol: "4",
  } as RuleJson;
  const named = From ?? To;
  const family = named === undefined ? (body["Family"] ?? "ipv4") : isV6(named) ? "ipv6" : "ipv4";
  return (family === "both" ? [false, true] : [family === "ipv6"]).map((v6) => ({ rule, v6 }));
}

function neighborOf({ values }: Section, dev: string): NeighborJson {
  const [dst, lladdr] = ["Address", "LinkLayerAddress"].map((key) => values.find(([name]) => name === key)?.[1] ?? "");
  if (dst === undefined || dst === "" || lladdr === undefined) throw new Error("a [Neighbor] without an address");
  return { dst: asIpPrints(dst), dev, lladdr, state: ["PERMANENT"] };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
