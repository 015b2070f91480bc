/** The type of a field in the JSON of `ip`; `strings` is a list of them. */
export type FieldType = "string" | "number" | "strings";

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
  for (const name in fields) if (!hasType(fields[name], types[name])) return false;
  return true;
}

/** Types of the fields that are read; with `?` they may be missing. Of a list the type of its elements stands in brackets. */
export interface LooseFields {
  readonly [field: string]: FieldType | "boolean" | LooseFields | readonly [LooseFields];
}

/** The same question for objects in objects, whatever else they have: true only if a schema of these fields would agree. */
export function fits(value: unknown, fields: LooseFields): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(fields).every(([name, type]) => {
    const field = (value as Record<string, unknown>)[name.replace("?", "")];
    if (field === undefined) return name.endsWith("?");
    if (type === "boolean") return typeof field === "boolean";
    if (typeof type === "string") return hasType(field, type);
    if (!Array.isArray(type)) return fits(field, type as LooseFields);
    return Array.isArray(field) && field.every((item) => fits(item, type[0]));
  });
}

function hasType(value: unknown, type: FieldType | undefined): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "number") return Number.isFinite(value);
  return type === "strings" && Array.isArray(value) && value.every((item) => typeof item === "string");
}
