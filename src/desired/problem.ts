/** 1-based, in characters, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a document, before its file is known. */
export interface Problem {
  /** Keys and indices from the top of the document. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What to write instead, if that can be guessed. */
  readonly hint?: string;
  /** The key is at fault, not its value. */
  readonly onKey?: boolean;
  /** Known already for syntax errors; else looked up by path. */
  readonly place?: Place;
}

/**
 * `FILE:LINE:COL: path: message` with the source line, a caret and the hint below it.
 *
 * @param source the line at `place`
 */
export function problemText(file: string, source: string, place: Place, problem: Problem): string {
  const path = pathText(problem.path);
  const said = printable(`${path === "" ? "" : `${path}: `}${problem.message}`);
  const head = `${file}:${place.line}:${place.column}: ${said.length > longest ? `${said.slice(0, longest)}…` : said}`;
  const { shown, caret } = window(printable(source), place.column - 1);
  const lines = source.trim() === "" ? [head] : [head, `    ${shown}`, `    ${" ".repeat(caret)}^`];
  if (problem.hint !== undefined) lines.push(`    ${problem.hint}`);
  return lines.join("\n");
}

/** A message quotes the value, and the value can be as long as the document. */
const longest = 400;

/** `guests.0.mac`: the path as people and `jq` write it. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

/** The reverse: `guests.0.addresses.1` → keys and indices. */
export function pathOf(text: string): PropertyKey[] {
  return text.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** Minified JSON has one long line: show what stands around the column. */
function window(source: string, column: number): { shown: string; caret: number } {
  const widest = 120;
  if (source.length <= widest) return { shown: source, caret: column };
  const start = Math.max(0, column - widest / 2);
  return { shown: source.slice(start, start + widest), caret: column - start };
}

/** What moves the cursor, turns the writing around or ends a line must not reach the terminal from the input. */
function printable(text: string): string {
  return text.replace(/\t/g, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "�");
}
