import type { CommandContext } from "../../context.ts";
import { type ExitCode, exitCodes } from "../../errors.ts";
import { agentDocuments, agentLeftovers } from "../../hooks/agentEntries.ts";
import {
  type CloudstackRequest,
  changeForCloudstack,
  cloudstackOwner,
  namedAddresses,
  parseCloudstackArguments,
} from "../../hooks/cloudstack.ts";
import { parseGuestAddress } from "../../hooks/guest.ts";
import type { Address } from "../../model/address.ts";
import type { Message } from "../../result.ts";
import type { GivenDocument } from "../../store/documents.ts";
import type { System } from "../../system/system.ts";
import { ownerDocument } from "../set.ts";
import type { HookCall, HookDecision, HookHost, HookOptions } from "./hookCall.ts";

const source = "the CloudStack agent";

/**
 * `netkeep hook cloudstack`: the argv of the agent's modifymacip.sh, the same kernel effect, and a record. Exit 2 and a
 * usage line for bad arguments, as the script, strict or not.
 */
export function cloudstackCall(context: CommandContext, argv: readonly string[], options: HookOptions): HookCall {
  const request = parseCloudstackArguments(argv);
  if ("usage" in request) {
    const messages: Message[] = request.complaint === null ? [] : [{ level: "error", text: request.complaint }];
    const exitCode: ExitCode = exitCodes.failed;
    return { result: { exitCode, data: { usage: request.usage }, text: `${request.usage}\n`, messages } };
  }
  return {
    options,
    owner: cloudstackOwner(request),
    guest: { link: request.bridge, leaving: request.operation === "delete" ? request.mac : null },
    decide: (host) => decide(context, request, host, options.live && !context.system.offline),
  };
}

/** @param live whether the kernel may be changed */
async function decide(
  { system }: CommandContext,
  request: CloudstackRequest,
  host: HookHost,
  live: boolean,
): Promise<HookDecision> {
  const owner = cloudstackOwner(request);
  const { bridge, mac, operation } = request;
  const isOurs = await host.ownership(bridge);
  const leftovers =
    operation === "delete" && live ? agentLeftovers(host.kernel, bridge, mac, isOurs, namedAddresses(request)) : [];
  const problems: string[] = [];
  const wantsIpv6 = operation === "add" && request.addresses.some(({ family }) => family === 6);
  if (wantsIpv6 && live && host.kernel.links.has(bridge)) await enableIpv6(system, bridge, problems);
  const { hostAddresses } = host;
  const mayHave = (address: Address) => "value" in parseGuestAddress(address, hostAddresses);
  const found = agentDocuments(host.kernel, bridge, isOurs, mayHave);
  const previous = (await host.stored(owner))?.document ?? (host.settled(owner) ? null : (found.get(owner) ?? null));
  const change = changeForCloudstack(request, previous, hostAddresses);
  problems.push(...change.problems);
  // What the agent's script has left on this bridge belongs to its guests: the reload must not delete it.
  const adopted: GivenDocument[] = [];
  for (const [other, document] of found) {
    if (other === owner || host.settled(other) || (await host.stored(other)) !== null) continue;
    adopted.push(ownerDocument(other, `${source}, by modifymacip.sh`, document));
  }
  // Only an add that names addresses claims any: nothing else takes one back from a guest that has it now.
  const keepsAge = operation === "delete" || request.addresses.length === 0;
  return {
    given: [...adopted, { ...ownerDocument(owner, source, change.document), keepsAge }],
    leftovers,
    messages: problems.map((text) => ({ level: "error", text })),
    failed: problems.length > 0,
  };
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
