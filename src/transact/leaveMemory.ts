import type { CommandContext } from "../context.ts";
import { indexOwners, withOwners } from "../desired/ownerIndex.ts";
import { lengthOf } from "../model/address.ts";
import { places } from "../model/places.ts";
import { mainTable } from "../model/route.ts";
import { baseNameOf } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import { type Memory, signatureOf, sweptLinks } from "../prepare/memory.ts";
import type { NarrowView } from "../prepare/narrowView.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { System } from "../system/system.ts";
import type { Outcome } from "./transact.ts";

/** What a run about few owners relied on; null or none if it has read everything. `swept`: see {@link Memory}. */
export interface Relied {
  readonly view?: NarrowView | null;
  readonly swept?: readonly string[];
}

/** Writes down what the next run may rely on, once this one has changed what it had to. */
export async function leaveMemory(
  { system, settings }: CommandContext,
  { view, swept }: Relied,
  prepared: Prepared,
  { stored, files, kernel }: Outcome,
): Promise<void> {
  if (system.offline) return;
  const narrow = view != null && prepared.record.scope !== null;
  if (narrow && stored.length + files.length + kernel.length === 0) return;
  const memory = narrow
    ? await memoryAfter(system, view.memory, prepared)
    : memoryOf(prepared, swept ?? (await sweptLinks(system)));
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
    // Something of others may be in the place of a drop-in, and is for the next run to find.
    inOrder: {},
    live: [...layout.live.keys()].filter((link) => !doubtful.has(link)),
    gateways: observed.kernel.routes.flatMap(({ table, destination, link, gateway }) =>
      table === mainTable && lengthOf(destination) === 0 && gateway !== null ? [{ link, address: gateway }] : [],
    ),
    swept: swept.filter((link) => observed.kernel.links.has(link)),
    index: indexOwners(documents.states, new Set(stored.map(({ owner }) => owner))),
  };
}

/** After a run about some owners. */
async function memoryAfter(system: System, memory: Memory, { documents, layout }: Prepared): Promise<Memory> {
  const times = await Promise.all(layout.files.map(async ({ path }) => [path, await system.modified(path)] as const));
  return {
    ...memory,
    newest: Math.max(memory.newest, ...documents.changed.values()),
    inOrder: { ...memory.inOrder, ...Object.fromEntries(times) },
    index: withOwners(memory.index, documents.states),
  };
}
