import {
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from "yaml";
import type { ParsedText } from "./parsedText.ts";
import type { Place, Problem } from "./problem.ts";

/** YAML 1.2 as it is, with the place of each node. Of JSON only what has a problem comes here. */
export function parseYaml(text: string): ParsedText {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, version: "1.2", logLevel: "error" } as const;
  const document = parseDocument(text, options);
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    path: [],
    message: sentence(error.message),
    place: placeAt(error.pos[0]),
  }));
  // 1.1 has merge keys, sexagesimal numbers and `yes` for true: MAC addresses would be read as numbers.
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    problems.push({ path: [], message: "only YAML 1.2 is read: leave the %YAML line out", place: placeAt(0) });
  }
  if (problems.length === 0) {
    problems.push(
      ...aliasOffsets(document).map((offset) => ({ path: [], message: noAliases, place: placeAt(offset) })),
    );
  }
  const locate = (path: readonly PropertyKey[], onKey: boolean) => placeAt(offsetOf(document.contents, path, onKey));
  if (problems.length > 0) return { value: undefined, problems, locate };
  try {
    return { value: document.toJS(), problems, locate };
  } catch (error) {
    const message = sentence(error instanceof Error ? error.message : String(error));
    return { value: undefined, problems: [{ path: [], message, place: { line: 1, column: 1 } }], locate };
  }
}

function offsetOf(root: ParsedNode | null, path: readonly PropertyKey[], onKey: boolean): number {
  let node: Node | null = root;
  let offset = root?.range[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === step);
      if (pair === undefined) return offset;
      const last = depth === path.length - 1;
      const key = pair.key as Node;
      offset = ((last && onKey) || pair.value === null ? key.range?.[0] : (pair.value as Node).range?.[0]) ?? offset;
      node = pair.value as Node | null;
    } else if (node !== null && "items" in node && typeof step === "number") {
      node = ((node.items as unknown[])[step] as Node | undefined) ?? null;
      if (node === null) return offset;
      offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

/** An alias repeats a part of the document: a few lines could become millions of entries. */
const noAliases = "aliases (*name) are not allowed";

function aliasOffsets(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, { Alias: (_, alias) => void offsets.push(alias.range?.[0] ?? 0) });
  return offsets;
}

function sentence(message: string): string {
  if (/Maximum call stack size exceeded/.test(message)) return "lists and mappings are nested too deeply";
  if (/multiple documents/.test(message)) return "a second document begins here (---): give each a file of its own";
  if (/Map keys must be unique/.test(message)) return "this key stands twice in one mapping";
  return message.replace(/\s*\n[\s\S]*$/, "");
}
