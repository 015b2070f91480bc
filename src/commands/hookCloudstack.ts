import type { DocumentInput } from "../desired/schema.ts";
import { parseStored } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import { agentDocuments, agentLeftovers } from "../hooks/agentEntries.ts";
import {
  type CloudstackRequest,
  changeForCloudstack,
  cloudstackOwner,
  namedAddresses,
  parseCloudstackArguments,
} from "../hooks/cloudstack.ts";
import { parseGuestAddress } from "../hooks/guest.ts";
import type { Address } from "../model/address.ts";
import type { KernelChange } from "../model/change.ts";
import { entryKey } from "../model/entry.ts";
import { isOursToRemove } from "../model/ownership.ts";
import type { KernelNeighbor, KernelRoute, KernelState } from "../model/state.ts";
import type { System } from "../system/system.ts";
import type { CommandContext } from "./context.ts";
import { ownerPath } from "./documentFiles.ts";
import type { GivenDocument } from "./documents.ts";
import { applyLive } from "./live.ts";
import { observeRecorded } from "./observe.ts";
import { observeKernel } from "./observeKernel.ts";
import { hostAddressesOf } from "./prepare.ts";
import type { CommandResult, Message } from "./result.ts";
import { changeOwnersBy, type OwnerOptions, ownerDocument } from "./set.ts";

const source = "the CloudStack agent";

/**
 * `netkeep hook cloudstack`: the argv of the agent's modifymacip.sh, the same kernel effect, and a record. Exit 2 and a
 * usage line for bad arguments, as the script; else 0 unless `strict`, because a hook never stops a guest.
 */
export async function hookCloudstackCommand(
  context: CommandContext,
  argv: readonly string[],
  options: Omit<OwnerOptions, "runtime"> & { readonly strict: boolean },
): Promise<CommandResult> {
  const request = parseCloudstackArguments(argv);
  if ("usage" in request) {
    const messages: Message[] = request.complaint === null ? [] : [{ level: "error", text: request.complaint }];
    return { exitCode: exitCodes.failed, data: { usage: request.usage }, text: `${request.usage}\n`, messages };
  }
  const problems: string[] = [];
  try {
    const runtime = context.settings.hookPersistence === "runtime";
    const result = await changeOwnersBy(context, { ...options, runtime }, () =>
      decide(context, request, options.live && !context.system.offline, problems),
    );
    const messages: Message[] = problems.map((text) => ({ level: "error", text }));
    const exitCode = problems.length > 0 && result.exitCode === 0 ? exitCodes.badData : result.exitCode;
    return {
      ...result,
      text: "",
      exitCode: options.strict ? exitCode : 0,
      messages: [...messages, ...result.messages],
    };
  } catch (error) {
    if (options.strict || !(error instanceof UserError)) throw error;
    return { exitCode: 0, data: null, text: "", messages: [{ level: "error", text: error.message }] };
  }
}

/** @param live whether the kernel may be changed */
async function decide(
  context: CommandContext,
  request: CloudstackRequest,
  live: boolean,
  problems: string[],
): Promise<GivenDocument[]> {
  const { system, settings } = context;
  const owner = cloudstackOwner(request);
  const kernel = await observeKernel(system);
  const previous = await storedDocument(system, owner);
  const isOurs = await ownership(system, settings.routeProtocol, kernel, request.bridge);
  if (request.operation === "delete" && live) {
    const leftovers = agentLeftovers(kernel, request.bridge, request.mac, isOurs, namedAddresses(request));
    await removeLeftovers(system, leftovers, settings.routeProtocol);
  }
  const wantsIpv6 = request.operation === "add" && request.addresses.some(({ family }) => family === 6);
  if (wantsIpv6 && live && kernel.links.has(request.bridge)) await enableIpv6(system, request.bridge, problems);
  const hostAddresses = hostAddressesOf(kernel);
  const mayHave = (address: Address) => "value" in parseGuestAddress(address, hostAddresses);
  const found = agentDocuments(kernel, request.bridge, isOurs, mayHave);
  const change = changeForCloudstack(request, previous ?? found.get(owner) ?? null, hostAddresses);
  problems.push(...change.problems);
  // What the agent's script has left on this bridge belongs to its guests: the reload must not delete it.
  const adopted: GivenDocument[] = [];
  for (const [other, document] of found) {
    if (other === owner || (await storedDocument(system, other)) !== null) continue;
    adopted.push(ownerDocument(other, `${source}, by modifymacip.sh`, document));
  }
  // Only an add that names addresses claims any: nothing else takes one back from a guest that has it now.
  const keepsAge = request.operation === "delete" || request.addresses.length === 0;
  return [...adopted, { ...ownerDocument(owner, source, change.document), keepsAge }];
}

/** What an owner asks for now; null if there is none, or its file cannot be read and so is to be written anew. */
async function storedDocument(system: System, owner: string): Promise<DocumentInput | null> {
  for (const persistence of ["persistent", "runtime"] as const) {
    const text = await system.readText(ownerPath(owner, persistence));
    if (text === null) continue;
    try {
      return parseStored(text).document as DocumentInput;
    } catch {
      return null;
    }
  }
  return null;
}

/** Neighbors that networkd set carry no mark. The drop-ins tell them, and are read only if there are any without it. */
async function ownership(system: System, protocol: number, { neighbors }: KernelState, bridge: string) {
  const unmarked = neighbors.some((neighbor) => neighbor.link === bridge && neighbor.protocol !== protocol);
  const record = { protocol, recorded: unmarked ? await observeRecorded(system) : new Map() };
  return (entry: KernelRoute | KernelNeighbor) => isOursToRemove(entry, record);
}

/** What carries the guest's MAC on the bridge and is in no record goes too, as the script would have it. */
async function removeLeftovers(
  system: System,
  leftovers: readonly (KernelRoute | KernelNeighbor)[],
  protocol: number,
): Promise<void> {
  const changes = leftovers.map((entry): KernelChange => ({ action: "remove", entry }));
  await applyLive(system, changes, protocol, ({ routes, neighbors }) => {
    const present = new Set([...routes, ...neighbors].map((entry) => entryKey(entry)));
    return changes.filter((change) => present.has(entryKey(change.entry)));
  });
}

async function enableIpv6(system: System, bridge: string, problems: string[]): Promise<void> {
  const path = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  try {
    const now = await system.readText(path);
    if (now !== null && now.trim() !== "0") await system.writeSysctl(path, "0");
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}
