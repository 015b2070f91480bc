import { isPlainGuest } from "./plainGuest.ts";
import type { DocumentInput } from "./schema.ts";
import { type Validated, validateShape } from "./validate.ts";

/** As `validateShape`, which most documents of agents do not need: they have plain guests and nothing else. */
export function shapeOfValue(value: unknown): Validated {
  return isPlainDocument(value) ? { input: value, problems: [], positions: {} } : validateShape(value);
}

function isPlainDocument(value: unknown): value is DocumentInput & { readonly guests: readonly unknown[] } {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return false;
  const { version, guests } = value as Record<string, unknown>;
  return version === 1 && Array.isArray(guests) && guests.every(isPlainGuest);
}
