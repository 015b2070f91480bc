import { addressDetection } from "./addressDetection.ts";
import { routerAdvertisements } from "./advertisements.ts";
import { baseFile } from "./baseFile.ts";
import { bridgeMac } from "./bridgeMac.ts";
import { carrier } from "./carrier.ts";
import type { Check, Outcome, Verdict } from "./check.ts";
import { clock } from "./clock.ts";
import { dropInCount, routeCount } from "./counts.ts";
import type { Facts } from "./facts.ts";
import { foreignEntries } from "./foreign.ts";
import { forwarding } from "./forwarding.ts";
import { ipv6Enabled } from "./ipv6.ts";
import { mtu } from "./mtu.ts";
import { bridgeNetfilter } from "./netfilter.ts";
import { netplan } from "./netplan.ts";
import { networkdRunning, networkdVersion } from "./networkd.ts";
import { waitOnline } from "./online.ts";
import { otherManager } from "./otherManager.ts";
import { protocolName } from "./protocolName.ts";
import { rpFilter } from "./rpFilter.ts";
import { neighborTable, routeTable } from "./tables.ts";
import { unitFiles } from "./unitFiles.ts";

/** All checks, in the order in which they are shown: networkd, its files, links, kernel, host. */
export const checks: readonly Check[] = [
  networkdRunning,
  networkdVersion,
  foreignEntries,
  unitFiles,
  baseFile,
  otherManager,
  netplan,
  carrier,
  addressDetection,
  waitOnline,
  dropInCount,
  routeCount,
  bridgeMac,
  mtu,
  ipv6Enabled,
  forwarding,
  routerAdvertisements,
  rpFilter,
  neighborTable,
  routeTable,
  bridgeNetfilter,
  clock,
  protocolName,
];

/** An outcome and the check that it comes from. */
export interface Diagnosis extends Outcome {
  readonly check: string;
  readonly why: string;
}

/** What all of these checks find. */
export function diagnose(facts: Facts, chosen: readonly Check[] = checks): Diagnosis[] {
  return chosen.flatMap(({ code, why, examine }) =>
    examine(facts).map((outcome) => ({ check: code, why, ...outcome })),
  );
}

/** How often each verdict was given. */
export function countVerdicts(diagnoses: readonly Diagnosis[]): Record<Verdict, number> {
  const counts = { ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { verdict } of diagnoses) counts[verdict] += 1;
  return counts;
}
