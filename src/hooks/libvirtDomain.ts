import { type MetadataInterface, readMetadata } from "./libvirtMetadata.ts";
import { type Element, parseXml } from "./xml.ts";

/** What a guest's domain XML says that matters to routes and neighbors (libvirt's formatdomain). Text as written. */
export interface Domain {
  readonly name: string;
  readonly uuid: string | null;
  readonly interfaces: readonly DomainInterface[];
  /** netkeep's own metadata. */
  readonly metadata: readonly MetadataInterface[];
  /** What in our metadata was not understood. */
  readonly notes: readonly string[];
}

export interface DomainInterface {
  /** bridge, network, direct, ethernet … */
  readonly type: string;
  readonly mac: string | null;
  /** Also of a libvirt network while the guest runs: libvirt then adds the bridge that it chose. */
  readonly bridge: string | null;
  readonly network: string | null;
  /** The tap: known once the guest runs. */
  readonly target: string | null;
  readonly alias: string | null;
  /** Values of the nwfilter parameters IP and IPV6, each of which may be repeated. */
  readonly filterAddresses: readonly string[];
}

/** Never throws: the XML comes through libvirt, and much of its content from people and other programs. */
export function parseDomain(text: string): { readonly domain: Domain } | { readonly problem: string } {
  const parsed = parseXml(text);
  if ("problem" in parsed) return parsed;
  const { root } = parsed;
  if (root.namespace !== null || root.name !== "domain") {
    return { problem: `the XML is not of a domain: its root is <${root.name.slice(0, 100)}>` };
  }
  const name = child(root, "name")?.text ?? "";
  if (name === "") return { problem: "the domain XML has no <name>" };
  const devices = child(root, "devices");
  const { interfaces: metadata, notes } = readMetadata(child(root, "metadata")?.children ?? []);
  const interfaces = devices === undefined ? [] : children(devices, "interface").map(interfaceOf);
  return { domain: { name, uuid: child(root, "uuid")?.text ?? null, interfaces, metadata, notes } };
}

function interfaceOf(element: Element): DomainInterface {
  const attribute = (name: string, key: string) => child(element, name)?.attributes.get(key) || null;
  const filter = child(element, "filterref");
  return {
    type: element.attributes.get("type") ?? "",
    mac: attribute("mac", "address"),
    bridge: attribute("source", "bridge"),
    network: attribute("source", "network"),
    target: attribute("target", "dev"),
    alias: attribute("alias", "name"),
    filterAddresses: (filter === undefined ? [] : children(filter, "parameter"))
      .filter(({ attributes }) => /^ip(v6)?$/i.test(attributes.get("name") ?? ""))
      .map(({ attributes }) => attributes.get("value") ?? ""),
  };
}

function children(element: Element, name: string): Element[] {
  return element.children.filter((candidate) => candidate.namespace === null && candidate.name === name);
}

function child(element: Element, name: string): Element | undefined {
  return children(element, name)[0];
}
