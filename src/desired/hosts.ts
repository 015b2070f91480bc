import type { ParsedText } from "./parsedText.ts";
import type { Problem } from "./problem.ts";
import { nearest } from "./suggest.ts";

/** Names that `hosts` of a document has; null if it has no `hosts`, and is for whatever host reads it. */
export function hostsOf(value: unknown): readonly string[] | null {
  const hosts = record(record(value)?.["hosts"]);
  return hosts === null ? null : Object.keys(hosts);
}

/**
 * A document for many hosts → that of one of them: the common part and the host's own. Lists are one after the other; of
 * links (and other mappings) the host's keys win. Places are those of the text, so a problem of the host's third guest is
 * at `hosts.NAME.guests.2`.
 *
 * @param parsed its shape has been checked
 */
export function documentOfHost(parsed: ParsedText, host: string): ParsedText {
  const whole = record(parsed.value) ?? {};
  const own = record(record(whole["hosts"])?.[host]) ?? {};
  const { hosts: _, ...common } = whole;
  const value: Record<string, unknown> = { ...common };
  for (const [key, part] of Object.entries(own)) value[key] = joined(common[key], part);
  const original = (path: readonly PropertyKey[]) => originalPath(path, common, own, host);
  return {
    value,
    problems: parsed.problems,
    locate: (path, onKey) => parsed.locate(original(path), onKey),
    original,
  };
}

/** What is wrong with the choice of a host, or of none. */
export function hostProblems(value: unknown, host: string | null): Problem[] {
  const names = hostsOf(value);
  if (names === null || (host !== null && names.includes(host))) return [];
  const path = ["hosts"];
  if (host === null) {
    const message = "is for several hosts: `netkeep generate --host NAME` writes the files and the document of one";
    return [{ path, onKey: true, message }];
  }
  const guess = nearest(host, names);
  const hint = guess === null ? `known: ${names.join(", ")}` : `did you mean "${guess}"?`;
  return [{ path, onKey: true, message: `has no host ${host}`, hint }];
}

function joined(common: unknown, own: unknown): unknown {
  if (Array.isArray(common) && Array.isArray(own)) return [...common, ...own];
  const [one, other] = [record(common), record(own)];
  if (one === null || other === null) return own;
  const value: Record<string, unknown> = { ...one };
  for (const [name, part] of Object.entries(other)) value[name] = { ...record(one[name]), ...record(part) };
  return value;
}

function originalPath(
  path: readonly PropertyKey[],
  common: Record<string, unknown>,
  own: Record<string, unknown>,
  host: string,
): readonly PropertyKey[] {
  const [key, item, ...rest] = path;
  const there = typeof key === "string" && Object.hasOwn(own, key) ? own[key] : undefined;
  if (key === undefined || there === undefined) return path;
  const inHost = ["hosts", host, key];
  const list = common[String(key)];
  if (Array.isArray(there)) {
    const before = Array.isArray(list) ? list.length : 0;
    if (typeof item !== "number") return before > 0 ? path : inHost;
    return item < before ? path : [...inHost, item - before, ...rest];
  }
  const section = item === undefined ? null : record(record(there)?.[String(item)]);
  const isOwn = section !== null && (rest[0] === undefined || Object.hasOwn(section, rest[0]));
  return isOwn ? [...inHost, item as PropertyKey, ...rest] : path;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
