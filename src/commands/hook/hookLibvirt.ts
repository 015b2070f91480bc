import type { CommandContext } from "../../context.ts";
import { parseText } from "../../desired/parse.ts";
import type { DocumentInput } from "../../desired/schema.ts";
import { ownerFileName } from "../../desired/stored.ts";
import { validateShape } from "../../desired/validate.ts";
import { exitCodes, UserError } from "../../errors.ts";
import { documentForDomain } from "../../hooks/libvirtDocument.ts";
import { parseDomain } from "../../hooks/libvirtDomain.ts";
import { decideOperation, libvirtOwner } from "../../hooks/libvirtOperation.ts";
import { places } from "../../model/places.ts";
import type { Message } from "../../result.ts";
import { ownerDocument } from "../set.ts";
import type { HookCall, HookOptions } from "./hookCall.ts";

/** In seconds: libvirt waits for its hooks, and a guest's start with it. */
const longestLockWait = 10;

/**
 * `netkeep hook libvirt GUEST OPERATION SUB-OPERATION EXTRA` with the domain XML on standard input. Nothing for stdout,
 * where libvirt would take it for a changed XML. At `reconnect` never strict: any status but 0 would kill a running guest.
 *
 * @param readXml called only if the XML matters
 */
export function libvirtCall(
  context: CommandContext,
  argv: readonly string[],
  readXml: () => Promise<string>,
  options: HookOptions,
): HookCall {
  const [guest, operation, subOperation, extra] = argv;
  if (
    guest === undefined ||
    operation === undefined ||
    subOperation === undefined ||
    extra === undefined ||
    argv.length > 4
  ) {
    return nothing;
  }
  const decision = decideOperation(operation, subOperation, extra);
  if (decision === "nothing") return nothing;
  const owner = libvirtOwner(guest);
  return {
    options: { ...options, strict: options.strict && operation !== "reconnect" },
    owner,
    lockSeconds: Math.min(context.settings.lockSeconds, longestLockWait),
    async decide() {
      const messages: Message[] = [];
      const document = decision === "remove" ? null : await documentOf(context, guest, await readXml(), messages);
      // A guest that nothing is known of has no owner; making none of it would take its drop-ins away in vain.
      const silent = decision === "assert" && document === null;
      const given = silent ? [] : [ownerDocument(owner, "libvirt", document)];
      return { given, leftovers: [], messages, failed: false };
    },
  };
}

const nothing: HookCall = { result: { exitCode: exitCodes.asDesired, data: null, text: "", messages: [] } };

/** NAME.yaml in /etc/netkeep/guests.d. A name that is not plain is escaped, because a guest can have any. */
function guestFilePath(guest: string): string {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9:_.-]*$/.test(guest);
  return `${places.guests}/${plain ? guest : ownerFileName(guest).replace(/\.json$/, "")}.yaml`;
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
