import type { CommandContext } from "../../context.ts";
import { type HookCall, type HookOptions, usageResult } from "./hookCall.ts";
import { cloudstackCall } from "./hookCloudstack.ts";

/**
 * The words after `netkeep hook` as a call: options, the kind of hook, and what is the agent's own.
 *
 * @param readInput the caller's standard input
 */
export async function hookCallOf(
  context: CommandContext,
  words: readonly string[],
  readInput: () => Promise<string>,
): Promise<HookCall> {
  const kindAt = words.findIndex((word) => !word.startsWith("-"));
  const flags = kindAt < 0 ? words : words.slice(0, kindAt);
  const unknown = flags.find((flag) => !knownFlags.has(flag));
  if (unknown !== undefined) return usage(`unknown option ${JSON.stringify(unknown)}`);
  const options: HookOptions = {
    strict: flags.includes("--strict"),
    live: !flags.includes("--no-live"),
    reload: !flags.includes("--no-reload"),
    wait: !flags.includes("--no-wait"),
  };
  return hookOfKind(context, kindAt < 0 ? "" : (words[kindAt] ?? ""), words.slice(kindAt + 1), readInput, options);
}

/** A call whose options have been read. */
export async function hookOfKind(
  context: CommandContext,
  kind: string,
  argv: readonly string[],
  readInput: () => Promise<string>,
  options: HookOptions,
): Promise<HookCall> {
  if (kind === "cloudstack") return cloudstackCall(context, argv, options);
  if (kind === "libvirt") return (await import("./hookLibvirt.ts")).libvirtCall(context, argv, readInput, options);
  if (kind === "routes") return routesOf(argv, readInput, options);
  // It may wait for its connectivity check, and bin/netkeep-hook calls it by itself.
  if (kind === "vdsm") return usage("hook vdsm shares no run with others: call netkeep hook vdsm");
  return usage(`a hook is cloudstack, libvirt, routes or vdsm, not ${JSON.stringify(kind)}`);
}

async function routesOf(
  argv: readonly string[],
  readInput: () => Promise<string>,
  options: HookOptions,
): Promise<HookCall> {
  const { routesCall, routesSyncCall } = await import("./hookRoutes.ts");
  if (argv.length === 0) return routesCall(await readInput(), options);
  const [, router] = /^--sync[= ](.+)$/s.exec(argv.join(" ")) ?? [];
  if (router === undefined || argv.length > 2) return usage("hook routes takes --sync ROUTER and nothing else");
  return routesSyncCall(router, options);
}

const knownFlags = new Set(["--strict", "--no-live", "--no-reload", "--no-wait"]);

function usage(what: string): HookCall {
  return { result: usageResult(what) };
}
