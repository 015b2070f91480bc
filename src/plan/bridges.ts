import { lengthOf, networkPrefix } from "../model/address.ts";
import {
  type Bridge,
  bareAddress,
  type LinkAddress,
  lengthOfLinkAddress,
  type RecordedBridge,
  sysctlsOf,
} from "../model/bridge.ts";
import { type BridgeChange, type BridgeDifference, differenceText, type Note } from "../model/change.ts";
import { virtualLinkFacts } from "../model/link.ts";
import type { KernelLink, KernelState } from "../model/state.ts";

export interface BridgeFacts {
  readonly kernel: KernelState;
  /** The group of links that are ours, the number of our route protocol: networkd can set it too, and `ip` shows it. */
  readonly group: number;
  readonly recorded: ReadonlyMap<string, RecordedBridge>;
  /** Link → a `.netdev` file of somebody else that makes it. */
  readonly foreign: ReadonlyMap<string, string>;
  /** Key → value now, of the sysctls that matter; what cannot be read is left out. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Links that documents have entries on. */
  readonly used: ReadonlySet<string>;
  /** A document that cannot be read may ask for a bridge. */
  readonly doubt: boolean;
  readonly adopt: boolean;
  /** `--root`: there is no kernel. */
  readonly offline: boolean;
}

export interface BridgePlan {
  readonly changes: readonly BridgeChange[];
  readonly notes: readonly Note[];
  /** Those that are as documents say, or will be. */
  readonly made: ReadonlyMap<string, Bridge>;
  /** Bridges that no document asks for and that stay for now → why. */
  readonly kept: ReadonlyMap<string, string>;
  /** Bridge → ports of it that lead to more than one guest. */
  readonly uplinks: ReadonlyMap<string, readonly string[]>;
  /** The kernel as it is after the changes, as far as entries need to know. */
  readonly kernel: KernelState;
}

/** Where there are none, and nobody has asked. */
export function noBridges(kernel: KernelState): BridgePlan {
  return { changes: [], notes: [], made: new Map(), kept: new Map(), uplinks: new Map(), kernel };
}

/** Bridges that documents ask for against the kernel, and those of ours that no document asks for any more. */
export function planBridges(desired: ReadonlyMap<string, Bridge>, facts: BridgeFacts): BridgePlan {
  const changes: BridgeChange[] = [];
  const notes: Note[] = [];
  const made = new Map<string, Bridge>();
  const kept = new Map<string, string>();
  const uplinks = new Map<string, readonly string[]>();
  for (const [link, bridge] of desired) {
    const found = facts.kernel.links.get(link);
    const about = notesOf(bridge, found, facts);
    notes.push(...about);
    if (about.some(({ level }) => level === "refusal")) continue;
    made.set(link, bridge);
    const ports = uplinksOf(link, facts);
    if (ports.length > 0) uplinks.set(link, ports);
    if (facts.offline) continue;
    if (found === undefined) changes.push({ action: "add", link, bridge });
    else changes.push(...replacement(bridge, found, facts));
  }
  for (const link of unwanted(desired, facts)) {
    const why = reasonToStay(link, facts);
    if (why !== null) {
      kept.set(link, why);
      notes.push({
        level: "warning",
        link,
        text: `no document asks for the bridge ${link} any more; it stays, ${why}`,
      });
    } else if (isOursToRemove(link, facts)) changes.push({ action: "remove", link });
    else if (facts.kernel.links.has(link)) {
      const text = `${link} stays: it is not the bridge any more that netkeep has made, only its files go`;
      notes.push({ level: "info", link, text });
    }
  }
  return { changes, notes, made, kept, uplinks, kernel: kernelAfter(facts.kernel, changes) };
}

/** Ours to change: by its mark, or by our files together with the MAC that they give it. */
function isOurs(link: KernelLink | undefined, { group, recorded }: BridgeFacts): boolean {
  if (link?.facts.kind !== "bridge") return false;
  const mac = recorded.get(link.name)?.mac;
  return link.group === group || (mac != null && mac === link.facts.mac);
}

function isOursToRemove(link: string, facts: BridgeFacts): boolean {
  return !facts.offline && isOurs(facts.kernel.links.get(link), facts);
}

function notesOf(bridge: Bridge, found: KernelLink | undefined, facts: BridgeFacts): Note[] {
  const { link } = bridge;
  const refuse = (text: string): Note[] => [{ level: "refusal", link, text }];
  const netdev = facts.foreign.get(link);
  if (netdev !== undefined) {
    return refuse(`${netdev} makes ${link} already, and networkd takes one of the two files: remove it, or \`bridge\``);
  }
  if (found === undefined) return [];
  if (found.facts.kind !== "bridge") return refuse(`${link} exists and is no bridge`);
  const ports = uplinksOf(link, facts);
  // One that our files name may be replaced, whoever has made it anew meanwhile.
  if (isOurs(found, facts) || facts.recorded.has(link)) return ports.length === 0 ? [] : [uplinkNote(link, ports)];
  if (ports.length > 0) {
    return refuse(
      `the bridge ${link} has the uplink ${ports.join(", ")}: others there would see a gateway of every host`,
    );
  }
  const differences = differencesOf(bridge, found, facts).filter(({ what }) => what !== "group" && what !== "sysctl");
  if (differences.length === 0) {
    return [{ level: "info", link, text: `takes over the bridge ${link}, which somebody else has made` }];
  }
  const list = differences.map(differenceText).join(", ");
  if (facts.adopt)
    return [{ level: "warning", link, text: `takes over the foreign bridge ${link} and changes ${list}` }];
  return refuse(
    `the foreign bridge ${link} is not as the document says (${list}); --adopt takes it over and changes it`,
  );
}

function uplinkNote(link: string, ports: readonly string[]): Note {
  const text = `the bridge ${link} has the uplink ${ports.join(", ")}: others there see a gateway of every host`;
  return { level: "warning", link, text };
}

/** Kinds of links that lead to other hosts; hardware has no kind. What libvirt makes for a guest is none of these. */
const outward = new Set([null, "bond", "team", "vlan", "vxlan", "geneve", "gretap", "ip6gretap"]);

function uplinksOf(bridge: string, facts: BridgeFacts): string[] {
  return portsOf(bridge, facts).filter((port) => outward.has(facts.kernel.links.get(port)?.facts.kind ?? null));
}

/** The ports of a bridge, sorted. */
export function portsOf(bridge: string, { kernel }: { readonly kernel: Pick<KernelState, "links"> }): string[] {
  const ports = [...kernel.links.values()].filter(({ master }) => master === bridge);
  return ports.map(({ name }) => name).sort();
}

function replacement(bridge: Bridge, found: KernelLink, facts: BridgeFacts): BridgeChange[] {
  const differences = differencesOf(bridge, found, facts);
  if (differences.length === 0) return [];
  const flushes = differences.some(({ what }) => what === "mac");
  const neighbors = flushes ? facts.kernel.neighbors.filter(({ link }) => link === bridge.link) : [];
  const takesOver = !isOurs(found, facts) && !facts.recorded.has(bridge.link);
  return [{ action: "replace", link: bridge.link, bridge, takesOver, differences, neighbors }];
}

function differencesOf(bridge: Bridge, found: KernelLink, facts: BridgeFacts): BridgeDifference[] {
  const differs = (what: BridgeDifference["what"], expected: string | null, actual: string | null, key?: string) =>
    expected === actual ? [] : [{ what, key: key ?? null, expected, actual }];
  const there = new Set<string>(found.addresses.map(({ address, subnet }) => `${address}/${lengthOf(subnet)}`));
  const wanted = new Set<string>(bridge.addresses);
  const before = facts.recorded.get(bridge.link)?.addresses ?? [];
  return [
    ...differs("mac", bridge.mac, found.facts.mac ?? null),
    ...differs("stp", "off", found.stp === true ? "on" : "off"),
    ...differs("group", String(facts.group), found.group === null ? "another" : String(found.group ?? 0)),
    ...differs("state", "up", found.up ? "up" : "down"),
    ...bridge.addresses.flatMap((address) => (there.has(address) ? [] : differs("address", address, null))),
    ...before.flatMap((address) =>
      there.has(address) && !wanted.has(address) ? differs("address", null, address) : [],
    ),
    ...sysctlsOf(bridge).flatMap(({ key, value }) => {
      const now = facts.sysctls.get(key);
      return now === undefined ? [] : differs("sysctl", value, now, key);
    }),
  ];
}

/** Only what our files name, whatever mark a link has: they are there before the bridge, and go after it. */
function unwanted(desired: ReadonlyMap<string, Bridge>, { recorded }: BridgeFacts): string[] {
  return [...recorded.keys()].filter((link) => !desired.has(link)).sort();
}

/** Null if it is to go. */
function reasonToStay(link: string, facts: BridgeFacts): string | null {
  if (facts.doubt) return "because a document that cannot be read may ask for it";
  if (!facts.kernel.links.has(link)) return null;
  const ports = portsOf(link, facts);
  if (ports.length > 0) return `because it has ports: ${ports.join(", ")}`;
  return facts.used.has(link) ? "because documents have entries on it" : null;
}

/** A link that is made has the addresses by which next hops are found, and is up. */
function kernelAfter(kernel: KernelState, changes: readonly BridgeChange[]): KernelState {
  if (changes.length === 0) return kernel;
  const links = new Map(kernel.links);
  for (const change of changes) {
    const { link } = change;
    const before = links.get(link);
    if (change.action === "add") links.set(link, linkOf(change.bridge));
    else if (change.action === "replace" && before !== undefined) links.set(link, { ...before, up: true });
  }
  return { ...kernel, links };
}

function linkOf({ link, mac, addresses }: Bridge): KernelLink {
  const taken = addresses.map((address: LinkAddress) => ({
    address: bareAddress(address),
    subnet: networkPrefix(bareAddress(address), lengthOfLinkAddress(address)),
    dynamic: false,
  }));
  return {
    name: link,
    index: 0,
    up: true,
    carrier: false,
    facts: virtualLinkFacts(link, "bridge", mac),
    addresses: taken,
  };
}
