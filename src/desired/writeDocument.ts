import { stringify } from "yaml";
import type { DocumentInput } from "./schema.ts";

/** A document as YAML, an element of a list a block, with `comment` above it. */
export function documentYaml(document: DocumentInput, comment: string): string {
  const head = comment
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
  return `${head}${stringify(document, { version: "1.2", lineWidth: 0 })}`;
}
