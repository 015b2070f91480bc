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
  if (!/^[A-Za-z]+$/.test(section.name)) throw new Error(`"${section.name}" is not the name of a section`);
  const text = ini.stringify(section.body, { ...options, section: section.name }).replace(/\n*$/, "\n");
  const lines = [`[${section.name}]`];
  for (const [key, value] of Object.entries(section.body)) {
    for (const item of typeof value === "string" ? [value] : value) lines.push(`${key}=${item}`);
  }
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
    .flatMap((chunk) => {
      const parsed = Object.entries(ini.parse(chunk, options))[0];
      if (parsed === undefined || typeof parsed[1] !== "object") return [];
      return [{ name: parsed[0], body: textBody(parsed[1] as Record<string, unknown>) }];
    });
}

/** `ini` makes booleans of `true` and `false`, and an object of `[Route.x]`; somebody may have written them by hand. */
function textBody(body: Record<string, unknown>): Section["body"] {
  const text = (value: unknown) => (typeof value === "object" && value !== null ? "" : String(value));
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, Array.isArray(value) ? value.map(text) : text(value)]),
  );
}
