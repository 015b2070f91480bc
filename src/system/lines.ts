/** Hears each whole line of a stream. readline keeps more state for each line, and a burst has tens of thousands. */
export function linesOf(stream: NodeJS.ReadableStream, hear: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
  });
}
