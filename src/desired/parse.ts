import type { ParsedText } from "./parsedText.ts";
import { parseJson } from "./parseJson.ts";
import { parseYaml } from "./parseYaml.ts";

/** Larger texts are refused: no host has so many guests, and a parser's memory is a multiple of its input. */
export const largestText = 64 * 1024 * 1024;

/** Parses YAML 1.2, and so JSON. Aliases, custom tags, repeated keys and several documents in one text are problems. */
export function parseText(text: string): ParsedText {
  if (text.length > largestText) {
    const problem = { path: [], message: "the document is larger than 64 MiB", place: { line: 1, column: 1 } };
    return { value: undefined, problems: [problem], locate: () => problem.place };
  }
  const value = parseJson(text);
  if (value === undefined) return parseYaml(text);
  // Only a document with a problem needs to know where what stands.
  let yaml: ParsedText | undefined;
  const locate: ParsedText["locate"] = (path, onKey) => {
    yaml ??= parseYaml(text);
    return yaml.locate(path, onKey);
  };
  return { value, problems: [], locate };
}
