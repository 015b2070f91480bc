/** A call that waits to be carried out, as the client of the queue wrote it. */
export interface QueuedCall {
  /** The words after `netkeep hook`. */
  readonly words: readonly string[];
  readonly input: string;
  /** Whether the messages get the priority that journald reads, such as `<3>`. */
  readonly prefixed: boolean;
}

/**
 * A request of bin/netkeep-hook: fields that end with NUL (the format's version, `prefix` or nothing, the number of
 * words, the words), and then the caller's standard input.
 *
 * @returns null if it is none, as after a full disk
 */
export function parseRequest(text: string): QueuedCall | null {
  const fields: string[] = [];
  let rest = text;
  const next = () => {
    const end = rest.indexOf("\0");
    if (end < 0) return false;
    fields.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
    return true;
  };
  while (fields.length < 3) if (!next()) return null;
  const [format, prefix, count] = fields;
  if (format !== "1" || !/^\d{1,4}$/.test(count ?? "")) return null;
  while (fields.length < 3 + Number(count)) if (!next()) return null;
  return { words: fields.slice(3), input: rest, prefixed: prefix === "prefix" };
}

/** A document that a call names, as its client has read it. */
export interface CalledDocument {
  /** Absolute; null for standard input. */
  readonly path: string | null;
  readonly text: string;
}

/** The documents of `apply` and `set` are the input of their request: path and text of each, both ended by NUL. */
export function parseDocuments(input: string): CalledDocument[] {
  const fields = input.split("\0");
  const documents: CalledDocument[] = [];
  for (let at = 0; at + 2 < fields.length; at += 2) {
    documents.push({ path: fields[at] || null, text: fields[at + 1] ?? "" });
  }
  return documents;
}

/**
 * What the client prints and exits with: a line `STATUS OUT ERR`, the two in lines, and then those lines, so that a shell
 * can read it.
 */
export function answerText(exitCode: number, out: string, err: string): string {
  const [outLines, errLines] = [wholeLines(out), wholeLines(err)];
  return `${exitCode} ${countLines(outLines)} ${countLines(errLines)}\n${outLines}${errLines}`;
}

/** The process that a request is of: `PID.START`, the second in clock ticks since boot (proc(5), starttime). */
export function clientOf(name: string): { readonly process: string; readonly start: string } | null {
  const [, process, start] = /^(\d+)\.(\d+)\.(?:request|answer)$/.exec(name) ?? [];
  return process === undefined || start === undefined ? null : { process, start };
}

/** starttime in /proc/PID/stat; the name before it can hold anything but ends with the last parenthesis. */
export function startOf(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function wholeLines(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
