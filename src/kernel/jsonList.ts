import { type FieldType, hasType } from "../model/fits.ts";

/** The fields of nearly every element of a list, and the one that no element lacks. */
export interface PlainFields {
  readonly required: string;
  readonly types: Readonly<Record<string, FieldType>>;
}

/**
 * A list that `ip -j` printed, each element checked. One that has plain fields only is checked at a glance, because a host
 * has tens of thousands of them; any other is for the schema.
 *
 * @param check throws for what iproute2 does not print
 */
export function jsonList<Item>(json: string, plain: PlainFields, check: (item: unknown) => Item): Item[] {
  const list: unknown = json.trim() === "" ? [] : JSON.parse(json);
  if (!Array.isArray(list)) throw new Error("ip printed JSON that is no list");
  return list.map((item: unknown) => (isPlain(item, plain) ? (item as Item) : check(item)));
}

function isPlain(item: unknown, { required, types }: PlainFields): boolean {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, required)) return false;
  const fields = item as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    const type = types[name];
    // Most fields are strings.
    if (!(type === "string" ? typeof value === type : hasType(value, type))) return false;
  }
  return true;
}
