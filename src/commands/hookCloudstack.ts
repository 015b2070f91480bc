import type { DocumentInput } from "../desired/schema.ts";
import { parseStored } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import { agentDocuments, agentLeftovers } from "../hooks/agentEntries.ts";
import {
  type CloudstackRequest,
  changeForCloudstack,
  cloudstackOwner,
  parseCloudstackArguments,
} from "../hooks/cloudstack.ts";
import type { KernelChange } from "../model/change.ts";
import { entryKey } from "../model/entry.ts";
import type { KernelNeighbor, KernelRoute } from "../model/state.ts";
import type { System } from "../system/system.ts";
import type { CommandContext } from "./context.ts";
import { ownerPath } from "./documentFiles.ts";
import type { GivenDocument } from "./documents.ts";
import { applyLive } from "./live.ts";
import { observeEntries } from "./observeKernel.ts";
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
    const result = await changeOwnersBy(context, { ...options, runtime }, () => decide(context, request, problems));
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

async function decide(
  context: CommandContext,
  request: CloudstackRequest,
  problems: string[],
): Promise<GivenDocument[]> {
  const { system, settings } = context;
  const owner = cloudstackOwner(request);
  const state = await observeEntries(system);
  const previous = await storedDocument(system, owner);
  const isOurs = (entry: KernelRoute | KernelNeighbor) => entry.protocol === settings.routeProtocol;
  if (previous === null && request.operation === "delete") {
    await removeLeftovers(system, agentLeftovers(state, request.bridge, request.mac, isOurs), settings.routeProtocol);
  }
  if (request.addresses.some(({ family }) => family === 6)) await enableIpv6(system, request.bridge, problems);
  const found = agentDocuments(state, request.bridge, isOurs);
  const change = changeForCloudstack(request, previous ?? found.get(owner) ?? null);
  problems.push(...change.problems);
  // What the agent's script has left on this bridge belongs to its guests: the reload must not delete it.
  const adopted: GivenDocument[] = [];
  for (const [other, document] of found) {
    if (other === owner || (await storedDocument(system, other)) !== null) continue;
    adopted.push(ownerDocument(other, `${source}, by modifymacip.sh`, document));
  }
  return [...adopted, ownerDocument(owner, source, change.document)];
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

/** For a guest that is not recorded: what carries its MAC on the bridge goes, as the script would have it. */
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
  if (system.offline || !/^[^/]+$/.test(bridge) || /^\.{1,2}$/.test(bridge)) return;
  const path = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  try {
    const now = await system.readText(path);
    if (now !== null && now.trim() !== "0") await system.writeSysctl(path, "0");
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}
