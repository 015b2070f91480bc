/** A sentence that quotes text from outside, as one line of bearable length: it goes to a log or a terminal. */
export function oneLine(sentence: string): string {
  const line = sentence.replace(/\p{Cc}/gu, "�");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

const longest = 400;
