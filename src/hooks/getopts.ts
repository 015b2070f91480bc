/** Options in the order of the command line, up to the first fault. */
export interface Options {
  readonly options: readonly { readonly letter: string; readonly value: string }[];
  /** What the shell's getopts says on stderr, without the script's name; null if nothing is wrong. */
  readonly complaint: string | null;
}

/**
 * The shell's `getopts` for options that all take a value (POSIX, Utility Syntax Guidelines 3 to 10): `-xV` or `-x V`, where
 * V may be any word, also `--` or one that looks like an option. `--`, `-`, the empty word and every other word without a
 * `-` in front end the options; what follows them is not looked at.
 *
 * @param letters the option letters, without colons
 */
export function getopts(letters: string, argv: readonly string[]): Options {
  const options: { letter: string; value: string }[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (!word.startsWith("-") || word === "-" || word === "--") break;
    const letter = String.fromCodePoint(word.codePointAt(1) ?? 0);
    if (!letters.includes(letter)) return { options, complaint: `illegal option -- ${letter}` };
    const joined = word.slice(1 + letter.length);
    const value = joined === "" ? argv[++index] : joined;
    if (value === undefined) return { options, complaint: `option requires an argument -- ${letter}` };
    options.push({ letter, value });
  }
  return { options, complaint: null };
}
