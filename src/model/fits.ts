/** The type of a field in the JSON of a program; `strings` is a list of them, `string?` a string or null. */
export type FieldType = "string" | "string?" | "number" | "strings";

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

export function hasType(value: unknown, type: FieldType | undefined): boolean {
  if (type === "string" || (type === "string?" && value !== null)) return typeof value === "string";
  if (type === "string?") return true;
  if (type === "number") return Number.isFinite(value);
  return type === "strings" && Array.isArray(value) && value.every((item) => typeof item === "string");
}
