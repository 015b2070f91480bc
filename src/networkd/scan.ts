/** One `Key=value`; `line` is 1-based, the first of a continued one. */
export interface Assignment {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface Section {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly assignments: readonly Assignment[];
}

/** An assignment and the file that it stands in. */
export interface PlacedAssignment extends Assignment {
  readonly path: string;
}

/** `failure`: systemd gives up on the whole file here; `sections` is what stands above. */
export interface ScannedFile {
  readonly sections: readonly Section[];
  readonly failure?: { readonly line: number; readonly reason: string };
}

/** systemd's LONG_LINE_MAX, of a line and of a continued line as a whole. */
const longestLine = 1024 * 1024;

/** read_line() in src/basic/fileio.c: each of CR and LF at most once, in any order, and NUL at the end. */
const endOfLine = /\r\n\0?|\n\r\0?|[\r\n]\0?|\0/;

/**
 * Reads a unit file that others wrote, as config_parse() in src/shared/conf-parser.c does (252 and 257): no inline
 * comments, no quotes, comment lines also between the lines of a continuation. What systemd ignores with a warning
 * (a line without `=`, a key above the first section) is left out; unknown sections and keys are kept.
 *
 * @param text decoded with replacement: U+FFFD outside of a comment counts as invalid UTF-8
 */
export function scanFile(path: string, text: string): ScannedFile {
  const sections: { name: string; path: string; line: number; assignments: Assignment[] }[] = [];
  for (const { text: raw, line } of logicalLines(text)) {
    const trimmed = strip(raw);
    if (trimmed === "") continue;
    const reason = failureOf(raw, trimmed);
    if (reason !== undefined) return { sections, failure: { line, reason } };
    if (trimmed.startsWith("[")) {
      sections.push({ name: trimmed.slice(1, -1), path, line, assignments: [] });
      continue;
    }
    const equals = trimmed.indexOf("=");
    if (equals < 1) continue;
    const key = strip(trimmed.slice(0, equals));
    sections.at(-1)?.assignments.push({ key, value: strip(trimmed.slice(equals + 1)), line });
  }
  return { sections };
}

/** All assignments of a key in order, over all sections of that name. That an empty one resets is up to the reader. */
export function assignments(sections: readonly Section[], section: string, key: string): PlacedAssignment[] {
  return sections
    .filter(({ name }) => name === section)
    .flatMap(({ path, assignments: inSection }) => inSection.map((assignment) => ({ ...assignment, path })))
    .filter((assignment) => assignment.key === key);
}

function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  let pending: { text: string; line: number } | undefined;
  let line = 0;
  for (const raw of text.replace(/^\uFEFF/, "").split(endOfLine)) {
    line += 1;
    if (/^[ \t]*[#;]/.test(raw)) continue;
    const whole: { text: string; line: number } =
      pending === undefined ? { text: raw, line } : { text: pending.text + raw, line: pending.line };
    const backslashes = /\\*$/.exec(whole.text)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      pending = { text: `${whole.text.slice(0, -1)} `, line: whole.line };
    } else {
      pending = undefined;
      yield whole;
    }
  }
  if (pending !== undefined) yield pending;
}

/** parse_line() in src/shared/conf-parser.c: what is an error there, not a warning. */
function failureOf(raw: string, trimmed: string): string | undefined {
  if (raw.length >= longestLine) return "line of 1 MiB or more";
  if (trimmed.includes("\uFFFD")) return "invalid UTF-8";
  if (!trimmed.startsWith("[")) return undefined;
  if (trimmed.length < 2 || !trimmed.endsWith("]")) return "section header without a closing bracket";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what systemd refuses here
  if (/[\x01-\x1f\x7f"'\\]/.test(trimmed)) return "section header with a quote, a backslash or a control character";
  return undefined;
}

/** systemd's WHITESPACE, which is less than what trim() takes off. */
function strip(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}
