import { indexOwners, type OwnerIndex, withOwners } from "../desired/ownerIndex.ts";
import { lengthOf } from "../model/address.ts";
import { places } from "../model/places.ts";
import { mainTable } from "../model/route.ts";
import type { Settings } from "../model/settings.ts";
import { baseNameOf } from "../networkd/paths.ts";
import { unitDirectories } from "../networkd/precedence.ts";
import { linkOfFile } from "../networkd/render.ts";
import type { System } from "../system/system.ts";
import type { ApplyOptions } from "./apply.ts";
import type { CommandContext } from "./context.ts";
import { isDocumentName } from "./documentFiles.ts";
import type { Gateway } from "./lookUp.ts";
import type { NetworkdState } from "./observeNetworkd.ts";
import type { Prepared } from "./prepare.ts";
import type { Outcome } from "./transact.ts";
import { isPending, readTrial } from "./trial.ts";

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

/**
 * Writes down what the next run may rely on, once this one has changed what it had to.
 *
 * @param options `view`: what this run relied on; null if it has read everything
 */
export async function leaveMemory(
  { system, settings }: CommandContext,
  { view, swept }: Pick<ApplyOptions, "view" | "swept">,
  prepared: Prepared,
  { stored, files, kernel }: Outcome,
): Promise<void> {
  if (system.offline) return;
  const narrow = view != null && prepared.record.scope !== null;
  if (narrow && stored.length + files.length + kernel.length === 0) return;
  const memory = narrow ? memoryAfter(view.memory, prepared) : memoryOf(prepared, swept ?? (await sweptLinks(system)));
  if (memory === null) return system.removeFile(places.memory);
  const { index, ...head } = memory;
  const line = JSON.stringify({ signature: await signatureOf(system, settings), ...head });
  await system.writeFile(places.memory, `${line}\n${index}`);
}

/** After a run about all owners; null where something is wrong that every run has to look at. */
function memoryOf({ documents, observed, layout, desired, plan }: Prepared, swept: readonly string[]): Memory | null {
  if (documents.broken.length > 0) return null;
  const doubtful = new Set(plan.notes.filter((note) => note.level === "refusal").map((note) => note.link));
  if (doubtful.has(null)) return null;
  const files = layout.files.map(({ path, text }) => ({ path, link: linkOfFile(text) }));
  const bases = files.flatMap(({ path, link }) =>
    link === null || !path.endsWith("-link.conf") || doubtful.has(link) || layout.live.has(link)
      ? []
      : [[link, baseNameOf(path)] as const],
  );
  const stored = desired.owners.filter(({ source }) => !source.startsWith(`${places.documents}/`));
  return {
    networkd: observed.networkd,
    routeLimit: observed.routeLimit,
    newest: Math.max(0, ...desired.owners.map(({ changed }) => changed)),
    bases: Object.fromEntries(bases),
    live: [...layout.live.keys()].filter((link) => !doubtful.has(link)),
    gateways: observed.kernel.routes.flatMap(({ table, destination, link, gateway }) =>
      table === mainTable && lengthOf(destination) === 0 && gateway !== null ? [{ link, address: gateway }] : [],
    ),
    swept: swept.filter((link) => observed.kernel.links.has(link)),
    index: indexOwners(documents.states, new Set(stored.map(({ owner }) => owner))),
  };
}

/** After a run about some owners. */
function memoryAfter(memory: Memory, { documents }: Prepared): Memory {
  return {
    ...memory,
    newest: Math.max(memory.newest, ...documents.changed.values()),
    index: withOwners(memory.index, documents.states),
  };
}

/** To be raised with what a memory says. */
const format = 3;

/** What must not have changed: the format, the settings, who the owners are, and the choice of base files. */
async function signatureOf(system: System, settings: Settings): Promise<string> {
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
