const columns = 80;

/**
 * Breaks a text at blanks so that it reads well on a narrow terminal. A word that is longer than a line stays whole: an
 * address or a path has to be found and copied.
 *
 * @param first what stands in front of the first line
 * @param indent of the lines after it, in characters
 */
export function wrap(text: string, first: string, indent: number): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = " ".repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
