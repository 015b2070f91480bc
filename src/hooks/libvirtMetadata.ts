import { oneLine } from "./oneLine.ts";
import type { Element } from "./xml.ts";

/** The namespace of our part of <metadata>, to which libvirt itself gives no meaning. */
export const metadataNamespace = "urn:netkeep:domain:1";

/** `<netkeep:interface mac="…" [link="…"] [link-local="eui64"]>` with an `<netkeep:address>` for each address. */
export interface MetadataInterface {
  readonly mac: string;
  /** Overrides the bridge of the interface; needed where it has none. */
  readonly link: string | null;
  readonly eui64: boolean;
  readonly addresses: readonly string[];
}

/**
 * Our elements below <metadata>. Inside of ours, an element without a prefix is ours too: `virsh metadata --set` takes XML
 * without a namespace, and not every version of libvirt gives it to the children.
 */
export function readMetadata(metadata: readonly Element[]): { interfaces: MetadataInterface[]; notes: string[] } {
  const notes: string[] = [];
  const interfaces: MetadataInterface[] = [];
  const guests = metadata.filter(({ namespace, name }) => namespace === metadataNamespace && name === "guest");
  for (const element of guests.flatMap((guest) => ours(guest, "interface", notes))) {
    const { mac, link, "link-local": linkLocal, ...unknown } = Object.fromEntries(plainAttributes(element));
    const eui64 = linkLocal === "eui64";
    if (mac === undefined) notes.push("metadata: an interface without the attribute mac");
    if (linkLocal !== undefined && !eui64 && linkLocal !== "off") {
      notes.push(`metadata: link-local="${linkLocal}" is not understood: eui64 or off`);
    }
    for (const name of Object.keys(unknown)) notes.push(`metadata: unknown attribute ${name} of interface`);
    const addresses = ours(element, "address", notes).map(({ text }) => text);
    if (mac !== undefined) interfaces.push({ mac, link: link || null, eui64, addresses });
  }
  return { interfaces, notes: notes.map(oneLine) };
}

function plainAttributes(element: Element): [string, string][] {
  return [...element.attributes].filter(([name]) => !name.includes(":") && name !== "xmlns");
}

function ours(parent: Element, wanted: string, notes: string[]): Element[] {
  const isOurs = ({ namespace }: Element) => namespace === metadataNamespace || namespace === null;
  const found = parent.children.filter((element) => isOurs(element) && element.name === wanted);
  for (const other of parent.children.filter((element) => !found.includes(element))) {
    notes.push(`metadata: unknown element ${other.name} in ${parent.name}`);
  }
  return found;
}
