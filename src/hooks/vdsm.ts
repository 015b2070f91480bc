import type { DocumentInput } from "../desired/schema.ts";
import { attributesOf, canonicalNetwork } from "./vdsmCanonical.ts";
import { checkWish } from "./vdsmChecks.ts";
import { documentForNetwork } from "./vdsmDocument.ts";
import {
  linkOf,
  tableOf,
  type VdsmHost,
  type VdsmNetwork,
  type VdsmProblem,
  vdsmErrors,
  vdsmOwner,
} from "./vdsmNetwork.ts";
import { leftToOthers, linkNotes } from "./vdsmNotes.ts";
import { type NetworkAttributes, parseVdsmPayload, type VdsmPayload } from "./vdsmPayload.ts";

/** A call of which nothing is done. */
export interface VdsmRefusal {
  readonly problems: readonly VdsmProblem[];
  /** What would be left to others; a slip in a key shows there. */
  readonly notes: readonly string[];
}

/** What becomes of one network. */
export interface NetworkChange {
  readonly name: string;
  readonly owner: string;
  readonly action: "set" | "remove";
  /** The link that its routes are on, and the table of its own; null for a removed network that was not known. */
  readonly link: string | null;
  readonly table: number | null;
  /** The canonical form, to be kept; null for a removed network. */
  readonly request: NetworkAttributes | null;
  /** null for none. */
  readonly document: DocumentInput | null;
}

export interface VdsmChange {
  readonly networks: readonly NetworkChange[];
  /** What of the call is left to others, and what is not yet as it says. */
  readonly notes: readonly string[];
  /** Seconds to wait until the manager is heard of again; null if that is not to be checked. */
  readonly checkSeconds: number | null;
}

/**
 * A setupNetworks call → what it changes. A patch: networks that it does not name stay, but for the one that loses the
 * default route to another. Nothing is changed if anything is wrong, and everything that is wrong is said at once.
 */
export function changeForVdsm(text: string, host: VdsmHost): VdsmChange | VdsmRefusal {
  const payload = parseVdsmPayload(text);
  if ("problems" in payload) return { ...payload, notes: [] };
  const problems: VdsmProblem[] = [];
  const removed: string[] = [];
  const set: VdsmNetwork[] = [];
  const notes: string[] = [];
  for (const [name, attributes] of Object.entries(payload.networks)) {
    if (attributes.remove === true) {
      removed.push(name);
      problems.push(...removalProblems(name, attributes, payload, host));
      continue;
    }
    const canonical = canonicalNetwork(name, attributes);
    problems.push(...canonical.problems);
    set.push(canonical.network);
  }
  const displaced = displacedNetwork(set, host, payload);
  if (displaced !== null) {
    set.push({ ...displaced, defaultRoute: false, nameservers: [] });
    notes.push(`${displaced.name}: is not the network of the default route any more`);
  }
  const kept = [...host.running.values()].filter(({ name }) => !Object.hasOwn(payload.networks, name));
  const after = [...kept.filter(({ name }) => name !== displaced?.name), ...set];
  const options = timeoutOf(payload);
  const wish = { set, removed, after, bondings: payload.bondings, knownLinks: knownLinks(host) };
  problems.push(...checkWish(wish), ...options.problems);
  notes.push(...leftToOthers(payload));
  if (problems.length > 0) return { problems: unique(problems), notes };
  notes.push(...set.flatMap((network) => linkNotes(network, host)));
  const networks = [...removed.map((name) => removal(name, host)), ...set.map((network) => setting(network, host))];
  return { networks, notes, checkSeconds: options.seconds };
}

/** All networks once more, with the addresses that their links have now: a lease brings its subnet. */
export function assertNetworks(host: VdsmHost): NetworkChange[] {
  return [...host.running.values()].map((network) => setting(network, host));
}

function setting(network: VdsmNetwork, { links }: VdsmHost): NetworkChange {
  const { name } = network;
  const link = linkOf(network);
  const document = documentForNetwork(network, links?.get(link)?.addresses ?? []);
  return {
    name,
    owner: vdsmOwner(name),
    action: "set",
    link,
    table: tableOf(link),
    request: attributesOf(network),
    document,
  };
}

function removal(name: string, { running }: VdsmHost): NetworkChange {
  const before = running.get(name);
  const link = before === undefined ? null : linkOf(before);
  const table = link === null ? null : tableOf(link);
  return { name, owner: vdsmOwner(name), action: "remove", link, table, request: null, document: null };
}

function removalProblems(
  name: string,
  attributes: NetworkAttributes,
  { done }: VdsmPayload,
  { running, links }: VdsmHost,
): VdsmProblem[] {
  const others = Object.keys(attributes).filter((key) => key !== "remove" && key !== "custom");
  const problems = others.map((key) => ({
    code: vdsmErrors.badParameters,
    subject: `${name}.${key}`,
    message: "does not go with remove",
  }));
  // A network from before netkeep's time has no record. VDSM itself has looked for it; else its link has to be there.
  if (done || running.has(name) || links?.has(name) === true) return problems;
  return [...problems, { code: vdsmErrors.badBridge, subject: name, message: "there is no such network to remove" }];
}

/** The network that had the default route, if the call gives it to another and does not name this one. */
function displacedNetwork(set: readonly VdsmNetwork[], { running }: VdsmHost, { networks }: VdsmPayload) {
  if (!set.some(({ defaultRoute }) => defaultRoute)) return null;
  const before = [...running.values()].find(({ defaultRoute }) => defaultRoute);
  return before === undefined || Object.hasOwn(networks, before.name) ? null : before;
}

/** VDSM's default. */
const defaultSeconds = 4;

function timeoutOf({ options }: VdsmPayload): { seconds: number | null; problems: VdsmProblem[] } {
  const { connectivityCheck = false, connectivityTimeout = defaultSeconds } = options;
  const seconds = connectivityTimeout === "" ? Number.NaN : Number(connectivityTimeout);
  if (seconds >= 0 && seconds <= 3600) return { seconds: connectivityCheck ? seconds : null, problems: [] };
  const message = `${JSON.stringify(connectivityTimeout)} is not a number of seconds, 0 to 3600`;
  return {
    seconds: null,
    problems: [{ code: vdsmErrors.badParameters, subject: "options.connectivityTimeout", message }],
  };
}

function knownLinks({ running, links }: VdsmHost): ReadonlySet<string> | null {
  if (links === null) return null;
  const before = [...running.values()].flatMap(({ bonding }) => (bonding === null ? [] : [bonding]));
  return new Set([...links.keys(), ...before]);
}

function unique(problems: readonly VdsmProblem[]): VdsmProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
