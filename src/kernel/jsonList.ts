/**
 * A list that `ip -j` printed, each element checked. A plain one is checked at a glance, because a host has tens of thousands
 * of them; any other is for the schema.
 *
 * @param isPlain true only if the schema would agree
 * @param check throws for what iproute2 does not print
 */
export function jsonList<Item>(
  json: string,
  isPlain: (item: unknown) => item is Item,
  check: (item: unknown) => Item,
): Item[] {
  const list: unknown = json.trim() === "" ? [] : JSON.parse(json);
  if (!Array.isArray(list)) throw new Error("ip printed JSON that is no list");
  return list.map((item: unknown) => (isPlain(item) ? item : check(item)));
}

/** A string, or not there. */
export function isMaybeText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** A list of strings, or not there. */
export function isMaybeTexts(value: unknown): value is string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string"));
}
