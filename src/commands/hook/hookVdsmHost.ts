import type { CommandContext } from "../../context.ts";
import { parseStored } from "../../desired/stored.ts";
import type { NetworkChange } from "../../hooks/vdsm.ts";
import { canonicalNetwork } from "../../hooks/vdsmCanonical.ts";
import { type VdsmHost, type VdsmNetwork, vdsmNetworkOf } from "../../hooks/vdsmNetwork.ts";
import { parseAttributes } from "../../hooks/vdsmPayload.ts";
import { type Address, lengthOf } from "../../model/address.ts";
import { places } from "../../model/places.ts";
import { mainTable } from "../../model/route.ts";
import type { KernelState } from "../../model/state.ts";
import { ownerPath } from "../../store/documentFiles.ts";
import type { GivenDocument } from "../../store/documents.ts";
import type { System } from "../../system/system.ts";
import { ownerDocument } from "../set.ts";

/** What a call of setupNetworks is measured against. */
export async function vdsmHost({ system, settings }: CommandContext, kernel: KernelState): Promise<VdsmHost> {
  const running = await runningNetworks(system);
  if (system.offline) return { running, links: null, foreignDefaults: [] };
  const links = [...kernel.links.values()].map(
    ({ name, addresses, mtu = null }) => [name, { addresses, mtu }] as const,
  );
  const foreignDefaults = kernel.routes.flatMap(({ table, destination, protocol, link, gateway }) => {
    const isForeign = table === mainTable && lengthOf(destination) === 0 && protocol !== settings.routeProtocol;
    return isForeign && gateway !== null ? [{ link, gateway: gateway as Address }] : [];
  });
  return { running, links: new Map(links), foreignDefaults };
}

/** The networks that calls have set, as they are kept with their documents. */
export async function runningNetworks(system: System): Promise<Map<string, VdsmNetwork>> {
  const running = new Map<string, VdsmNetwork>();
  for (const directory of [places.owners, places.runtimeOwners]) {
    const names = (await system.list(directory)).filter((name) => name.startsWith("vdsm:") && name.endsWith(".json"));
    for (const name of names) {
      const network = networkIn(await system.readText(`${directory}/${name}`));
      if (network !== null) running.set(network.name, network);
    }
  }
  return running;
}

/** null for a file without a network: whoever reads the documents says what is wrong with it. */
function networkIn(text: string | null): VdsmNetwork | null {
  if (text === null) return null;
  try {
    const { owner, request } = parseStored(text);
    const name = vdsmNetworkOf(owner);
    const attributes = parseAttributes(request);
    return name === null || attributes === null ? null : canonicalNetwork(name, attributes).network;
  } catch {
    return null;
  }
}

export const vdsmSource = "setupNetworks of VDSM";

/** What is kept of a network after a change. */
export function documentOf({ owner, document, request }: NetworkChange): GivenDocument {
  const given = ownerDocument(owner, vdsmSource, document);
  return { ...given, persistence: "persistent", ...(request === null ? {} : { request }) };
}

/** What is kept of an owner, as text; null for none. */
export async function keptText(system: System, owner: string): Promise<string | null> {
  const persistent = await system.readText(ownerPath(owner, "persistent"));
  return persistent ?? system.readText(ownerPath(owner, "runtime"));
}
