import type { CommandContext } from "../../context.ts";
import { parseStored } from "../../desired/stored.ts";
import { assertNetworks } from "../../hooks/vdsm.ts";
import { isDynamic } from "../../hooks/vdsmDocument.ts";
import { places } from "../../model/places.ts";
import { observeKernel } from "../../observe/observeKernel.ts";
import type { Message } from "../../result.ts";
import type { GivenDocument } from "../../store/documents.ts";
import { appliedResult, applyGiven } from "../apply.ts";
import { checkOwners } from "../set.ts";
import { documentOf, keptText, runningNetworks, vdsmHost } from "./hookVdsmHost.ts";

const how = { runtime: false, adopt: false, dryRun: false, live: true, reload: true, manner: "insistent" } as const;

/**
 * Networks that get their addresses from somewhere else, and whose links have other subnets than their documents were made
 * for. Cheap where there are none.
 *
 * @returns what was done, for people; empty if nothing had to be
 */
export async function assertLeases(context: CommandContext): Promise<readonly Message[]> {
  const { system, settings } = context;
  const leased = [...(await runningNetworks(system)).values()].filter(
    (network) => isDynamic(network, 4) || isDynamic(network, 6),
  );
  if (leased.length === 0) return [];
  return system.withLock(places.lock, settings.lockSeconds, async () => {
    const names = new Set(leased.map(({ name }) => name));
    const host = await vdsmHost(context, await observeKernel(system));
    const given: GivenDocument[] = [];
    for (const network of assertNetworks(host).filter(({ name }) => names.has(name))) {
      const wanted = documentOf(network);
      const kept = await keptText(system, network.owner);
      const same = kept !== null && JSON.stringify(parseStored(kept).document) === wanted.text;
      if (!same) given.push(wanted);
    }
    if (given.length === 0) return [];
    await checkOwners(context, given);
    const { messages } = appliedResult(context, await applyGiven(context, { ...how, given }));
    const text = `other addresses at ${given.map(({ owner }) => owner).join(", ")}`;
    return [{ level: "notice", text }, ...messages];
  });
}
