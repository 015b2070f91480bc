import { audit, isDrift } from "../audit/audit.ts";
import type { AuditInput } from "../audit/input.ts";
import type { CommandContext } from "../context.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Finding } from "../model/finding.ts";
import { places } from "../model/places.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { auditSummary, auditText } from "../report/auditText.ts";
import type { CommandResult } from "../result.ts";
import { markLinks } from "../transact/linkMarks.ts";
import { requirePrivilege } from "./apply.ts";
import { auditInput } from "./auditInput.ts";
import { repair } from "./repair.ts";
import { waitForEntries } from "./waitForEntries.ts";

export interface SettleOptions {
  /** Only these links matter, by name or as systemd escapes it for the name of a unit; empty: all. */
  readonly links: readonly string[];
  /** How long networkd may take. */
  readonly seconds: number;
}

/** In milliseconds, between two attempts on a link that somebody else is setting up. */
const pause = 500;

/**
 * After networkd has started, or a link has appeared: waits until networkd has set the entries, and repairs what is not
 * there then. What cannot be repaired leaves the rest to be done. From here on the udev rule looks after links that appear.
 *
 * @returns exit status 1 if entries are wrong, or nobody will keep them
 */
export async function settleCommand(context: CommandContext, asked: SettleOptions): Promise<CommandResult> {
  requirePrivilege(context);
  const { system } = context;
  const options = { ...asked, links: asked.links.map(linkOfUnit) };
  if (system.offline) throw new UserError(exitCodes.usage, "settle looks after a host that runs: not with --root");
  const end = system.now() + options.seconds * 1000;
  for (;;) {
    const prepared = await waitForEntries(context, Math.max(0, end - system.now()) / 1000, options.links);
    const result = await settleNow(context, options, prepared);
    // Who sets up such a link may be in the middle of it: a next hop is refused until its subnet is there.
    const coming = options.links.some((link) => prepared.layout.live.has(link));
    if (result.exitCode === exitCodes.asDesired || !coming || system.now() > end) return result;
    await system.sleep(pause);
  }
}

async function settleNow(context: CommandContext, options: SettleOptions, prepared: Prepared): Promise<CommandResult> {
  const { system, settings } = context;
  const concerns = ({ link }: { readonly link: string | null }) =>
    options.links.length === 0 || link === null || options.links.includes(link);
  // A link without entries: the udev rule may be late, and there is nothing to take the lock for.
  if (options.links.length > 0 && ![...prepared.entries.values()].some(concerns)) {
    const text = `nothing to do: no document asks for entries on ${options.links.join(" or ")}`;
    return { ...report(context, [], []), messages: [{ level: "info", text }] };
  }
  const seen = audit(await auditInput(prepared, system)).filter(concerns);
  return system.withLock(places.lock, settings.lockSeconds, async () => {
    await markLinks(system, linksWithEntries(prepared));
    return isDrift(seen) ? lookAndRepair(context, concerns) : report(context, seen, []);
  });
}

/** The instance of netkeep-link@.service: systemd writes `+` as `\\x2b`, and no link of a document has a backslash. */
function linkOfUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

async function lookAndRepair(context: CommandContext, concerns: (finding: Finding) => boolean): Promise<CommandResult> {
  const input = await look(context);
  const before = audit(input).filter(concerns);
  if (!isDrift(before)) return report(context, before, []);
  const applied = await repair(context, { findings: before, input });
  const after = report(context, audit(await look(context)).filter(concerns), before);
  return {
    ...after,
    text: [applied.text, after.text].filter((text) => text !== "").join("\n"),
    messages: [...applied.messages, ...after.messages],
  };
}

async function look({ system, settings }: CommandContext): Promise<AuditInput> {
  const options = { given: [], persistence: "persistent", adopt: false, tolerant: true } as const;
  return auditInput(await prepare(system, settings, options), system);
}

function linksWithEntries(prepared: Prepared): Set<string> {
  return new Set([...prepared.entries.values()].map((entry) => entry.link));
}

/** A conflict is for people to settle, and a link can be `configuring` for ever with all its entries in place. */
function isWrong({ severity, code }: Finding): boolean {
  return severity === "error" || code === "networkd-not-running";
}

function report(context: CommandContext, findings: readonly Finding[], repaired: readonly Finding[]): CommandResult {
  const summary = repaired.length === 0 ? auditSummary(findings) : `after the repair: ${auditSummary(findings)}`;
  return {
    exitCode: findings.some(isWrong) ? exitCodes.differs : exitCodes.asDesired,
    data: { findings, repaired },
    text: auditText(findings, context.style, false),
    messages: [{ level: "info", text: summary }],
  };
}
