import { type Bridge, sysctlsOf } from "../model/bridge.ts";
import type { DesiredState } from "../model/owner.ts";
import type { KernelState } from "../model/state.ts";
import { recordedBridges } from "../networkd/bridgeFiles.ts";
import { netdevHints } from "../networkd/matchNetdev.ts";
import { isGenerated } from "../networkd/paths.ts";
import type { Observed } from "../observe/observe.ts";
import { type BridgePlan, noBridges, planBridges } from "../plan/bridges.ts";
import type { System } from "../system/system.ts";

/** The bridges that documents ask for. */
function desiredBridges(desired: DesiredState): Map<string, Bridge> {
  return new Map([...desired.links].flatMap(([link, { bridge }]) => (bridge === undefined ? [] : [[link, bridge]])));
}

/**
 * Plans the bridges of this host.
 *
 * @param doubt some document cannot be read
 * @param kernel the kernel, where it has been read since
 */
export async function planHostBridges(
  system: System,
  desired: DesiredState,
  observed: Pick<Observed, "kernel" | "tree" | "generated" | "host">,
  { group, adopt, doubt }: { readonly group: number; readonly adopt: boolean; readonly doubt: boolean },
  kernel: KernelState = observed.kernel,
): Promise<BridgePlan> {
  const wanted = desiredBridges(desired);
  const recorded = recordedBridges(observed.generated);
  if (wanted.size === 0 && recorded.size === 0) return noBridges(kernel);
  const used = new Set(desired.owners.flatMap(({ entries }) => entries.map(({ entry }) => entry.link)));
  return planBridges(wanted, {
    kernel,
    group,
    recorded,
    foreign: foreignNetdevs(observed),
    sysctls: await readSysctls(system, [...wanted.values()], kernel),
    used,
    doubt,
    adopt,
    offline: system.offline,
  });
}

/** Link → path of the `.netdev` file of somebody else that makes it. */
function foreignNetdevs({ tree, host }: Pick<Observed, "tree" | "host">): Map<string, string> {
  const others = tree.filter((file) => !isGenerated(file.path));
  return new Map([...netdevHints(others, host)].map(([link, { path }]) => [link, path]));
}

async function readSysctls(system: System, bridges: readonly Bridge[], kernel: KernelState) {
  if (system.offline) return new Map<string, string>();
  const keys = bridges.flatMap((bridge) => (kernel.links.has(bridge.link) ? sysctlsOf(bridge) : []));
  const texts = await Promise.all(keys.map(({ key }) => system.readText(`/proc/sys/${key}`).catch(() => null)));
  return new Map(
    keys.flatMap(({ key }, index) => (texts[index] == null ? [] : [[key, (texts[index] ?? "").trim()] as const])),
  );
}
