import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeAtomic } from "./files.ts";

/** A text that is kept as gzip(1) makes it. @throws Error if it is not there or not whole */
export function readPacked(path: string): string {
  return gunzipSync(readFileSync(path)).toString("utf8");
}

/** The quickest level: of documents and drop-ins a better one takes a fortieth more away. */
export async function writePacked(path: string, text: string): Promise<void> {
  await writeAtomic(path, gzipSync(text, { level: 1 }));
}
