import { type Entry, entryKey, entryTitle, sameEntry } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { keyedDiff } from "../plan/diff.ts";
import type { AuditInput, FileComparison, Obstacle } from "./input.ts";

/** The drop-in with a link's settings, which has no entries. */
const settingsName = "50-netkeep-link.conf";
const overwrite = "netkeep apply (or netkeep audit --repair) writes it anew";
const remove = "netkeep apply (or netkeep audit --repair) removes it";

/** Documents ↔ drop-ins: entry by entry where a file differs, else the file as a whole. */
export function auditDropIns(input: AuditInput): Finding[] {
  return [...input.closedDirectories.map(closedDirectory), ...input.files.flatMap((file) => auditFile(file, input))];
}

function closedDirectory({ path, reason }: { readonly path: string; readonly reason: string }): Finding {
  return {
    code: "directory-closed",
    severity: "error",
    layer: "drop-in",
    owner: null,
    link: null,
    expected: `${path} with mode 0755`,
    actual: reason,
    message: `networkd reads nothing in ${path}, and drops every link with files there at its next reload`,
    fix: `chmod 0755 ${path}, then netkeep audit --repair`,
  };
}

function auditFile(file: FileComparison, input: AuditInput): Finding[] {
  if (file.obstacle !== null) return [obstacleFinding(file, file.obstacle)];
  if (file.expectedText === file.actualText) return [];
  // Where the drop-ins of a link stand in the wrong place, that they are missing in the right one is the same fault.
  if (file.actualText === null) return orphansOf(file.link, input).length > 0 ? [] : [missingFile(file)];
  if (file.expectedText === null) return [file.orphanOf === null ? extraFile(file, input) : orphanedFile(file, input)];
  if (file.actualText.trim() === "") return [missingFile(file)];
  const diff = keyedDiff(file.expected, file.actual, sameEntry);
  const how = file.editedByHand ? "edited by hand" : "not up to date";
  const entries = [
    ...diff.add.map((entry) => entryFinding(file, input, how, entry, null)),
    ...diff.replace.map(({ wanted, found }) => entryFinding(file, input, how, wanted, found)),
    ...diff.extra.map((entry) => entryFinding(file, input, how, null, entry)),
  ];
  return entries.length > 0 ? entries : [textFinding(file, how)];
}

function orphansOf(link: string | null, input: AuditInput): FileComparison[] {
  return input.files.filter((file) => file.link === link && file.orphanOf !== null && file.obstacle === null);
}

function entryFinding(
  file: FileComparison,
  input: AuditInput,
  how: string,
  wanted: Entry | null,
  found: Entry | null,
): Finding {
  const code = found === null ? "dropin-missing" : wanted === null ? "dropin-extra" : "dropin-differs";
  const entry = wanted ?? found;
  const where = `${file.path}, which is ${how}`;
  const what =
    found === null
      ? `does not stand in ${where}`
      : wanted === null
        ? `stands in ${where}, and no document asks for it`
        : `is different in ${where}`;
  const key = entry === null ? "" : entryKey(entry);
  const writer = file.ownerOf(key);
  return {
    code,
    severity: "error",
    layer: "drop-in",
    owner: wanted === null ? (writer === null ? null : ownerText(writer)) : input.ownersOf(key).join(", "),
    link: file.link,
    expected: wanted === null ? null : entryTitle(wanted),
    actual: found === null ? null : entryTitle(found),
    message: `the ${entry?.kind} ${what}`,
    // An entry that the kernel refuses never gets into a drop-in.
    fix:
      found === null && !file.editedByHand ? `${overwrite}; if the kernel refuses it, correct the document` : overwrite,
  };
}

function textFinding(file: FileComparison, how: string): Finding {
  return {
    ...about(file, "dropin-edited"),
    severity: "warning",
    expected: "the text that netkeep writes",
    actual: "another text with the same entries",
    message: `${file.path} is ${how}`,
    fix: overwrite,
  };
}

function missingFile(file: FileComparison): Finding {
  return {
    ...about(file, "dropin-missing"),
    expected: contents(file.path, file.expected.size),
    actual: null,
    message: `${file.path} ${file.actualText === null ? "does not exist" : "is empty"}`,
    fix: overwrite,
  };
}

function extraFile(file: FileComparison, { live, files }: AuditInput): Finding {
  const why = file.link === null ? undefined : live.get(file.link);
  // It has guarded something of others that has gone since: nothing is wrong with it.
  const isIdle =
    nameOf(file.path) === settingsName &&
    why === undefined &&
    files.every((other) => other === file || other.link !== file.link);
  return {
    ...about(file, "dropin-extra"),
    severity: isIdle ? "info" : "error",
    expected: null,
    actual: contents(file.path, file.actual.size),
    message: `${file.path} is left over: ${why === undefined ? "no document needs it" : `${file.link} is kept live, because ${why}`}`,
    fix: remove,
  };
}

function orphanedFile(file: FileComparison, input: AuditInput): Finding {
  const name = nameOf(file.path);
  const wanted = input.files.find(
    (other) => other.link === file.link && other.expectedText !== null && nameOf(other.path) === name,
  );
  return {
    ...about(file, "dropin-orphaned"),
    expected: wanted?.path ?? null,
    actual: file.path,
    message: `networkd does not read ${file.path} for ${file.link}: its base file is not ${file.orphanOf}`,
    fix: wanted === undefined ? remove : "netkeep apply (or netkeep audit --repair) moves it",
  };
}

function obstacleFinding(file: FileComparison, { kind, reason, ours }: Obstacle): Finding {
  const effect = {
    unreadable: `networkd cannot read ${file.path}, and drops the link at its next reload`,
    masked: `${file.path} is masked, so that networkd passes over it`,
    shadowed: `networkd reads another file of the same name instead of ${file.path}`,
  }[kind];
  return {
    ...about(file, `dropin-${kind}`),
    expected: "a plain file with mode 0644 that networkd reads",
    actual: reason,
    message: effect,
    fix: ours ? "netkeep audit --repair" : "take away what is in the way, then netkeep audit --repair",
  };
}

function contents(path: string, entries: number): string {
  return /6[01]-netkeep(-runtime)?\.conf$/.test(path) ? `${path} with ${entries} entries` : path;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function about(file: FileComparison, code: Finding["code"]) {
  return { code, severity: "error" as const, layer: "drop-in" as const, owner: null, link: file.link };
}
