import * as z from "zod";
import { type Address, accepted, isLinkLocal6, type Prefix, parseAddress } from "../model/address.ts";
import { fits, type LooseFields } from "../model/fits.ts";
import { neighborKey } from "../model/neighbor.ts";
import { once } from "../model/once.ts";
import { defaultMetric, routeKey, staticProtocol } from "../model/route.ts";

/** What networkd says of one link. */
export interface LinkStatus {
  /** unmanaged, pending, initialized, configuring, configured, failed, linger. */
  readonly state: string;
  /** The path of the base file, null if the link has none. */
  readonly baseFile: string | null;
  /** Paths of the drop-ins that it loaded; null on 252, which does not say. */
  readonly dropIns: readonly string[] | null;
  /** Addresses that somebody else than networkd has set, link-local IPv6 ones aside. */
  readonly foreignAddresses: readonly string[];
  /** `entryKey` → ConfigSource of each route and neighbor on the link: static, foreign, DHCPv4 … Few ask for it. */
  readonly entries: ReadonlyMap<string, string>;
  /** Those that networkd holds as its own by a file and is not about to remove: `entryKey` → protocol, null of a neighbor. */
  readonly held: ReadonlyMap<string, number | null>;
}

const bytes = once(() => z.array(z.int().min(0).max(255)));
const routeSchema = once(() =>
  z.looseObject({
    Destination: bytes(),
    DestinationPrefixLength: z.number(),
    Priority: z.number().optional(),
    Table: z.number().optional(),
    Protocol: z.number().optional(),
    ConfigSource: z.string(),
    ConfigState: z.string().optional(),
  }),
);
const neighborSchema = once(() =>
  z.looseObject({
    Destination: bytes(),
    ConfigSource: z.string(),
    ConfigState: z.string().optional(),
  }),
);
const statusSchema = once(() =>
  z.looseObject({
    Name: z.string(),
    AdministrativeState: z.string(),
    NetworkFile: z.string().optional(),
    NetworkFileDropins: z.array(z.string()).optional(),
    Routes: z.array(z.unknown()).nullish(),
    Addresses: z.array(z.looseObject({ Address: bytes(), ConfigSource: z.string() })).nullish(),
    Neighbors: z.array(z.unknown()).nullish(),
  }),
);
/** What the schema says, for a look at a glance; `Addresses` and the lists of entries aside. */
const statusFields: LooseFields = {
  Name: "string",
  AdministrativeState: "string",
  "NetworkFile?": "string",
  "NetworkFileDropins?": "strings",
};
type StatusJson = z.infer<ReturnType<typeof statusSchema>>;
type RouteJson = z.infer<ReturnType<typeof routeSchema>>;
type NeighborJson = z.infer<ReturnType<typeof neighborSchema>>;

/**
 * What networkd says of a link (Describe() of org.freedesktop.network1(5), `networkctl --json status`) → what netkeep needs of it.
 *
 * @throws ZodError or SyntaxError when the output is not what networkctl 252 and later print
 */
export function parseLinkStatus(json: string): LinkStatus {
  const value: unknown = JSON.parse(json);
  const status = isPlainStatus(value) ? value : statusSchema().parse(value);
  const routes = (status.Routes ?? []).map((item) =>
    isPlain(item, routeNumbers) ? (item as unknown as RouteJson) : routeSchema().parse(item),
  );
  const neighbors = (status.Neighbors ?? []).map((item) =>
    isPlain(item, []) ? (item as unknown as NeighborJson) : neighborSchema().parse(item),
  );
  const sources = once(() => {
    const entries = new Map<string, string>();
    for (const route of routes) entries.set(keyOfRoute(route), route.ConfigSource);
    for (const neighbor of neighbors) entries.set(keyOfNeighbor(status.Name, neighbor), neighbor.ConfigSource);
    return entries;
  });
  const held = new Map<string, number | null>();
  for (const route of routes) if (isHeld(route)) held.set(keyOfRoute(route), route.Protocol ?? staticProtocol);
  for (const neighbor of neighbors) if (isHeld(neighbor)) held.set(keyOfNeighbor(status.Name, neighbor), null);
  const foreignAddresses = (status.Addresses ?? [])
    .filter((address) => address.ConfigSource === "foreign")
    .map((address) => addressOfBytes(address.Address))
    .filter((address) => !isLinkLocal6(address));
  return {
    foreignAddresses,
    state: status.AdministrativeState,
    baseFile: status.NetworkFile ?? null,
    dropIns: status.NetworkFileDropins ?? null,
    get entries() {
      return sources();
    },
    held,
  };
}

function isHeld({ ConfigSource: source, ConfigState: state }: RouteJson | NeighborJson): boolean {
  return source === "static" && state?.includes("removing") !== true;
}

function keyOfRoute(route: RouteJson): string {
  const destination = `${addressOfBytes(route.Destination)}/${route.DestinationPrefixLength}` as Prefix;
  const metric = route.Priority ?? 0;
  const isDefault6 = route.Destination.length !== 4 && metric === 0;
  return routeKey({ table: route.Table ?? 254, destination, metric: isDefault6 ? defaultMetric(6) : metric });
}

function keyOfNeighbor(link: string, neighbor: NeighborJson): string {
  return neighborKey({ link, address: addressOfBytes(neighbor.Destination) });
}

function isPlainStatus(value: unknown): value is StatusJson {
  if (!fits(value, statusFields)) return false;
  const { Routes: routes, Neighbors: neighbors, Addresses: addresses } = value as Record<string, unknown>;
  const lists = [routes, neighbors, addresses].filter((list) => list != null);
  return lists.every(Array.isArray) && ((addresses ?? []) as unknown[]).every(isPlainAddress);
}

function isPlainAddress(item: unknown): boolean {
  if (!fits(item, { ConfigSource: "string" })) return false;
  const { Address: list } = item as Record<string, unknown>;
  return Array.isArray(list) && list.every(isByte);
}

const routeNumbers = ["DestinationPrefixLength", "Priority", "Table", "Protocol"] as const;

/**
 * Whether the schema has nothing to say against an element of a list: a host has tens of thousands. False tells nothing.
 *
 * @param numbers keys that must be there with a number
 */
function isPlain(item: unknown, numbers: readonly string[]): boolean {
  if (typeof item !== "object" || item === null) return false;
  const fields = item as Record<string, unknown>;
  const { Destination: list, ConfigSource: source, ConfigState: state } = fields;
  if (typeof source !== "string" || (state !== undefined && typeof state !== "string")) return false;
  return Array.isArray(list) && list.every(isByte) && numbers.every((key) => Number.isFinite(fields[key]));
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

/** `networkctl list --no-legend` → the SETUP column by link: the cheap question after a reload. */
export function parseLinkStates(text: string): Map<string, string> {
  const states = new Map<string, string>();
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [, name, , , state] = words;
    if (words.length === 5 && name !== undefined && state !== undefined) states.set(name, state);
  }
  return states;
}

/** `networkctl --version` → 252; null when it does not say. */
export function parseVersion(text: string): number | null {
  const match = /^systemd (\d+)/.exec(text);
  return match === null ? null : Number(match[1]);
}

function addressOfBytes(list: readonly number[]): Address {
  if (list.length === 4) return list.join(".") as Address;
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((((list[index] ?? 0) << 8) | (list[index + 1] ?? 0)).toString(16));
  }
  return accepted(parseAddress(groups.join(":")));
}
