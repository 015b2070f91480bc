import { parseAddress, parsePrefix } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";
import { linkModes } from "../model/owner.ts";
import { isPlainGuest, linkName } from "./plainGuest.ts";

type Check = (value: unknown) => boolean;

/**
 * Whether the schema has nothing to say against a section of a document, such as `routes`: false tells nothing, for what is
 * seldom asked for is not known here. A host has tens of thousands of elements, and the schema takes longer to load than
 * to look at hundreds.
 */
export function isPlainSection(name: string, value: unknown): boolean {
  const isPlainElement = elements.get(name);
  if (isPlainElement !== undefined) return Array.isArray(value) && value.every(isPlainElement);
  return name === "links" && isMapping(value) && Object.entries(value).every(isPlainLink);
}

/** What is unknown has no check, and so are the keys that JavaScript keeps for itself. */
function isMadeOf(required: readonly string[], checks: ReadonlyMap<string, Check>): Check {
  return (value) => {
    if (!isMapping(value)) return false;
    for (const key in value) if (checks.get(key)?.(value[key]) !== true) return false;
    return required.every((key) => key in value);
  };
}

const isDestination = text((value) => value === "default" || "value" in parsePrefix(value));
const isAddress = text((value) => "value" in parseAddress(value));
const isMac = text((value) => "value" in parseMac(value));
const isLink = text((value) => linkName.test(value) && value !== "lo");
const isRoute = isMadeOf(
  ["to"],
  new Map([
    ["to", isDestination],
    ["via", isAddress],
    ["dev", isLink],
    ["metric", isNumber],
  ]),
);
const isNeighbor = isMadeOf(
  ["address", "mac", "dev"],
  new Map([
    ["address", isAddress],
    ["mac", isMac],
    ["dev", isLink],
  ]),
);
const isLinkSettings = isMadeOf(
  [],
  new Map([
    ["mode", text((value) => linkModes.some((mode) => mode === value))],
    ["carrier", text((value) => value === "keep" || value === "follow")],
  ]),
);
const elements: ReadonlyMap<string, Check> = new Map([
  ["guests", isPlainGuest],
  ["routes", isRoute],
  ["neighbors", isNeighbor],
]);

function isPlainLink([link, settings]: readonly [string, unknown]): boolean {
  return isLink(link) && link !== "__proto__" && isLinkSettings(settings);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 4_294_967_295;
}

function text(check: (value: string) => boolean): Check {
  return (value) => typeof value === "string" && check(value);
}
