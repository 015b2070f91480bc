import type { CommandContext } from "../context.ts";
import { hostsOf } from "../desired/hosts.ts";
import { parseText } from "../desired/parse.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { documentYaml } from "../desired/writeDocument.ts";
import { exitCodes, UserError } from "../errors.ts";
import { places } from "../model/places.ts";
import { prepare } from "../prepare/prepare.ts";
import { planSummary } from "../report/planText.ts";
import type { CommandResult } from "../result.ts";
import { isDocumentName, ownerOfFile } from "../store/documentFiles.ts";
import type { GivenDocument } from "../store/documents.ts";
import type { System } from "../system/system.ts";
import { noteMessages } from "./messages.ts";
import { planData } from "./plan.ts";

/**
 * Documents → files below `--root DIR`, nothing else: no document is stored, no kernel and no bus is asked. What netkeep
 * generated there before and no document asks for any more is removed.
 *
 * @param host of documents for several hosts the one that DIR is for. Then its document is written as well: without it the
 *   netkeep of that host would take the drop-ins for those of owners that are gone
 */
export async function generateCommand(
  context: CommandContext,
  documents: readonly GivenDocument[],
  host: string | null = null,
): Promise<CommandResult> {
  const { system, settings } = context;
  if (!system.offline)
    throw new UserError(exitCodes.usage, "generate writes below a directory: say which with --root DIR");
  const given = host === null ? documents : await forHost(system, documents, host);
  const options = { given, persistence: "persistent", adopt: false, tolerant: false } as const;
  if (host !== null && !documents.some(({ text }) => hostsOf(parseText(text).value) !== null)) {
    throw new UserError(exitCodes.usage, `--host ${host}: no FILE has "hosts"`);
  }
  const { plan, documents: read } = await prepare(system, settings, options);
  const messages = noteMessages(plan.notes);
  if (plan.notes.some((note) => note.level === "refusal")) {
    messages.push({ level: "error", text: "nothing was written" });
    return { exitCode: exitCodes.failed, data: planData(plan), text: "", messages };
  }
  for (const file of plan.files) {
    if (file.action === "write") await system.writeFile(file.path, file.text, file.before !== null);
    else await system.removeFile(file.path);
  }
  const stored = await writeDocuments(system, given, read.given);
  const text = [
    ...plan.files.map((file) => `${file.action === "write" ? "wrote" : "removed"} ${file.path}\n`),
    ...stored.map((path) => `wrote ${path}\n`),
  ].join("");
  messages.push({ level: "info", text: planSummary(plan) });
  return { exitCode: exitCodes.asDesired, data: planData(plan), text, messages };
}

/** The documents as those of one host, each with the path that it has there. */
async function forHost(system: System, documents: readonly GivenDocument[], name: string): Promise<GivenDocument[]> {
  const names = (await system.list(places.documents)).filter(isDocumentName);
  return documents.map((document) => {
    const file = names.find((found) => ownerOfFile(found) === document.owner) ?? `${document.owner}.yaml`;
    return { ...document, host: { name, path: `${places.documents}/${file}` } };
  });
}

/** What was asked for on this host, for its own netkeep. @returns the files that were changed */
async function writeDocuments(
  system: System,
  given: readonly GivenDocument[],
  inputs: ReadonlyMap<string, DocumentInput>,
): Promise<string[]> {
  const written: string[] = [];
  for (const { owner, host } of given) {
    const input = inputs.get(owner);
    if (host === undefined || input === undefined) continue;
    const comment = `What ${host.name} has of a document for several hosts, by netkeep generate. Change it there.`;
    const text = documentYaml(input, comment);
    if ((await system.readText(host.path)) === text) continue;
    await system.writeFile(host.path, text);
    written.push(host.path);
  }
  return written;
}
