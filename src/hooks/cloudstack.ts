import type { DocumentInput } from "../desired/schema.ts";
import { type Address, type Family, familyOf, type Parsed, parseAddress } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";
import { getopts } from "./getopts.ts";
import { parseGuestAddress, parsePlace } from "./guest.ts";
import { oneLine } from "./oneLine.ts";

/** A call of modifymacip.sh, text as the agent gave it. */
export interface CloudstackRequest {
  readonly operation: "add" | "delete";
  readonly bridge: string;
  readonly mac: string;
  /** In the order of the command line; `family` is the option's, -4 or -6. */
  readonly addresses: readonly { readonly family: Family; readonly text: string }[];
}

/** Exit 2, `usage` on stdout, `complaint` on stderr, as the agent's script does. */
export interface CloudstackUsage {
  readonly usage: string;
  readonly complaint: string | null;
}

/**
 * The grammar of CloudStack's modifymacip.sh (PR #13495, commit 4816e059383): `getopts 'o:b:m:4:6:'`. The last -o, -b and
 * -m count, every -4 and -6 does. An empty -b or -m is a missing one.
 */
export function parseCloudstackArguments(argv: readonly string[]): CloudstackRequest | CloudstackUsage {
  const { options, complaint } = getopts("obm46", argv);
  if (complaint !== null) return { usage, complaint: oneLine(`${script}: ${complaint}`) };
  const last = (wanted: string) => options.findLast(({ letter }) => letter === wanted)?.value ?? "";
  const [operation, bridge, mac] = [last("o"), last("b"), last("m")];
  if ((operation !== "add" && operation !== "delete") || bridge === "" || mac === "") return { usage, complaint: null };
  const addresses = options.flatMap(({ letter, value }) =>
    letter === "4" || letter === "6" ? [{ family: letter === "4" ? (4 as const) : (6 as const), text: value }] : [],
  );
  return { operation, bridge, mac, addresses };
}

/** The agent names no guest: bridge and MAC are what it knows at every event. Any text gives an owner. */
export function cloudstackOwner(request: CloudstackRequest): string {
  const parsed = parseMac(request.mac);
  return `cloudstack:${request.bridge}:${"value" in parsed ? parsed.value : request.mac.toLowerCase()}`;
}

/** The owner's document after a request, null for none, and what of the request could not be done. */
export interface CloudstackChange {
  readonly document: DocumentInput | null;
  readonly problems: readonly string[];
}

/**
 * `add` never takes an address away: secondary addresses come one by one (PR #13758). `delete` with addresses takes away
 * only these (same PR; the merged script would delete all), without any the whole set. A bad address fails for itself, as
 * in the agent's script; with a bad bridge or MAC nothing can be done.
 *
 * @param hostAddresses no guest can have one of these
 */
export function changeForCloudstack(
  request: CloudstackRequest,
  previous: DocumentInput | null,
  hostAddresses: readonly Address[] = [],
): CloudstackChange {
  const place = parsePlace(request.bridge, request.mac);
  if ("problem" in place) return { document: previous, problems: [oneLine(place.problem)] };
  if (request.operation === "delete" && request.addresses.length === 0) return { document: null, problems: [] };
  const { sound, problems } = readAddresses(request, hostAddresses);
  const hosts = new Set<string>(hostAddresses);
  const recorded = (previous?.guests ?? []).flatMap((guest) => guest.addresses).map(canonical);
  // The host may have got an address since: it would have the whole document refused.
  const before = recorded.filter((address) => !hosts.has(address));
  const after =
    request.operation === "add"
      ? [...new Set([...before, ...sound])]
      : before.filter((address) => !sound.some((gone) => gone === address));
  if (after.length === 0) return { document: null, problems };
  const { mac, dev } = place.value;
  return { document: { version: 1, guests: [{ name: `${mac} on ${dev}`, dev, mac, addresses: after }] }, problems };
}

const script = "modifymacip.sh";
const usage = `Usage: ${script} -o <add|delete> -b <bridge> -m <mac> [-4 <ipv4>]... [-6 <ipv6>]...`;

/** The addresses of a request that a guest can have; null if it names none and so means all. */
export function namedAddresses(request: CloudstackRequest): readonly Address[] | null {
  return request.addresses.length === 0 ? null : readAddresses(request, []).sound;
}

function readAddresses(
  request: CloudstackRequest,
  hostAddresses: readonly Address[],
): { sound: Address[]; problems: string[] } {
  const sound: Address[] = [];
  const problems: string[] = [];
  for (const { family, text } of request.addresses) {
    const parsed = parseOfFamily(family, text, hostAddresses);
    if ("problem" in parsed) problems.push(oneLine(`-${family}: ${parsed.problem}`));
    else sound.push(parsed.value);
  }
  return { sound, problems };
}

function parseOfFamily(family: Family, text: string, hostAddresses: readonly Address[]): Parsed<Address> {
  const parsed = parseGuestAddress(text, hostAddresses);
  if ("problem" in parsed || familyOf(parsed.value) === family) return parsed;
  return { problem: `"${text}" is not an IPv${family} address` };
}

/** What was stored has passed this before; text that has not stays as it is, to be reported by the document's own checks. */
function canonical(text: string): string {
  const parsed = parseAddress(text);
  return "value" in parsed ? parsed.value : text;
}
