import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { fileError, listDirectory, writeAtomic } from "./files.ts";

/** A text that the user named on the command line. */
export interface NamedText {
  /** As named, or `stdin`. */
  readonly source: string;
  /** Absolute; null for stdin. */
  readonly path: string | null;
  readonly text: string;
}

/**
 * Reads files, directories (the documents in them, by name) and `-` for standard input.
 *
 * @param isDocument which names in a directory count
 * @param mayBeEmpty which directories, by their absolute path, may have no documents
 * @throws UserError 64 for what does not exist, and for a directory without documents
 */
export async function readNamedTexts(
  names: readonly string[],
  isDocument: (name: string) => boolean,
  mayBeEmpty: (directory: string) => boolean,
): Promise<NamedText[]> {
  const texts: NamedText[] = [];
  for (const name of names) {
    if (name === "-") {
      texts.push({ source: "stdin", path: null, text: await readStandardInput() });
      continue;
    }
    const found = await stat(name).catch(() => null);
    if (found === null) throw new UserError(exitCodes.usage, `there is no file or directory ${name}`);
    const inside = found.isDirectory() ? (await listDirectory(name)).filter(isDocument) : [];
    if (found.isDirectory() && inside.length === 0 && !mayBeEmpty(absolute(name))) {
      throw new UserError(
        exitCodes.usage,
        `there are no documents in ${name}: their names end in .yaml, .yml or .json`,
      );
    }
    const files = found.isDirectory() ? inside.map((file) => join(name, file)) : [name];
    for (const file of files) texts.push({ source: file, path: absolute(file), text: await readText(file) });
  }
  return texts;
}

/** Writes a file that the user named: the old or the new text at any moment, mode 0644. Never below `--root`. */
export async function writeNamedText(name: string, text: string): Promise<void> {
  await writeAtomic(absolute(name), text);
}

/**
 * Before the work that is about it. None is made for what is written or read there: its name may have a slip.
 *
 * @param purpose what it is wanted for, for the message
 * @throws UserError 64 if there is no such directory
 */
export async function requireDirectory(directory: string, purpose: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new UserError(exitCodes.usage, `${purpose}: there is no directory ${directory}`);
}

/** The same for a file that is going to be written. */
export async function requireDirectoryOf(file: string): Promise<void> {
  await requireDirectory(dirname(absolute(file)), `cannot write ${file}`);
}

function absolute(name: string): string {
  try {
    return resolve(name);
  } catch (error) {
    throw new UserError(exitCodes.usage, `${name}: the working directory is not there any more`, { cause: error });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError(exitCodes.usage, fileError("read", file, error).message, { cause: error });
  }
}

/**
 * Reads standard input to its end.
 *
 * @param limit milliseconds, after which what has come is returned; none if not given
 */
export async function readStandardInput(limit?: number): Promise<string> {
  const chunks: Buffer[] = [];
  const timer = limit === undefined ? undefined : setTimeout(() => process.stdin.destroy(), limit);
  try {
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  } catch (error) {
    // The stream was destroyed by the timer: its end was not reached, and what there is has to do.
    if (!(error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
