import { parseText } from "../desired/parse.ts";
import type { DocumentInput } from "../desired/schema.ts";
import { ownerFileName } from "../desired/stored.ts";
import { validateShape } from "../desired/validate.ts";
import { type ExitCode, exitCodes, UserError } from "../errors.ts";
import { documentForDomain } from "../hooks/libvirtDocument.ts";
import { parseDomain } from "../hooks/libvirtDomain.ts";
import { decideOperation, libvirtOwner } from "../hooks/libvirtOperation.ts";
import { places } from "../model/places.ts";
import type { CommandContext } from "./context.ts";
import type { CommandResult, Message } from "./result.ts";
import { changeOwnersBy, type OwnerOptions, ownerDocument } from "./set.ts";

/** In seconds: libvirt waits for its hooks, and a guest's start with it. */
const longestLockWait = 10;

/**
 * `netkeep hook libvirt GUEST OPERATION SUB-OPERATION EXTRA` with the domain XML on standard input. Prints nothing on
 * stdout, where libvirt would take it for a changed XML. Exit 0 unless `strict`, and at `reconnect` always: any other
 * status would kill a running guest.
 *
 * @param readXml called only if the XML matters
 */
export async function hookLibvirtCommand(
  context: CommandContext,
  argv: readonly string[],
  readXml: () => Promise<string>,
  options: Omit<OwnerOptions, "runtime"> & { readonly strict: boolean },
): Promise<CommandResult> {
  const [guest, operation, subOperation, extra] = argv;
  if (
    guest === undefined ||
    operation === undefined ||
    subOperation === undefined ||
    extra === undefined ||
    argv.length > 4
  ) {
    return quiet(exitCodes.asDesired, []);
  }
  const decision = decideOperation(operation, subOperation, extra);
  if (decision === "nothing") return quiet(exitCodes.asDesired, []);
  const strict = options.strict && operation !== "reconnect";
  const notes: Message[] = [];
  try {
    const owner = libvirtOwner(guest);
    const document = decision === "remove" ? null : await documentOf(context, guest, await readXml(), notes);
    // A guest that nothing is known of has no owner; making none of it would take its drop-ins away in vain.
    if (decision === "assert" && document === null) return quiet(exitCodes.asDesired, notes);
    const lockSeconds = Math.min(context.settings.lockSeconds, longestLockWait);
    const limited = { ...context, settings: { ...context.settings, lockSeconds } };
    const runtime = context.settings.hookPersistence === "runtime";
    const result = await changeOwnersBy(limited, { ...options, runtime }, async () => [
      ownerDocument(owner, "libvirt", document),
    ]);
    return quiet(strict ? result.exitCode : exitCodes.asDesired, [...notes, ...result.messages]);
  } catch (error) {
    if (strict || !(error instanceof UserError)) throw error;
    return quiet(exitCodes.asDesired, [...notes, { level: "error", text: error.message }]);
  }
}

/** NAME.yaml in /etc/netkeep/guests.d. A name that is not plain is escaped, because a guest can have any. */
function guestFilePath(guest: string): string {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9:_.-]*$/.test(guest);
  return `${places.guests}/${plain ? guest : ownerFileName(guest).replace(/\.json$/, "")}.yaml`;
}

function quiet(exitCode: ExitCode, messages: readonly Message[]): CommandResult {
  return { exitCode, data: null, text: "", messages };
}

async function documentOf(
  { system }: CommandContext,
  guest: string,
  xml: string,
  notes: Message[],
): Promise<DocumentInput | null> {
  const parsed = parseDomain(xml);
  if ("problem" in parsed)
    throw new UserError(exitCodes.badData, `domain XML of ${JSON.stringify(guest)}: ${parsed.problem}`);
  if (parsed.domain.name !== guest) {
    throw new UserError(
      exitCodes.badData,
      `the domain XML is of ${JSON.stringify(parsed.domain.name)}, not of ${JSON.stringify(guest)}`,
    );
  }
  const path = guestFilePath(guest);
  const text = await system.readText(path);
  const { document, notes: found } = documentForDomain(parsed.domain, text === null ? null : guestFile(path, text));
  notes.push(...found.map((note): Message => ({ level: "warning", text: note })));
  return document;
}

/** Checked for its shape here; what it asks for is checked with the other documents. */
function guestFile(path: string, text: string): DocumentInput {
  const parsed = parseText(text);
  const { input, problems } = validateShape(parsed.value);
  const all = [...parsed.problems, ...problems].map(({ message }) => `${path}: ${message}`);
  if (all.length > 0 || input === null) throw new UserError(exitCodes.badData, all.join("\n"));
  return input;
}
