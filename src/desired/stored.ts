import * as z from "zod";
import { once } from "../model/once.ts";
import type { ParsedText } from "./parsedText.ts";

/** An owner's document as netkeep keeps it: the document as written, and whose it is. */
export interface StoredDocument {
  readonly owner: string;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly changed: number;
  readonly document: unknown;
  /** What the document was made of, where its agent sends changes to that; then the owner is one also without entries. */
  readonly request?: unknown;
}

const storedSchema = once(() =>
  z.strictObject({
    netkeep: z.literal(1),
    owner: z.string().min(1),
    source: z.string(),
    changed: z.int(),
    document: z.unknown(),
    request: z.unknown().optional(),
  }),
);

/** The text of an owner's file. */
export function storedText(stored: StoredDocument): string {
  const { owner, source, changed, document, request } = stored;
  return `${JSON.stringify({ netkeep: 1, owner, source, changed, document, request })}\n`;
}

/** @throws Error that says what is wrong with the file */
export function parseStored(text: string): StoredDocument {
  const value: unknown = JSON.parse(text);
  const { netkeep: _, ...stored } = isPlain(value) ? value : storedSchema().parse(value);
  return stored;
}

/** Whether a stored text says what another does that was made just now, whenever it was stored: only the old one is parsed. */
export function saysTheSame(old: string, text: string, changed: number): boolean {
  try {
    return storedText({ ...parseStored(old), changed }) === text;
  } catch {
    return old === text;
  }
}

/** Whether the schema has nothing to say against it, as of most. */
function isPlain(value: unknown): value is StoredDocument & { readonly netkeep: 1 } {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 5) return false;
  const { netkeep, owner, source, changed } = value as Record<string, unknown>;
  const isText = (text: unknown) => typeof text === "string";
  return (
    netkeep === 1 &&
    owner !== "" &&
    isText(owner) &&
    isText(source) &&
    Number.isSafeInteger(changed) &&
    "document" in value
  );
}

/** A stored document has no lines worth showing: every problem is at its top. */
export function storedAsText(document: unknown): ParsedText {
  return { value: document, problems: [], locate: () => ({ line: 1, column: 1 }) };
}

/**
 * An owner id as a file name, by the rules of systemd-escape(1): `/` becomes `-`; letters, digits, `:`, `_` and `.` stay,
 * but for a leading `.`; every other byte becomes `\xNN`. So no name leaves its directory, and none is hidden.
 */
export function ownerFileName(owner: string): string {
  const bytes = new TextEncoder().encode(owner);
  const escaped = [...bytes].map((byte, index) => {
    const letter = String.fromCharCode(byte);
    if (letter === "/") return "-";
    const plain = /[A-Za-z0-9:_.]/.test(letter) && !(index === 0 && letter === ".");
    return plain ? letter : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `${escaped.join("")}.json`;
}

/** The reverse, for a file whose content cannot be read. */
export function ownerOfFileName(name: string): string {
  const escaped = name.replace(/\.json$/, "").replaceAll("-", "/");
  const bytes = [...escaped.matchAll(/\\x([0-9a-f]{2})|[\s\S]/g)].map(([letter, hex]) =>
    hex === undefined ? letter.charCodeAt(0) : Number.parseInt(hex, 16),
  );
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
