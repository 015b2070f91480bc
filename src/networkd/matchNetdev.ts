import type { HostFacts } from "../model/link.ts";
import { hostKeys, testHostCondition } from "./matchHost.ts";
import { type UnitTree, unitFiles } from "./precedence.ts";
import { assignments, type Section, scanFile } from "./scan.ts";

/** What a `.netdev` file says of the link that networkd will make from it. */
export interface NetdevHint {
  /** As the kernel will name it. */
  readonly kind: string;
  /** Absent: networkd makes one up from the machine ID. */
  readonly mac?: string;
  /** The file itself, without its drop-ins. */
  readonly path: string;
}

/**
 * Reads the `.netdev` files, so that a link that does not exist yet has a known kind: systemd.netdev(5),
 * netdev_load_one() in src/network/netdev/netdev.c. Of two files for one name the first by file name counts, as there.
 *
 * @param host for the conditions of [Match]; one that cannot be decided is taken as met
 */
export function netdevHints(tree: UnitTree, host: HostFacts = {}): Map<string, NetdevHint> {
  const hints = new Map<string, NetdevHint>();
  for (const { file, dropIns } of unitFiles(tree, ".netdev")) {
    const scanned = [file, ...dropIns].map((part) =>
      part.kind === "text" ? scanFile(part.path, part.text) : undefined,
    );
    if (scanned.some((part) => part === undefined || part.failure !== undefined)) continue;
    const sections = scanned.flatMap((part) => part?.sections ?? []);
    const name = last(sections, "Name");
    const kind = last(sections, "Kind");
    if (name === undefined || kind === undefined || hints.has(name) || !applies(sections, host)) continue;
    const mac = last(sections, "MACAddress");
    hints.set(name, {
      path: file.path,
      // The kernel has one kind for both; the mode tells them apart.
      kind: kind === "tap" ? "tun" : kind,
      ...(mac === undefined || mac === "none" ? {} : { mac: mac.toLowerCase().replaceAll("-", ":") }),
    });
  }
  return hints;
}

function last(sections: readonly Section[], key: string): string | undefined {
  const value = assignments(sections, "NetDev", key).at(-1)?.value;
  return value === "" ? undefined : value;
}

function applies(sections: readonly Section[], host: HostFacts): boolean {
  return hostKeys(host).every((key) => {
    const value = assignments(sections, "Match", key).at(-1)?.value ?? "";
    return value === "" || testHostCondition(key, value, host) !== false;
  });
}
