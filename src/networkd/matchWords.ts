/**
 * Splits a value as extract_first_word() in src/basic/extract-word.c does, in one of the three ways that [Match] uses.
 *
 * - `names`, for Name= and addresses: quotes mean nothing, a backslash takes the next character literally
 * - `patterns`, for Path=, Driver=, Type=, Kind= …: quotes go, backslashes stay for the pattern
 * - `properties`, for Property=: quotes go, C escapes are resolved
 *
 * A quote or an escape without an end drops itself and all after it, with what stands before kept.
 */
export function splitWords(value: string, way: "names" | "patterns" | "properties"): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < value.length; at += 1) {
    const char = value.charAt(at);
    if (char === "\\" && way !== "patterns") {
      const escaped = way === "names" ? plainEscape(value, at) : cEscape(value, at);
      if (escaped === undefined) return words;
      word = (word ?? "") + escaped.text;
      at = escaped.last;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (way !== "names" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") return words;
  return word === undefined ? words : [...words, word];
}

interface Escape {
  readonly text: string;
  /** Where its last character stands. */
  readonly last: number;
}

function plainEscape(value: string, at: number): Escape | undefined {
  return at + 1 < value.length ? { text: value.charAt(at + 1), last: at + 1 } : undefined;
}

const cLetters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  s: " ",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** cunescape_one() in src/basic/escape.c; bytes above 127 are taken as characters. */
function cEscape(value: string, at: number): Escape | undefined {
  const letter = cLetters[value.charAt(at + 1)];
  if (letter !== undefined) return { text: letter, last: at + 1 };
  const number = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3}))/i.exec(value.slice(at + 1));
  if (number === null) return undefined;
  const hex = number[1] ?? number[2] ?? number[3];
  const code = hex === undefined ? Number.parseInt(number[4] ?? "", 8) : Number.parseInt(hex, 16);
  if (code === 0 || code > 0x10ffff) return undefined;
  return { text: String.fromCodePoint(code), last: at + number[0].length };
}
