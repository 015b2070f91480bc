import * as z from "zod";
import { parseStored, saysTheSame, storedText } from "../desired/stored.ts";
import { fits, type LooseFields } from "../model/fits.ts";
import { once } from "../model/once.ts";
import { isOursToReplace } from "../model/ownership.ts";
import { places } from "../model/places.ts";
import type { KernelEntry } from "../model/state.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { isDocumentName, ownerPath } from "../store/documentFiles.ts";
import type { GivenDocument } from "../store/documents.ts";
import { asksForNothing } from "../store/store.ts";
import type { System } from "../system/system.ts";
import type { Outcome } from "./transact.ts";

/** How many are kept. */
export const keptGenerations = 20;

const generationSchema = once(() =>
  z.strictObject({
    netkeep: z.literal(1),
    number: z.int().min(1),
    /** Milliseconds since 1970. */
    time: z.number(),
    command: z.string(),
    /** Whether the run that made it has come to its end. */
    complete: z.boolean(),
    /** Entries of somebody else have become ours: to take it back deletes them. */
    takesOver: z.boolean(),
    /** Stored documents that were changed, as files; null for none. */
    documents: z.array(
      z.strictObject({
        owner: z.string(),
        path: z.string(),
        before: z.string().nullable(),
        after: z.string().nullable(),
      }),
    ),
    /** All documents of the administrator, as they were read. */
    admin: z.array(z.strictObject({ path: z.string(), text: z.string() })),
    /** Kernel changes that were planned. */
    entries: z.strictObject({ added: z.int(), changed: z.int(), removed: z.int() }),
    /** Generated files that were changed, as they were before; null for none. */
    files: z.array(z.strictObject({ path: z.string(), before: z.string().nullable() })),
  }),
);

/** What the schema says, for a look at a glance: the schema takes longer to load than all else that is done with the last one. */
const fields: LooseFields = {
  netkeep: "number",
  number: "number",
  time: "number",
  command: "string",
  complete: "boolean",
  takesOver: "boolean",
  documents: [{ owner: "string", path: "string", before: "string?", after: "string?" }],
  admin: [{ path: "string", text: "string" }],
  entries: { added: "number", changed: "number", removed: "number" },
  files: [{ path: "string", before: "string?" }],
};

/** A change of documents by an administrator, and what was there before: one file, whole or not there. */
export type Generation = z.infer<ReturnType<typeof generationSchema>>;

/** From the oldest to the newest; what is not whole is none. */
export async function readGenerations(system: System): Promise<Generation[]> {
  const names = (await system.list(places.generations)).filter(isGenerationName);
  const read = await Promise.all(names.map((name) => readGeneration(system, `${places.generations}/${name}`)));
  return read.filter((generation) => generation !== null);
}

/**
 * Before a change of documents: keeps what they were. A run that changes none makes no generation, but completes the last
 * one if that was interrupted. Owners of hooks are in none: whether their guests run here is not for the past to say.
 *
 * @param given with their persistence
 * @returns to be given to `finishGeneration`; null if this run has none
 */
export async function beginGeneration(
  system: System,
  command: string,
  prepared: Prepared,
  given: readonly Required<Pick<GivenDocument, "owner" | "source" | "persistence">>[],
): Promise<Generation | null> {
  const names = (await system.list(places.generations)).filter(isGenerationName);
  const last = await readGeneration(system, `${places.generations}/${names.at(-1)}`);
  const admin = await readAdmin(system);
  const documents = await changedDocuments(system, prepared, given);
  if (documents.length === 0 && JSON.stringify(admin) === JSON.stringify(last?.admin ?? [])) {
    return last === null || last.complete ? null : last;
  }
  if (last !== null && !last.complete && wantedTheSame({ documents, admin }, last)) return last;
  const { kernel, bridges } = prepared.plan;
  const count = (action: string) => [...kernel, ...bridges].filter((change) => change.action === action).length;
  const generation: Generation = {
    netkeep: 1,
    number: numberOf(names.at(-1) ?? "0") + 1,
    time: system.now(),
    command,
    complete: false,
    takesOver: takesOver(prepared, given),
    documents,
    admin,
    entries: { added: count("add"), changed: count("replace"), removed: count("remove") },
    files: [],
  };
  await writeGeneration(system, generation);
  const old = names.slice(0, Math.max(0, names.length + 1 - keptGenerations));
  for (const name of old) await system.removeFile(`${places.generations}/${name}`);
  return generation;
}

/** After the change. What was done in an interrupted run before is not known any more. */
export async function finishGeneration(system: System, generation: Generation, { files }: Outcome): Promise<void> {
  const known = new Set(generation.files.map(({ path }) => path));
  const changed = files.filter(({ path }) => !known.has(path)).map(({ path, before }) => ({ path, before }));
  await writeGeneration(system, { ...generation, complete: true, files: [...generation.files, ...changed] });
}

/** The administrator's documents as they are now. */
export async function readAdmin(system: System): Promise<Generation["admin"]> {
  const admin: Generation["admin"] = [];
  for (const name of (await system.list(places.documents)).filter(isDocumentName)) {
    const path = `${places.documents}/${name}`;
    // One that cannot be read is somebody else's to report.
    const text = await system.readText(path).catch(() => null);
    if (text !== null) admin.push({ path, text });
  }
  return admin;
}

/** Two stored texts ask for the same; when they were stored does not count. */
export function sameDocument(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && contentOf(a) === contentOf(b));
}

function contentOf(text: string): string {
  try {
    const { owner, source, document } = parseStored(text);
    return JSON.stringify([owner, source, document]);
  } catch {
    return text;
  }
}

async function changedDocuments(
  system: System,
  { documents }: Prepared,
  given: readonly Required<Pick<GivenDocument, "owner" | "source" | "persistence">>[],
): Promise<Generation["documents"]> {
  const changed: Generation["documents"] = [];
  for (const { owner, source, persistence } of given) {
    const document = documents.given.get(owner);
    if (document === undefined || /^(cloudstack|libvirt|router|vdsm):/.test(owner)) continue;
    const path = ownerPath(owner, "persistent");
    const before = await system.readText(path);
    const age = documents.changed.get(owner) ?? 0;
    const kept = persistence === "persistent" && !asksForNothing(document);
    const after = kept ? storedText({ owner, source, changed: age, document }) : null;
    const same = before === null || after === null ? before === after : saysTheSame(before, after, age);
    if (!same) changed.push({ owner, path, before, after });
  }
  return changed;
}

function takesOver({ plan, record }: Prepared, given: readonly Pick<GivenDocument, "owner">[]): boolean {
  const replaced = plan.kernel.some(
    (change) => change.action === "replace" && !isOursToReplace(change.before as KernelEntry, record),
  );
  const bridges = plan.bridges.some((change) => change.action === "replace" && change.takesOver);
  return replaced || bridges || given.some(({ owner }) => owner === "adopted" || owner === "imported");
}

/** The run that was interrupted wanted just this. */
function wantedTheSame(change: Pick<Generation, "documents" | "admin">, last: Generation): boolean {
  const wanted = ({ documents, admin }: Pick<Generation, "documents" | "admin">) =>
    JSON.stringify([
      documents.map(({ path, before, after }) => [path, before, after === null ? null : contentOf(after)]),
      admin,
    ]);
  return wanted(change) === wanted(last);
}

async function readGeneration(system: System, path: string): Promise<Generation | null> {
  try {
    const value: unknown = JSON.parse(await system.readPacked(path));
    return isPlainGeneration(value) ? value : generationSchema().parse(value);
  } catch {
    return null;
  }
}

function isPlainGeneration(value: unknown): value is Generation {
  if (!fits(value, fields)) return false;
  const { netkeep, number } = value as Generation;
  const isWhole = Object.keys(value as Generation).length === Object.keys(fields).length;
  return isWhole && netkeep === 1 && Number.isInteger(number) && number > 0;
}

async function writeGeneration(system: System, generation: Generation): Promise<void> {
  const name = `${String(generation.number).padStart(8, "0")}.json.gz`;
  await system.writePacked(`${places.generations}/${name}`, `${JSON.stringify(generation)}\n`);
}

function isGenerationName(name: string): boolean {
  return /^\d{8}\.json\.gz$/.test(name);
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}
