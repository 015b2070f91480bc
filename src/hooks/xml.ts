import { XMLParser } from "fast-xml-parser";
import { oneLine } from "./oneLine.ts";

/** An element with its namespace resolved (Namespaces in XML 1.0). */
export interface Element {
  /** null: in no namespace, as all of libvirt's own elements. */
  readonly namespace: string | null;
  readonly name: string;
  /** By the name as written: libvirt's attributes have no prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** Its own text and CDATA, without that of its children, trimmed. */
  readonly text: string;
}

/** libvirt takes no XML beyond 4 MiB through its API (REMOTE_STRING_MAX in remote_protocol.x). */
const longestText = 4 * 1024 * 1024;

/** The root element, or one sentence that says why there is none. Document types and entities of one's own are refused. */
export function parseXml(text: string): { readonly root: Element } | { readonly problem: string } {
  if (text.length > longestText) return { problem: "the XML is larger than 4 MiB" };
  if (text.trim() === "") return { problem: "the XML is empty" };
  try {
    const nodes = (parser.parse(text, true) as Node[]).filter((node) => nameOf(node) !== textKey);
    const [root] = nodes;
    if (root === undefined || nodes.length > 1) return { problem: "the XML has no single root element" };
    return { root: elementOf(root, new Map()) };
  } catch (error) {
    return { problem: oneLine(`the XML cannot be read: ${error instanceof Error ? error.message : String(error)}`) };
  }
}

const [textKey, cdataKey, attributesKey, attributePrefix] = ["#text", "#cdata", ":@", "@"];

/** `preserveOrder`: a list of objects with one key each, the element's name, and its attributes beside it. */
type Node = { readonly [name: string]: unknown };

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: attributePrefix,
  cdataPropName: cdataKey,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // A disk may have 200 images below it, each nested in the one before (VIR_STORAGE_MAX_CHAIN_DEPTH of libvirt).
  maxNestedTags: 1000,
  jPath: false,
  processEntities: false,
  entityDecoder: {
    addInputEntities: () => {
      throw new Error("a document type (<!DOCTYPE) is not allowed");
    },
    setExternalEntities: () => undefined,
    reset: () => undefined,
    decode: (text) => text,
    setXmlVersion: () => undefined,
  },
});

function elementOf(node: Node, outer: ReadonlyMap<string, string>): Element {
  const attributes = attributesOf(node);
  const declared = [...attributes].filter(([name]) => name === "xmlns" || name.startsWith("xmlns:"));
  const scope = new Map([...outer, ...declared.map(([name, uri]) => [name.slice("xmlns:".length), uri] as const)]);
  const written = nameOf(node);
  const colon = written.indexOf(":");
  const prefix = colon < 0 ? "" : written.slice(0, colon);
  const content = contentOf(node, written);
  return {
    // A prefix that nobody declared stands for itself: it is nobody's namespace.
    namespace: scope.get(prefix) || (prefix === "" ? null : prefix),
    name: written.slice(colon + 1),
    attributes,
    children: content.filter((child) => !isText(child)).map((child) => elementOf(child, scope)),
    text: content.map(textOf).join("").trim(),
  };
}

function attributesOf(node: Node): Map<string, string> {
  const attributes = Object.entries((node[attributesKey] ?? {}) as Record<string, unknown>);
  return new Map(
    attributes.map(([name, value]) => [name.slice(attributePrefix.length), decodeReferences(String(value))]),
  );
}

function nameOf(node: Node): string {
  return Object.keys(node).find((key) => key !== attributesKey) ?? "";
}

function contentOf(node: Node, name: string): Node[] {
  return Array.isArray(node[name]) ? node[name] : [];
}

function isText(node: Node): boolean {
  return nameOf(node) === textKey || nameOf(node) === cdataKey;
}

function textOf(node: Node): string {
  const name = nameOf(node);
  if (name === textKey) return decodeReferences(String(node[textKey]));
  return name === cdataKey
    ? contentOf(node, name)
        .map((inner) => String(inner[textKey]))
        .join("")
    : "";
}

/** The five entities of XML itself and characters by number, in one pass; every other reference stays as it is written. */
function decodeReferences(text: string): string {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, word, decimal, hex) => {
    if (word !== undefined) return predefined.get(word) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const predefined = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);
