import { type Address, familyOf, networkPrefix, parseAddress } from "../model/address.ts";
import type { Entry } from "../model/entry.ts";
import { sectionToNeighbor } from "./neighborSection.ts";
import { readRuleSection } from "./placedRule.ts";
import { sectionToRoute } from "./routeSection.ts";
import type { Section } from "./scan.ts";

/** What a section of a unit file asks for, whoever wrote the file, and where it stands. */
export interface PlacedEntry {
  readonly path: string;
  /** Of the section's head. */
  readonly line: number;
  /** As networkd would install it; null if the file alone does not say that. */
  readonly entry: Entry | null;
  /** Assignments that netkeep has no word for; with none of them `entry` is the whole section. */
  readonly unknown: readonly string[];
  /** The section in one line. */
  readonly text: string;
}

/** Routes, neighbors, rules and nexthop objects in these sections, as networkd would install them on `link`. */
export function placedEntries(sections: readonly Section[], link: string): PlacedEntry[] {
  return sections.flatMap((section) => {
    if (section.name === "Route") return [placedRoute(section, link)];
    if (section.name === "Neighbor") return [placedNeighbor(section, link)];
    if (section.name === "RoutingPolicyRule") return placedRules(section, link);
    if (section.name === "NextHop") {
      return [{ ...place(section), entry: null, unknown: [`[${section.name}]`] }];
    }
    return section.name === "Network" ? networkGateways(section, link) : [];
  });
}

/** systemd.network(5), [ROUTE] SECTION OPTIONS: networkd's spelling → the one that netkeep writes; null for no meaning. */
const spellings: Readonly<Record<string, (value: string) => string | null>> = {
  Destination: destination,
  Gateway: plainAddress,
  GatewayOnLink: boolean,
  GatewayOnlink: boolean,
  Metric: number,
  Table: named({ default: "253", main: "254", local: "255" }),
  Type: (value) => (/^(unicast|local|blackhole|unreachable|prohibit|throw)$/.test(value) ? value : null),
  Scope: named({ "0": "global", "200": "site", "253": "link", "254": "host" }, /^(global|site|link|host)$/),
  PreferredSource: plainAddress,
  MTUBytes: size,
  TCPAdvertisedMaximumSegmentSize: size,
  InitialCongestionWindow: number,
  Protocol: named({ kernel: "2", boot: "3", static: "4", ra: "9", dhcp: "16" }),
  MultiPathRoute: (value) => value.replace(/\s+/g, " "),
};

function placedRoute(section: Section, link: string): PlacedEntry {
  const body: Record<string, string[]> = {};
  const unknown: string[] = [];
  for (const { key, value } of lastOf(section)) {
    const spelt = spellings[key]?.(value) ?? null;
    if (spelt === null) unknown.push(`${key}=${value}`);
    else body[key === "GatewayOnlink" ? "GatewayOnLink" : key] ??= [];
    if (spelt !== null) body[key === "GatewayOnlink" ? "GatewayOnLink" : key]?.push(spelt);
  }
  const gateway = body["Gateway"]?.at(-1);
  if (body["Destination"] === undefined && gateway !== undefined) body["Destination"] = [everywhere(gateway)];
  return { ...place(section), entry: sectionToRoute({ name: "Route", body }, link), unknown };
}

function placedNeighbor(section: Section, link: string): PlacedEntry {
  const values = new Map(lastOf(section).map(({ key, value }) => [key, value]));
  const mac = values.get("LinkLayerAddress") ?? values.get("MACAddress") ?? "";
  const body = { Address: values.get("Address") ?? "", LinkLayerAddress: mac };
  const known = ["Address", "LinkLayerAddress", "MACAddress"];
  const unknown = [...values].filter(([key]) => !known.includes(key)).map(([key, value]) => `${key}=${value}`);
  return { ...place(section), entry: sectionToNeighbor({ name: "Neighbor", body }, link), unknown };
}

function placedRules(section: Section, link: string): PlacedEntry[] {
  const spell = { prefix: destination, number, boolean, table: named({ default: "253", main: "254", local: "255" }) };
  const { rules, unknown } = readRuleSection(lastOf(section), spell, link);
  if (rules.length === 0)
    return [{ ...place(section), entry: null, unknown: unknown.length > 0 ? unknown : ["such a rule"] }];
  return rules.map((entry) => ({ ...place(section), entry, unknown }));
}

/** Gateway= in [Network] is a default route. */
function networkGateways(section: Section, link: string): PlacedEntry[] {
  return section.assignments.flatMap(({ key, value, line }) => {
    const gateway = key === "Gateway" ? plainAddress(value) : null;
    if (gateway === null) return [];
    const body = { Destination: everywhere(gateway), Gateway: gateway };
    const entry = sectionToRoute({ name: "Route", body }, link);
    return [{ path: section.path, line, entry, unknown: [], text: `[Network] Gateway=${value}` }];
  });
}

function place({ path, line, name, assignments }: Section): Pick<PlacedEntry, "path" | "line" | "text"> {
  return { path, line, text: [`[${name}]`, ...assignments.map(({ key, value }) => `${key}=${value}`)].join(" ") };
}

/** An empty value takes back what stands above it; of a key that takes one value the last counts. */
function lastOf({ assignments }: Section): { key: string; value: string }[] {
  const kept: { key: string; value: string }[] = [];
  for (const { key, value } of assignments) {
    if (value !== "" && key === "MultiPathRoute") kept.push({ key, value });
    else {
      const others = kept.filter((other) => other.key !== key);
      kept.splice(0, kept.length, ...others, ...(value === "" ? [] : [{ key, value }]));
    }
  }
  return kept;
}

function everywhere(gateway: string): string {
  return gateway.includes(":") ? "::/0" : "0.0.0.0/0";
}

/** networkd zeroes host bits (in_addr_mask() in config_parse_destination()). */
function destination(value: string): string | null {
  const [text = "", length, more] = value.split("/");
  const address = plainAddress(text);
  if (address === null || more !== undefined) return null;
  const longest = familyOf(address) === 4 ? 32 : 128;
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= longest)) return null;
  return networkPrefix(address, length === undefined ? longest : Number(length));
}

function plainAddress(value: string): Address | null {
  const parsed = parseAddress(value);
  return "problem" in parsed ? null : parsed.value;
}

/** parse_boolean() of systemd. */
function boolean(value: string): string | null {
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return "yes";
  return /^(0|no|n|false|f|off)$/i.test(value) ? "no" : null;
}

function number(value: string): string | null {
  return /^\d+$/.test(value) ? String(Number(value)) : null;
}

/** parse_size() of systemd to the base of 1024. */
function size(value: string): string | null {
  const found = /^(\d+)\s*([KMG]?)$/.exec(value);
  if (found === null) return null;
  return String(Number(found[1]) * 1024 ** ["", "K", "M", "G"].indexOf(found[2] ?? ""));
}

function named(names: Readonly<Record<string, string>>, as = /^\d+$/): (value: string) => string | null {
  return (value) => names[value] ?? (as.test(value) ? value : null);
}
