import type { CommandContext } from "../context.ts";
import { parseStored } from "../desired/stored.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { FileChange } from "../model/change.ts";
import { places } from "../model/places.ts";
import { type HistoryRow, historyText } from "../report/historyText.ts";
import { fileDiff } from "../report/planText.ts";
import type { CommandResult } from "../result.ts";
import type { System } from "../system/system.ts";
import { type Generation, readAdmin, readGenerations } from "../transact/generations.ts";

/** The generations that are kept, from the oldest to the newest, which is what the host has now. */
export async function historyCommand({ system, style }: CommandContext): Promise<CommandResult> {
  const generations = await readGenerations(system);
  const rows = generations.map((generation, index) => rowOf(generation, generations[index - 1]));
  const text = "no generations: they are made by apply, confirm, import --adopt and rollback";
  const none = rows.length === 0 ? [{ level: "info" as const, text }] : [];
  return {
    exitCode: exitCodes.asDesired,
    data: { generations: rows },
    text: historyText(rows, system.now(), style),
    messages: none,
  };
}

/** Documents and generated files of two generations as a unified diff; exit status 1 if they differ. */
export async function historyDiffCommand(context: CommandContext, from: number, to: number): Promise<CommandResult> {
  const { system, style } = context;
  const generations = await readGenerations(system);
  for (const number of [from, to]) requireGeneration(generations, number);
  const [before, after] = [await textsAt(system, generations, from), await textsAt(system, generations, to)];
  const changes: FileChange[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, text] = [before.get(path) ?? null, after.get(path) ?? null];
    if (old === text) continue;
    changes.push(
      text === null ? { action: "remove", path, before: old ?? "" } : { action: "write", path, text, before: old },
    );
  }
  const data = changes.map(({ path, before: old, ...change }) => {
    return { path, before: old, after: change.action === "write" ? change.text : null };
  });
  return {
    exitCode: changes.length === 0 ? exitCodes.asDesired : exitCodes.differs,
    data: { from, to, changes: data },
    text: changes.map((change) => `${fileDiff(change, style)}\n`).join("\n"),
    messages: changes.length === 0 ? [{ level: "info", text: `generations ${from} and ${to} are the same` }] : [],
  };
}

/** A document as it was in a generation, to be written back by whose it is. */
export async function historyShowCommand(
  { system }: CommandContext,
  number: number,
  path: string,
): Promise<CommandResult> {
  const generations = await readGenerations(system);
  requireGeneration(generations, number);
  const text = (await textsAt(system, generations, number)).get(path);
  if (text === undefined) {
    throw new UserError(
      exitCodes.usage,
      `generation ${number} has nothing at ${path}; netkeep history diff names what there is`,
    );
  }
  return { exitCode: exitCodes.asDesired, data: { number, path, text }, text, messages: [] };
}

/** @throws UserError 64 for a number of which nothing is known */
export function requireGeneration(generations: readonly Generation[], number: number): void {
  const [oldest] = generations;
  const known = generations.some((generation) => generation.number === number) || number + 1 === oldest?.number;
  if (known) return;
  const range = oldest === undefined ? "there is none" : `known: ${oldest.number - 1} to ${generations.at(-1)?.number}`;
  throw new UserError(exitCodes.usage, `there is no generation ${number}; ${range}`);
}

/** A stored document's file in a generation: what the next change of it found. null for none. */
export async function storedTextAt(
  system: System,
  generations: readonly Generation[],
  number: number,
  path: string,
): Promise<string | null> {
  const later = generations.filter((generation) => generation.number > number);
  const next = later.flatMap(({ documents }) => documents).find((document) => document.path === path);
  return next === undefined ? system.readText(path) : next.before;
}

/** The administrator's documents in a generation; null if not known, because what was kept of it is gone. */
export function adminAt(generations: readonly Generation[], number: number): Generation["admin"] | null {
  // Before the very first one nothing was in force.
  if (number === 0 && generations[0]?.number === 1) return [];
  return generations.find((generation) => generation.number === number)?.admin ?? null;
}

/** Path → text of all that any generation has changed. */
async function textsAt(
  system: System,
  generations: readonly Generation[],
  number: number,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const add = (path: string, text: string | null) => (text === null ? undefined : texts.set(path, text));
  for (const { path } of generations.flatMap(({ documents }) => documents)) {
    add(path, readable(await storedTextAt(system, generations, number, path)));
  }
  const admin = adminAt(generations, number) ?? (generations.length === 0 ? await readAdmin(system) : []);
  for (const { path, text } of admin) add(path, text);
  const later = generations.filter((generation) => generation.number > number).flatMap(({ files }) => files);
  for (const { path } of generations.flatMap(({ files }) => files)) {
    const next = later.find((file) => file.path === path);
    add(path, next === undefined ? await system.readText(path) : next.before);
  }
  return texts;
}

/** The document in lines, without when it was stored. */
function readable(text: string | null): string | null {
  if (text === null) return null;
  try {
    return `${JSON.stringify(parseStored(text).document, null, 2)}\n`;
  } catch {
    return text;
  }
}

function rowOf(generation: Generation, previous: Generation | undefined): HistoryRow {
  const { number, time, command, complete, takesOver, entries, files } = generation;
  const before = new Map((previous?.admin ?? []).map(({ path, text }) => [path, text]));
  const after = new Map(generation.admin.map(({ path, text }) => [path, text]));
  const changes = [
    ...generation.documents.map(({ path, before: old, after: text }) => ({ path, old, text })),
    ...[...new Set([...before.keys(), ...after.keys()])]
      .sort()
      .map((path) => ({ path, old: before.get(path) ?? null, text: after.get(path) ?? null })),
  ];
  const owners = new Map(generation.documents.map(({ owner, path }) => [path, owner]));
  const documents = changes
    .filter(({ old, text }) => old !== text)
    .map(({ path, old, text }) => {
      const action = old === null ? ("add" as const) : text === null ? ("remove" as const) : ("change" as const);
      return { action, owner: owners.get(path) ?? nameOf(path), path };
    });
  return { number, time, command, complete, takesOver, documents, entries, files: files.map(({ path }) => path) };
}

function nameOf(path: string): string {
  return path.slice(places.documents.length + 1).replace(/\.(ya?ml|json)$/, "");
}
