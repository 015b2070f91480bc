import type { CommandContext } from "../context.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { documentYaml } from "../desired/writeDocument.ts";
import { exitCodes, UserError } from "../errors.ts";
import { parseDomain } from "../hooks/libvirtDomain.ts";
import { permitted } from "../import/permitted.ts";
import { shapedDocument } from "../import/shapes.ts";
import { leave, sift } from "../import/sift.ts";
import { type Agent, guestOwners, importOwner, takeOver } from "../import/takeOver.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { LeftOut } from "../model/leftOut.ts";
import { places } from "../model/places.ts";
import { documentSummary, leftOutLines } from "../report/importText.ts";
import type { CommandResult, Message } from "../result.ts";
import { storedDocuments } from "../store/documentFiles.ts";
import type { GivenDocument } from "../store/documents.ts";
import { refuseDuringTrial } from "../store/trial.ts";
import type { System } from "../system/system.ts";
import { applyLocked, requirePrivilege } from "./apply.ts";
import { leftoverMessages } from "./importLeftovers.ts";
import { type ImportReading, readImport } from "./importRead.ts";
import { planCommand } from "./plan.ts";
import { ownerDocument } from "./set.ts";

/** As they are given on the command line. */
export interface ImportOptions {
  readonly links: readonly string[];
  readonly all?: boolean;
  /** Also what base files and drop-ins of others say. */
  readonly files?: boolean;
  readonly adopt?: boolean;
  readonly dryRun?: boolean;
  /** Whose hook the guests' owners are named for; with `adopt`. */
  readonly agent: string;
}

const source = "netkeep import --adopt";

/**
 * What a host has and nobody looks after, as a document on stdout; with `adopt` as owners, applied at once.
 *
 * @throws UserError 64 for links and options that do not go together
 */
export async function importCommand(context: CommandContext, options: ImportOptions): Promise<CommandResult> {
  checkOptions(context, options);
  if (!options.adopt) return print(context, options);
  if (options.dryRun) {
    const { given, messages } = await decide(context, options);
    const plan = await planCommand(context, { given, runtime: false, adopt: false });
    return { ...plan, messages: [...messages, ...withoutTakeOvers(plan.messages)] };
  }
  requirePrivilege(context);
  return context.system.withLock(places.lock, context.settings.lockSeconds, async () => {
    await refuseDuringTrial(context.system);
    const { given, messages } = await decide(context, options);
    if (given.length === 0) return { exitCode: exitCodes.asDesired, data: null, text: "", messages };
    const done = await applyLocked(context, { ...how, given, generation: "import --adopt" });
    return { ...done, messages: [...messages, ...withoutTakeOvers(done.messages), ...refusalHint(done)] };
  });
}

/** That a route or rule of somebody else is taken over is what was asked for: no line for each. */
function withoutTakeOvers(messages: readonly Message[]): Message[] {
  return messages.filter(({ level, text }) => level !== "notice" || !/^note: takes over the (route|rule) /.test(text));
}

/** The advice of a refused apply, `--adopt`, is that of another command here. */
function refusalHint({ exitCode, messages }: CommandResult): Message[] {
  const threatened =
    exitCode === exitCodes.failed && messages.some(({ text }) => text.includes("--adopt takes them over"));
  const text =
    "netkeep import takes over only what nobody looks after: ManageForeignRoutes=no keeps the rest where it is";
  return threatened ? [{ level: "info", text }] : [];
}

/** Entries of daemons in danger are not to be adopted along the way, so without `adopt`. */
const how = { runtime: false, adopt: false, dryRun: false, live: true, reload: true };

function checkOptions({ system }: CommandContext, options: ImportOptions): void {
  const usage = (text: string) => new UserError(exitCodes.usage, text);
  if (system.offline) throw usage("import reads the kernel and networkd, and with --root there are none");
  if (options.all && options.links.length > 0) throw usage("--all is for all links: leave the names out");
  if (!options.all && options.links.length === 0) throw usage("name the links to import from, or say --all");
  if (options.dryRun && !options.adopt)
    throw usage("--dry-run goes with --adopt; without it nothing is changed anyway");
  if (options.files && options.adopt) {
    throw usage("--files does not go with --adopt: what stands in a file would be there twice; see netkeep(8)");
  }
}

interface Imported {
  readonly reading: ImportReading;
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
}

async function read(context: CommandContext, options: ImportOptions): Promise<Imported> {
  const reading = await readImport(context, options.all ? null : options.links);
  const sifted = sift(reading.input);
  const fromFiles = options.files ? entriesOfFiles(reading) : [];
  const { kept, leftOut } = permitted([...sifted.kept, ...fromFiles], reading.context);
  const all = [...sifted.leftOut, ...leftOut, ...fileNotes(reading, options.files === true)];
  const wanted = all.filter(({ kind }) => kind !== "file" || !options.files);
  const messages = [...leftOutLines(wanted), ...leftoverMessages(kept, reading)];
  return { reading, entries: kept, messages };
}

/** What files say in full; the last one counts, as with networkd. */
function entriesOfFiles({ placed }: ImportReading): Entry[] {
  const whole = placed.flatMap(({ entry, unknown }) => (entry === null || unknown.length > 0 ? [] : [entry]));
  return [...new Map(whole.map((entry) => [entryKey(entry), entry])).values()];
}

/** Sections of others that are not in the kernel, or that a document could not say. */
function fileNotes({ placed, input }: ImportReading, files: boolean): LeftOut[] {
  const live = new Set([...input.kernel.routes, ...input.kernel.neighbors, ...input.kernel.rules].map(entryKey));
  return placed.flatMap(({ entry, unknown, path, line, text }): LeftOut[] => {
    const at = `${path}:${line}`;
    if (files && unknown.length > 0) {
      const reason = `a document has no words for ${unknown.join(", ")}`;
      return [{ kind: "no-words", noun: "section", link: null, text: `${text} in ${at}`, reason }];
    }
    if (files || (entry !== null && live.has(entryKey(entry)))) return [];
    const reason = `it stands in ${at}, which stays the administrator's`;
    return entry === null
      ? [{ kind: "file", noun: "section", link: null, text, reason }]
      : [leave(entry, "file", reason)];
  });
}

async function print(context: CommandContext, options: ImportOptions): Promise<CommandResult> {
  const { reading, entries, messages } = await read(context, options);
  const document = shapedDocument(entries, reading.facts);
  const from = options.all ? "all links" : options.links.join(", ");
  const places = options.files ? placesOf(reading) : [];
  const comment = [
    `Made by netkeep import of ${from}. Read it, put it below /etc/netkeep/desired.d, and run netkeep apply.`,
    ...(places.length > 0 ? ["First take out of their files what would be there twice:", ...places] : []),
  ];
  const summary = documentSummary(document);
  return {
    exitCode: exitCodes.asDesired,
    data: document,
    text: documentYaml(document, comment.join("\n")),
    messages: [...messages, { level: "info", text: summary === null ? "nothing to import" : `imported: ${summary}` }],
  };
}

function placesOf({ placed }: ImportReading): string[] {
  return placed
    .filter(({ entry, unknown }) => entry !== null && unknown.length === 0)
    .map(({ path, line, text }) => `  ${path}:${line}: ${text}`);
}

/** Which guests libvirt runs, by MAC; it keeps the XML of each with its state. */
async function agentOf(system: System, name: string): Promise<Agent> {
  if (name !== "libvirt") return { kind: name === "none" ? "none" : "cloudstack" };
  const domains = new Map<string, string>();
  for (const file of await system.list(libvirtState)) {
    const text = file.endsWith(".xml") ? await system.readText(`${libvirtState}/${file}`) : null;
    const parsed = parseDomain(/<domain [\s\S]*<\/domain>/.exec(text ?? "")?.[0] ?? "");
    if ("problem" in parsed) continue;
    for (const { mac } of parsed.domain.interfaces)
      if (mac !== null) domains.set(mac.toLowerCase(), parsed.domain.name);
  }
  return { kind: "libvirt", domains };
}

/** libvirt's stateDir of the qemu driver. */
const libvirtState = "/run/libvirt/qemu";

/** The documents of the owners that take over, each together with what it asked for before. */
async function decide(context: CommandContext, options: ImportOptions) {
  const { reading, entries, messages } = await read(context, options);
  const agent = await agentOf(context.system, options.agent);
  const stored = new Map<string, DocumentInput>();
  const wanted = new Set([importOwner, ...guestOwners(entries, agent)]);
  for (const { owner, document, problems } of await storedDocuments(context.system)) {
    if (wanted.has(owner) && problems.length === 0) stored.set(owner, document as DocumentInput);
  }
  const facts = { ...reading.facts, hostAddresses: reading.hostAddresses };
  const { guests, rest } = takeOver(entries, facts, agent, (owner) => stored.get(owner) ?? null);
  const persistence = context.settings.hookPersistence;
  const given: GivenDocument[] = [...guests].map(([owner, document]) => ({
    ...ownerDocument(owner, source, document),
    persistence,
  }));
  if (rest !== null) given.push({ ...ownerDocument(importOwner, source, rest), persistence: "persistent" });
  return { given, messages: [...messages, ...ownerMessages(guests, rest, persistence)] };
}

function ownerMessages(
  guests: ReadonlyMap<string, DocumentInput>,
  rest: DocumentInput | null,
  persistence: string,
): Message[] {
  const lines: string[] = [];
  if (guests.size > 0) {
    const until = persistence === "runtime" ? "until the next reboot, as HookPersistence= says" : "for good";
    const [first = ""] = guests.keys();
    const names = guests.size === 1 ? first : `${first} and ${guests.size - 1} more`;
    lines.push(`guests get the owners that the agent's hook uses, ${until}: ${names}`);
  }
  if (rest !== null) lines.push(`the owner "${importOwner}" gets ${documentSummary(rest)}`);
  if (lines.length === 0) lines.push("nothing to take over");
  return lines.map((text) => ({ level: "info", text }));
}
