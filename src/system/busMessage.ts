import { decode } from "./decode.ts";

/** A call of a method of at most one argument, a string. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly argument?: string;
  /** The bus starts nobody who would answer. */
  readonly startsNobody?: boolean;
}

/** What came back. */
export interface BusMessage {
  /** Serial of the call that it answers; null for a signal. */
  readonly replyTo: number | null;
  /** Name of the error; null if it is none. */
  readonly error: string | null;
  /** The first value, if it is a string or a number. */
  readonly body: string | number | null;
}

// Fields of the header, types of messages and alignments are those of the D-Bus specification, "Message Format".
const [fieldPath, fieldInterface, fieldMember, fieldError, fieldReplyTo, fieldDestination, fieldSignature] = [
  1, 2, 3, 4, 5, 6, 8,
];
const [methodCall, errorReply] = [1, 3];
const noAutoStart = 2;
/** The specification's limit: of a link with 20,000 routes networkd says 9 MB. */
const longest = 128 * 1024 * 1024;

/** The bytes of a call, little-endian. @param serial not 0 */
export function callMessage(serial: number, call: BusCall): Buffer {
  const fields = new Writer();
  fields.field(fieldPath, "o", call.path);
  fields.field(fieldInterface, "s", call.interface);
  fields.field(fieldMember, "s", call.member);
  fields.field(fieldDestination, "s", call.destination);
  const body = new Writer();
  if (call.argument !== undefined) {
    fields.field(fieldSignature, "g", "s");
    body.string(call.argument);
  }
  const header = new Writer();
  header.bytes.push("l".charCodeAt(0), methodCall, call.startsNobody === true ? noAutoStart : 0, 1);
  for (const number of [body.bytes.length, serial, fields.bytes.length]) header.uint32(number);
  header.bytes.push(...fields.bytes);
  header.align(8);
  return Buffer.from([...header.bytes, ...body.bytes]);
}

/** How many bytes there have to be before another message is whole, or more. */
export function bytesWanted(bytes: Buffer): number {
  let at = 0;
  while (bytes.length - at >= 16) {
    const reader = new Reader(bytes.subarray(at));
    at += aligned(16 + reader.uint32(12), 8) + reader.uint32(4);
  }
  return Math.max(at, bytes.length + 1);
}

/** The messages that are there as a whole, in their order; null if these are no messages. */
export function readMessages(bytes: Buffer): BusMessage[] | null {
  const messages: BusMessage[] = [];
  try {
    for (let rest = bytes; rest.length >= 16; ) {
      const reader = new Reader(rest);
      const [bodyLength, fieldsLength] = [reader.uint32(4), reader.uint32(12)];
      if (bodyLength + fieldsLength > longest) return null;
      const bodyAt = aligned(16 + fieldsLength, 8);
      if (rest.length < bodyAt + bodyLength) break;
      messages.push(readMessage(reader, 16 + fieldsLength, bodyAt));
      rest = rest.subarray(bodyAt + bodyLength);
    }
  } catch {
    return null;
  }
  return messages;
}

function readMessage(reader: Reader, fieldsEnd: number, bodyAt: number): BusMessage {
  const fields = new Map<number, string | number>();
  for (reader.at = 16; reader.at < fieldsEnd; ) {
    reader.at = aligned(reader.at, 8);
    const field = reader.byte();
    fields.set(field, reader.value(reader.signature()));
  }
  reader.at = bodyAt;
  const signature = String(fields.get(fieldSignature) ?? "");
  const replyTo = fields.get(fieldReplyTo);
  return {
    replyTo: typeof replyTo === "number" ? replyTo : null,
    error: reader.type === errorReply ? String(fields.get(fieldError) ?? "an error without a name") : null,
    body: /^[sou]/.test(signature) ? reader.value(signature.charAt(0)) : null,
  };
}

class Writer {
  readonly bytes: number[] = [];

  align(to: number): void {
    while (this.bytes.length % to !== 0) this.bytes.push(0);
  }

  uint32(value: number): void {
    this.align(4);
    this.bytes.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  }

  string(text: string): void {
    const utf8 = Buffer.from(text);
    this.uint32(utf8.length);
    this.bytes.push(...utf8, 0);
  }

  signature(text: string): void {
    this.bytes.push(text.length, ...Buffer.from(text), 0);
  }

  /** A field of the header: a struct of a byte and a variant. The header's fields begin at a multiple of 8. */
  field(code: number, type: "o" | "s" | "g", value: string): void {
    this.align(8);
    this.bytes.push(code);
    this.signature(type);
    if (type === "g") this.signature(value);
    else this.string(value);
  }
}

class Reader {
  at = 0;
  readonly type: number;
  readonly #bytes: Buffer;
  readonly #little: boolean;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#little = bytes[0] === "l".charCodeAt(0);
    this.type = bytes[1] ?? 0;
    if ((!this.#little && bytes[0] !== "B".charCodeAt(0)) || bytes[3] !== 1) throw new Error("no D-Bus message");
  }

  uint32(at: number): number {
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.at++);
  }

  signature(): string {
    return this.#text(this.byte());
  }

  value(type: string): string | number {
    if (type === "g") return this.signature();
    if (!/^[sou]$/.test(type)) throw new Error(`a value of type ${type}`);
    this.at = aligned(this.at, 4) + 4;
    const number = this.uint32(this.at - 4);
    return type === "u" ? number : this.#text(number);
  }

  /** With the zero at its end. */
  #text(length: number): string {
    const end = this.at + length;
    if (end >= this.#bytes.length) throw new Error("a message that is cut short");
    const text = decode(this.#bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }
}

function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
