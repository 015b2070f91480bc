import { bridgeText } from "../model/bridge.ts";
import type { RenderedFile } from "../model/change.ts";
import type { DesiredState } from "../model/owner.ts";
import { sysctlFile } from "../networkd/bridgeFiles.ts";
import { bridgePaths, dropInPaths, standalonePath } from "../networkd/paths.ts";
import type { LinkRendering } from "../networkd/render.ts";
import type { Observed } from "../observe/observe.ts";
import type { BridgePlan } from "../plan/bridges.ts";

/** What the rendering of a link needs to know of its bridge, if it is one of ours. */
export function bridgeOn(
  link: string,
  group: number,
  desired: DesiredState,
  { generated }: Observed,
  { made, kept }: BridgePlan,
): Pick<LinkRendering, "bridge" | "kept"> {
  const bridge = made.get(link);
  if (bridge !== undefined) {
    // Of several owners who want the same, the first by name: the text must not depend on who was last.
    const owner = desired.owners.find(({ links }) => {
      const wanted = links.get(link)?.bridge;
      return wanted !== undefined && bridgeText(wanted) === bridgeText(bridge);
    });
    return { bridge: { bridge, group, owner: owner?.owner ?? "", source: owner?.source ?? "" } };
  }
  if (!kept.has(link)) return {};
  const paths = [standalonePath(link), bridgePaths(link).netdev, dropInPaths(`60-netkeep-${link}.network`).link];
  return { kept: new Map(paths.flatMap((path) => onDisk(path, generated))) };
}

/** The files for sysctls of all bridges: also of those that are kept live, for which networkd gets nothing. */
export function sysctlFiles({ made, kept }: BridgePlan, { generated }: Observed): RenderedFile[] {
  const left = [...kept.keys()].flatMap((link) => onDisk(bridgePaths(link).sysctl, generated));
  return [
    ...[...made.values()].map((bridge) => sysctlFile(bridge)),
    ...left.map(([path, text]) => ({ path, text, entries: [] })),
  ];
}

function onDisk(path: string, generated: ReadonlyMap<string, string>): [string, string][] {
  const text = generated.get(path);
  return text === undefined ? [] : [[path, text]];
}
