import type { OwnerIndex } from "../desired/ownerIndex.ts";
import { places } from "../model/places.ts";
import type { Settings } from "../model/settings.ts";
import { unitDirectories } from "../networkd/precedence.ts";
import type { Gateway } from "../observe/lookUp.ts";
import type { NetworkdState } from "../observe/observeNetworkd.ts";
import { isDocumentName } from "../store/documentFiles.ts";
import { isPending, readTrial } from "../store/trial.ts";
import type { System } from "../system/system.ts";

/**
 * What a run that has read everything leaves for the next, so that an agent's change of one owner costs the same on a host
 * with many. It is a copy: without it, or when anything that it was made from has changed, everything is read.
 */
export interface Memory {
  readonly networkd: NetworkdState;
  readonly routeLimit: number;
  /** Age of the newest document. */
  readonly newest: number;
  /** Link → name of the base file below which its drop-ins are; only links about which there is no doubt. */
  readonly bases: Readonly<Record<string, string>>;
  /**
   * Path → time of the last change of drop-ins that a run about few owners has found in order (splice.ts), or left so. To look
   * once more takes longer than all else that is done with a drop-in of thousands of owners.
   */
  readonly inOrder: Readonly<Record<string, number | null>>;
  /** Links whose entries are kept live, without a drop-in. */
  readonly live: readonly string[];
  readonly gateways: readonly Gateway[];
  /** Links on which what an agent's own script has left was taken over. */
  readonly swept: readonly string[];
  readonly index: OwnerIndex;
}

/** The links that any run before has swept, also one whose memory no longer holds. */
export async function sweptLinks(system: System): Promise<readonly string[]> {
  const text = system.offline ? null : await system.readText(places.memory).catch(() => null);
  try {
    return JSON.parse(text?.slice(0, text.indexOf("\n")) ?? "{}").swept ?? [];
  } catch {
    return [];
  }
}

/** null if there is none, or the host is no longer the one that it is of. */
export async function recall(system: System, settings: Settings): Promise<Memory | null> {
  // Runs about few owners read only what these have stored, and not what is tried in its place.
  if (isPending(await readTrial(system).catch(() => null))) return null;
  const text = system.offline ? null : await system.readText(places.memory).catch(() => null);
  const end = text?.indexOf("\n") ?? -1;
  if (text === null || end < 0) return null;
  try {
    const { signature, ...memory } = JSON.parse(text.slice(0, end));
    return signature === (await signatureOf(system, settings)) ? { ...memory, index: text.slice(end + 1) } : null;
  } catch {
    return null;
  }
}

/** To be raised with what a memory says. */
const format = 4;

/** What must not have changed for a memory to hold: the format, the settings, who the owners are, and the choice of base files. */
export async function signatureOf(system: System, settings: Settings): Promise<string> {
  const directories = [places.owners, places.runtimeOwners, places.trial];
  const stored = await Promise.all(directories.map((directory) => system.modified(directory)));
  const admin = await timesOf(system, [places.documents], isDocumentName);
  const units = await timesOf(system, unitDirectories, (name) => /\.(network|netdev)$/.test(name));
  return JSON.stringify([format, settings, stored, admin, units]);
}

async function timesOf(system: System, directories: readonly string[], counts: (name: string) => boolean) {
  const names = await Promise.all(
    directories.map(async (directory) =>
      (await system.list(directory)).filter(counts).map((name) => `${directory}/${name}`),
    ),
  );
  return Promise.all(names.flat().map(async (path) => [path, await system.modified(path)]));
}
