import { type Entry, entryKey, entryTitle, sameEntry } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { keyedDiff } from "../plan/diff.ts";
import type { AuditInput, FileComparison } from "./input.ts";

const overwrite = "netkeep apply (or netkeep audit --repair) writes it anew";

/** Documents ↔ drop-ins: entry by entry where a file differs, else the file as a whole. */
export function auditDropIns(input: AuditInput): Finding[] {
  return input.files.flatMap((file) => auditFile(file, input));
}

function auditFile(file: FileComparison, input: AuditInput): Finding[] {
  if (file.unreadable !== null) return [unreadableFinding(file, file.unreadable)];
  if (file.expectedText === file.actualText) return [];
  if (file.actualText === null) return [missingFile(file)];
  if (file.expectedText === null) return [extraFile(file)];
  const diff = keyedDiff(file.expected, file.actual, sameEntry);
  const how = file.editedByHand ? "edited by hand" : "not up to date";
  const entries = [
    ...diff.add.map((entry) => entryFinding(file, input, how, entry, null)),
    ...diff.replace.map(({ wanted, found }) => entryFinding(file, input, how, wanted, found)),
    ...diff.extra.map((entry) => entryFinding(file, input, how, null, entry)),
  ];
  return entries.length > 0 ? entries : [textFinding(file, how)];
}

function entryFinding(
  file: FileComparison,
  input: AuditInput,
  how: string,
  wanted: Entry | null,
  found: Entry | null,
): Finding {
  const code = found === null ? "dropin-missing" : wanted === null ? "dropin-extra" : "dropin-differs";
  const what =
    found === null ? "does not stand in" : wanted === null ? "stands without an owner in" : "is different in";
  const entry = wanted ?? found;
  return {
    code,
    severity: "error",
    layer: "drop-in",
    owner: wanted === null ? null : input.ownersOf(entryKey(wanted)).join(", "),
    link: file.link,
    expected: wanted === null ? null : entryTitle(wanted),
    actual: found === null ? null : entryTitle(found),
    message: `the ${entry?.kind} ${what} ${file.path}, which is ${how}`,
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
    expected: `${file.path} with ${file.expected.size} entries`,
    actual: null,
    message: `${file.path} does not exist`,
    fix: overwrite,
  };
}

function extraFile(file: FileComparison): Finding {
  return {
    ...about(file, "dropin-extra"),
    expected: null,
    actual: `${file.path} with ${file.actual.size} entries`,
    message: `${file.path} is left over: no document needs it, or its base file has another name now`,
    fix: "netkeep apply (or netkeep audit --repair) removes it",
  };
}

function unreadableFinding(file: FileComparison, reason: string): Finding {
  return {
    ...about(file, "dropin-unreadable"),
    expected: "a plain file with mode 0644",
    actual: reason,
    message: `networkd cannot read ${file.path}, and drops the link at its next reload`,
    fix: overwrite,
  };
}

function about(file: FileComparison, code: Finding["code"]) {
  return { code, severity: "error" as const, layer: "drop-in" as const, owner: null, link: file.link };
}
