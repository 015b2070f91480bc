import { type Address, accepted, type Family, familyOf, hostPrefix, parseAddress } from "../model/address.ts";
import type { PlainGuests } from "../model/alike.ts";
import { type MacAddress, parseMac } from "../model/mac.ts";
import { type GuardContext, isSpecial } from "./guard.ts";
import { isPlainSection } from "./plainSections.ts";
import { onLinkRoute } from "./route.ts";
import type { DocumentInput, GuestInput } from "./schema.ts";
import { type Validated, validateShape } from "./validate.ts";

/** As `validateShape`, which most documents do not need: they have plain sections and nothing else. */
export function shapeOfValue(value: unknown): Validated {
  if (!isPlainDocument(value)) return validateShape(value);
  const shape = { input: value, problems: [], positions: {} };
  return Object.keys(value).every((key) => plainKeys.has(key)) ? { ...shape, plain: true } : shape;
}

/** What says nothing of entries but by guests. */
const plainKeys = new Set(["version", "guests", "links"]);

function isPlainDocument(value: unknown): value is DocumentInput {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const sections = Object.entries(value);
  if (!sections.some(([key]) => key === "version")) return false;
  return sections.every(([key, section]) => (key === "version" ? section === 1 : isPlainSection(key, section)));
}

/**
 * What the entries of a plain document are, if nothing is to be said of any of them.
 *
 * @returns null if an address stands there twice, or a guard rail may say something
 */
export function plainGuests(
  guests: readonly GuestInput[],
  context: GuardContext & { readonly protocol: number },
): PlainGuests[] | null {
  const columns = columnsOf(guests);
  const hosts = new Set<string>(context.hostAddresses);
  const found: PlainGuests[] = [];
  for (const { link, macs } of columns ?? []) {
    if (!context.allowsLink(link)) return null;
    for (const address of macs.keys()) {
      if (isSpecial(address) || hosts.has(address)) return null;
      const earlier = found.some((other) => other.route.link !== link && other.macs.has(address));
      if (earlier) return null;
    }
    const [first] = macs.keys();
    if (first !== undefined) found.push({ route: onLinkRoute(hostPrefix(first), link, context.protocol), macs });
  }
  return columns === null ? null : found;
}

interface Column {
  readonly link: string;
  readonly family: Family;
  readonly macs: Map<Address, MacAddress>;
}

/** null if one column has an address twice. */
function columnsOf(guests: readonly GuestInput[]): readonly Column[] | null {
  const columns: Column[] = [];
  let column: Column | undefined;
  for (const { dev: link, mac: text, addresses } of guests) {
    const mac = accepted(parseMac(text));
    for (const spelt of addresses) {
      const address = accepted(parseAddress(spelt));
      const family = familyOf(address);
      if (column?.link !== link || column.family !== family) column = columnFor(columns, link, family);
      if (column.macs.has(address)) return null;
      column.macs.set(address, mac);
    }
  }
  return columns;
}

function columnFor(columns: Column[], link: string, family: Family): Column {
  const known = columns.find((column) => column.link === link && column.family === family);
  if (known !== undefined) return known;
  const made = { link, family, macs: new Map<Address, MacAddress>() };
  columns.push(made);
  return made;
}
