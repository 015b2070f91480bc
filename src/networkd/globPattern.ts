/** Takes one byte, folded to lower case if the pattern folds. */
type Accepts = (byte: number) => boolean;

/** A pattern, piece by piece: one byte each, or `*`. */
type Piece = Accepts | "star";

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[a-z0-9]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what the class holds
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9a-f]/i,
};

/**
 * Whether a text matches a shell pattern: fnmatch(3) with flags 0 in the C locale, where networkd runs. A slash and a
 * leading dot are like any other character, a backslash takes the next one literally, and bytes are compared.
 *
 * @param options `foldCase`: FNM_CASEFOLD, which systemd uses for host names only
 */
export function matchesGlob(pattern: string, text: string, options: { foldCase?: boolean } = {}): boolean {
  const fold = options.foldCase === true;
  const bytes = [...new TextEncoder().encode(text)].map((byte) => (fold ? lower(byte) : byte));
  return matchPieces(piecesOf(latin(pattern), fold), bytes);
}

/** Goes back to the last star only, so that no pattern takes exponential time. */
function matchPieces(pieces: readonly Piece[], bytes: readonly number[]): boolean {
  let piece = 0;
  let at = 0;
  let retry: { piece: number; at: number } | undefined;
  while (at < bytes.length || piece < pieces.length) {
    const wanted = pieces[piece];
    const byte = bytes[at];
    if (wanted === "star") {
      piece += 1;
      retry = { piece, at };
    } else if (wanted !== undefined && byte !== undefined && wanted(byte)) {
      piece += 1;
      at += 1;
    } else if (retry !== undefined && retry.at < bytes.length) {
      retry = { piece: retry.piece, at: retry.at + 1 };
      piece = retry.piece;
      at = retry.at;
    } else {
      return false;
    }
  }
  return true;
}

function piecesOf(pattern: string, fold: boolean): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    const bracket = char === "[" ? bracketAt(pattern, at, fold) : undefined;
    if (char === "*") pieces.push("star");
    else if (char === "?") pieces.push(() => true);
    else if (bracket !== undefined) {
      pieces.push(bracket.accepts);
      at = bracket.last;
    } else if (char === "\\") {
      at += 1;
      // A backslash at the very end matches nothing.
      pieces.push(at < pattern.length ? literal(pattern.charAt(at), fold) : () => false);
    } else pieces.push(literal(char, fold));
  }
  return pieces;
}

/** Reads `[…]`; undefined if it has no end, for then the bracket stands for itself. */
function bracketAt(pattern: string, start: number, fold: boolean): { accepts: Accepts; last: number } | undefined {
  const negated = /[!^]/.test(pattern.charAt(start + 1));
  const first = start + (negated ? 2 : 1);
  const members: Accepts[] = [];
  let known = true;
  for (let at = first; at < pattern.length; ) {
    if (pattern.charAt(at) === "]" && at > first) {
      const accepts: Accepts = (byte) => known && members.some((member) => member(byte)) !== negated;
      return { accepts, last: at };
    }
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at));
    if (named !== null) {
      const set = classes[named[1] ?? ""];
      // An unknown class makes the whole pattern match nothing.
      if (set === undefined) known = false;
      else members.push((byte) => set.test(String.fromCharCode(byte)) || (fold && set.test(upperChar(byte))));
      at += named[0].length;
      continue;
    }
    const from = elementAt(pattern, at);
    const ranged = pattern.charAt(from.next) === "-" && !["]", ""].includes(pattern.charAt(from.next + 1));
    const to = ranged ? elementAt(pattern, from.next + 1) : from;
    const [low, high] = [from.byte, to.byte].map((byte) => (fold ? lower(byte) : byte)) as [number, number];
    members.push((byte) => low <= byte && byte <= high);
    at = to.next;
  }
  return undefined;
}

/** One element of a bracket: a character, `\]`, `[.-.]` or `[=a=]`. */
function elementAt(pattern: string, at: number): { byte: number; next: number } {
  const named = /^\[([.=])(.)\1\]/s.exec(pattern.slice(at));
  if (named !== null) return { byte: named[2]?.charCodeAt(0) ?? 0, next: at + named[0].length };
  const char = pattern.charAt(at) === "\\" && at + 1 < pattern.length ? at + 1 : at;
  return { byte: pattern.charCodeAt(char), next: char + 1 };
}

function literal(char: string, fold: boolean): Accepts {
  const wanted = fold ? lower(char.charCodeAt(0)) : char.charCodeAt(0);
  return (byte) => byte === wanted;
}

/** One character for each byte of the UTF-8 form. */
function latin(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

function upperChar(byte: number): string {
  return String.fromCharCode(byte >= 97 && byte <= 122 ? byte - 32 : byte);
}
