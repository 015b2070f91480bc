import ini from "ini";

/**
 * One section of a unit file. A file is an ordered list of these: `ini` cannot hold a whole file, because it merges the
 * sections of one name, and two `[Route]` sections are two routes.
 */
export interface Section {
  readonly name: string;
  /** Keys in their order; a list is one line for each element. */
  readonly body: Readonly<Record<string, string | readonly string[]>>;
}

const options = { bracketedArray: false, whitespace: false } as const;

/**
 * One section as text, ending in a newline.
 *
 * @throws Error for a value that `ini` would quote or escape: networkd reads quotes and backslashes as part of the value
 */
export function writeSection(section: Section): string {
  const { keys, values } = linesOf(section);
  if (!values.every((value) => plainValue.test(value))) return checkedText(section);
  return filledIn(shapeOf(section, keys), values);
}

/** The keys of sections that are written by the thousand, and what `ini` makes of them. */
export interface Form {
  readonly name: string;
  readonly keys: readonly string[];
  readonly shape: readonly string[];
}

export function formOf(name: string, keys: readonly string[]): Form {
  return { name, keys, shape: shapeOf({ name, body: Object.fromEntries(keys.map((key) => [key, "0"])) }, keys) };
}

/** As `writeSection`, of a section that has just these keys. */
export function fillIn({ name, keys, shape }: Form, values: readonly string[]): string {
  for (const value of values) {
    if (!plainValue.test(value)) {
      return writeSection({ name, body: Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""])) });
    }
  }
  return filledIn(shape, values);
}

function filledIn(shape: readonly string[], values: readonly string[]): string {
  let text = "";
  for (let index = 0; index < values.length; index++) text += `${shape[index]}=${values[index]}\n`;
  return text;
}

function linesOf({ body }: Section): { keys: string[]; values: string[] } {
  const keys: string[] = [];
  const values: string[] = [];
  for (const key in body) {
    const value = body[key] ?? [];
    for (const item of typeof value === "string" ? [value] : value) {
      keys.push(key);
      values.push(item);
    }
  }
  return { keys, values };
}

/** A value that `ini` writes and reads as it is, and networkd too: nearly all that there are. */
const plainValue = /^[\w.:/@+-]+(?: [\w.:/@+-]+)*$/;

/** The keys of a section's lines → what `ini` writes before each value. Thousands of sections have a few shapes. */
const shapes = new Map<string, readonly string[]>();

function shapeOf({ name, body }: Section, keys: readonly string[]): readonly string[] {
  const id = [name, ...keys].join("\n");
  const known = shapes.get(id);
  if (known !== undefined) return known;
  const blank = Object.entries(body).map(([key, value]) => [
    key,
    typeof value === "string" ? "0" : value.map(() => "0"),
  ]);
  const shape = checkedText({ name, body: Object.fromEntries(blank) }).split("=0\n");
  shapes.set(id, shape);
  return shape;
}

/** As `ini` writes it, if that is plain lines of the same keys and values. */
function checkedText(section: Section): string {
  if (!/^[A-Za-z]+$/.test(section.name)) throw new Error(`"${section.name}" is not the name of a section`);
  const text = ini.stringify(section.body, { ...options, section: section.name }).replace(/\n*$/, "\n");
  const { keys, values } = linesOf(section);
  const lines = [`[${section.name}]`, ...keys.map((key, index) => `${key}=${values[index]}`)];
  if (text !== `${lines.join("\n")}\n` || unsafe.test(text)) {
    throw new Error(
      `"${lines.find((line) => unsafe.test(`${line}\n`)) ?? section.name}" cannot stand in a unit file as it is`,
    );
  }
  return text;
}

/** What networkd would read otherwise: blanks at an end of a line, a line that goes on, bytes that are not ASCII. */
const unsafe = /^[^\S\n]|[^\S\n]$|\\$|[^\n\x20-\x7e]/m;

/** The sections of a text that netkeep wrote, in order. What stands before the first section is not one. */
export function readSections(text: string): Section[] {
  return text
    .split(/^(?=\s*\[)/m)
    .filter((chunk) => /^\s*\[/.test(chunk))
    .flatMap((chunk) => plainSection(chunk) ?? iniSection(chunk));
}

const plainLine = /^([A-Za-z][A-Za-z0-9]*)=([\w.:/@+-]+(?: [\w.:/@+-]+)*)$/;

/** What `ini` reads in a section of plain lines without a repeated key, in a fifth of the time; null for all others. */
function plainSection(chunk: string): Section | null {
  const [head = "", ...lines] = chunk.split("\n");
  const name = /^\[([A-Za-z]+)\]$/.exec(head)?.[1];
  if (name === undefined) return null;
  const body: Record<string, string> = {};
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const [, key, value] = plainLine.exec(line) ?? [];
    if (key === undefined || value === undefined || Object.hasOwn(body, key)) return null;
    body[key] = value;
  }
  return { name, body };
}

function iniSection(chunk: string): Section[] {
  const parsed = Object.entries(ini.parse(chunk, options))[0];
  if (parsed === undefined || typeof parsed[1] !== "object") return [];
  return [{ name: parsed[0], body: textBody(parsed[1] as Record<string, unknown>) }];
}

/** `ini` makes booleans of `true` and `false`, and an object of `[Route.x]`; somebody may have written them by hand. */
function textBody(body: Record<string, unknown>): Section["body"] {
  const text = (value: unknown) => (typeof value === "object" && value !== null ? "" : String(value));
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, Array.isArray(value) ? value.map(text) : text(value)]),
  );
}
