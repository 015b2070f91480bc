import type { CommandContext } from "../../context.ts";
import type { DocumentInput } from "../../desired/schema.ts";
import { parseStored } from "../../desired/stored.ts";
import { entryKey } from "../../model/entry.ts";
import { isOursToRemove } from "../../model/ownership.ts";
import type { KernelState } from "../../model/state.ts";
import { observeRecorded } from "../../observe/observe.ts";
import { observeKernel } from "../../observe/observeKernel.ts";
import type { NarrowView } from "../../prepare/narrowView.ts";
import { hostAddressesOf } from "../../prepare/prepare.ts";
import { ownerPath } from "../../store/documentFiles.ts";
import type { GivenDocument } from "../../store/documents.ts";
import type { System } from "../../system/system.ts";
import type { HookDecision, HookHost, StoredWish } from "./hookCall.ts";

/** The host while the calls of one run are decided one after the other. */
export interface HookHostInMotion extends HookHost {
  take(decision: HookDecision): void;
  /** What has been decided so far: for each owner the last word. */
  given(): GivenDocument[];
}

/**
 * Reads the kernel once for all calls.
 *
 * @param view then nothing but the links is read: these calls look for nothing that others have set
 */
export async function hookHost(
  { system, settings }: CommandContext,
  view: NarrowView | null,
): Promise<HookHostInMotion> {
  let kernel =
    view === null ? await observeKernel(system) : { links: view.links, routes: [], neighbors: [], rules: [] };
  const gateways = view === null ? [] : view.memory.gateways.map(({ address }) => address);
  const hostAddresses = [...new Set([...hostAddressesOf(kernel), ...gateways])];
  const taken = new Map<string, GivenDocument>();
  let recorded: ReturnType<typeof observeRecorded> | null = null;
  return {
    get kernel() {
      return kernel;
    },
    hostAddresses,
    settled: (owner) => taken.has(owner),
    async stored(owner) {
      const given = taken.get(owner);
      return given === undefined ? storedDocument(system, owner) : wishOf(given);
    },
    async ownership(link) {
      const unmarked = kernel.neighbors.some(
        (neighbor) => neighbor.link === link && neighbor.protocol !== settings.routeProtocol,
      );
      // Neighbors that networkd set carry no mark. The drop-ins tell them, and are read only if there are any without it.
      if (unmarked) recorded ??= observeRecorded(system);
      const record = { protocol: settings.routeProtocol, recorded: (await recorded) ?? new Map(), scope: null };
      return (entry) => isOursToRemove(entry, record);
    },
    take({ given, leftovers }) {
      for (const document of given) {
        const before = taken.get(document.owner);
        // A claim that was made stays one, whatever comes after it.
        const keepsAge = document.keepsAge === true && (before?.keepsAge ?? true);
        taken.set(document.owner, { ...document, keepsAge });
      }
      kernel = withoutEntries(kernel, new Set(leftovers.map((entry) => `${entry.link} ${entryKey(entry)}`)));
    },
    given: () => [...taken.values()],
  };
}

function wishOf({ text, source, persistence }: GivenDocument): StoredWish | null {
  const document = JSON.parse(text) as DocumentInput;
  if (Object.keys(document).length <= 1) return null;
  return persistence === undefined ? { document, source } : { document, source, persistence };
}

async function storedDocument(system: System, owner: string): Promise<StoredWish | null> {
  for (const persistence of ["persistent", "runtime"] as const) {
    const text = await system.readText(ownerPath(owner, persistence));
    if (text === null) continue;
    try {
      const { document, source } = parseStored(text);
      return { document: document as DocumentInput, source, persistence };
    } catch {
      return null;
    }
  }
  return null;
}

function withoutEntries(kernel: KernelState, gone: ReadonlySet<string>): KernelState {
  if (gone.size === 0) return kernel;
  const stays = (entry: KernelState["routes"][number] | KernelState["neighbors"][number]) =>
    !gone.has(`${entry.link} ${entryKey(entry)}`);
  return { ...kernel, routes: kernel.routes.filter(stays), neighbors: kernel.neighbors.filter(stays) };
}
