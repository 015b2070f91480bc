import { isPlainSection } from "./plainSections.ts";
import type { DocumentInput } from "./schema.ts";
import { type Validated, validateShape } from "./validate.ts";

/** As `validateShape`, which most documents do not need: they have plain sections and nothing else. */
export function shapeOfValue(value: unknown): Validated {
  return isPlainDocument(value) ? { input: value, problems: [], positions: {} } : validateShape(value);
}

function isPlainDocument(value: unknown): value is DocumentInput {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const sections = Object.entries(value);
  if (!sections.some(([key]) => key === "version")) return false;
  return sections.every(([key, section]) => (key === "version" ? section === 1 : isPlainSection(key, section)));
}
