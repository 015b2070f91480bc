import { audit } from "../audit/audit.ts";
import { explain, type Subject } from "../audit/explain.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import { parseRouteGet, type RouteGet } from "../kernel/parseRouteGet.ts";
import { addressOf, familyOf, isLinkLocal6, parsePrefix } from "../model/address.ts";
import type { Explanation } from "../model/explanation.ts";
import { installerText } from "../model/protocol.ts";
import type { KernelState } from "../model/state.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { explanationText } from "../report/explainText.ts";
import type { CommandResult } from "../result.ts";
import type { System } from "../system/system.ts";
import { auditInput } from "./auditInput.ts";
import { filesAbout, gatewaysOf, networkdViews, wishesOf } from "./explainRead.ts";

/**
 * One address or prefix through all layers. Exit 0 if a document asks for it and all is in order, else 1.
 *
 * @param text ADDRESS, PREFIX or ADDRESS%LINK
 * @throws UserError 64 for what is none of these
 */
export async function explainCommand(context: CommandContext, text: string): Promise<CommandResult> {
  const { system, settings, style } = context;
  const subject = readSubject(text);
  const prepared = await prepare(system, settings, {
    given: [],
    persistence: "persistent",
    adopt: false,
    tolerant: true,
  });
  const { observed } = prepared;
  const wishes = await wishesOf(system, prepared, subject);
  const gateways = await gatewaysOf(system, prepared, subject);
  const about = { subject, kernel: observed.kernel, wishes, gateways };
  const views = await networkdViews(system, prepared, about);
  const explanation = explain({
    ...about,
    files: filesAbout(prepared, subject, views),
    networkdOf: (entry) => views.get(entry),
    installer: ({ protocol }) => installerText(protocol, settings.routeProtocol),
    packets: system.offline ? null : await askKernel(system, prepared, subject),
    findings: audit(await auditInput(prepared, system)),
    networkdAbsent: observed.networkd.running ? null : observed.networkd.reason,
  });
  return {
    exitCode: explanation.verdict === "in-order" ? exitCodes.asDesired : exitCodes.differs,
    data: explanation,
    text: explanationText(explanation, style),
    messages: hints(explanation),
  };
}

function readSubject(text: string): Subject {
  const [spelt = "", link = null] = text.split("%");
  const prefix = parsePrefix(spelt);
  if ("problem" in prefix) {
    throw new UserError(exitCodes.usage, `${prefix.problem}; ADDRESS, PREFIX or ADDRESS%LINK is wanted`);
  }
  return { prefix: prefix.value, link };
}

/** Without `fibmatch` the kernel would answer with the packet's path, which has no key to compare. */
async function askKernel(system: System, { observed }: Prepared, { prefix, link }: Subject) {
  const address = addressOf(prefix);
  const family = familyOf(address);
  const on = link ?? (isLinkLocal6(address) ? onlyLinkOf(observed.kernel, address) : null);
  if (on === null && isLinkLocal6(address)) {
    return {
      asked: false,
      route: null,
      text: `the kernel needs the link of a link-local address: say ${address}%LINK`,
    };
  }
  const words = ["-j", "-N", `-${family}`, "route", "get", "fibmatch", address, ...(on === null ? [] : ["oif", on])];
  const said: RouteGet = parseRouteGet(await system.run("ip", words), family);
  if (said.kind === "local") return { asked: true, route: null, text: "it is an address of this host" };
  if (said.kind === "none") return { asked: true, route: null, text: said.reason };
  return { asked: true, route: said.route, text: hopText(said.route, address, observed.kernel) };
}

function onlyLinkOf({ neighbors }: KernelState, address: string): string | null {
  const links = neighbors.filter((neighbor) => neighbor.address === address).map((neighbor) => neighbor.link);
  return links.length === 1 ? (links[0] ?? null) : null;
}

/** Where to, and how the next hop's MAC address is known. */
function hopText(route: KernelState["routes"][number], address: string, { neighbors }: KernelState): string {
  if (route.nextHops.length > 0) return "by one of its next hops";
  const hop = route.gateway ?? address;
  const neighbor = neighbors.find((other) => other.link === route.link && other.address === hop);
  const resolution = hop.includes(":") ? "neighbor discovery" : "ARP";
  const how = neighbor === undefined ? `, whom ${resolution} has to find` : ` at ${neighbor.mac}, a permanent neighbor`;
  return `by ${route.link} to ${hop}${how}`;
}

function hints({ verdict }: Explanation): CommandResult["messages"] {
  const texts: Readonly<Record<Explanation["verdict"], string | null>> = {
    "in-order": null,
    waiting: null,
    drift: "netkeep audit shows all findings of this host; netkeep audit --repair mends what is netkeep's own",
    "not-asked-for": "netkeep import LINK prints what a link has as a document, and says what it leaves out and why",
    unknown: "netkeep show lists what documents ask for",
  };
  const text = texts[verdict];
  return text === null ? [] : [{ level: "info", text }];
}
