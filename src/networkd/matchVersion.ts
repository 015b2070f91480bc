import { matchesGlob } from "./globPattern.ts";
import { splitWords } from "./matchWords.ts";

/** parse_compare_operator() in src/shared/compare-operator.c, in the order in which they are tried. */
const operators = ["$=", "!$=", "<>", "<=", ">=", "<", ">", "==", "=", "!="] as const;

/**
 * Whether a version meets all expressions of a KernelVersion= value: `>=6.1 <7`, or a pattern without an operator
 * (systemd.unit(5), ConditionKernelVersion=). An expression that says nothing after its operator is not met.
 */
export function meetsVersion(value: string, version: string): boolean {
  const words = splitWords(value, "patterns");
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const operator = operators.find((candidate) => word.startsWith(candidate));
    let wanted = word.slice(operator?.length ?? 0);
    if (wanted === "" && at === 0) {
      // A blank between operator and version is allowed in the first expression.
      at += 1;
      wanted = words[at] ?? "";
    }
    if (wanted === "" || !compare(operator ?? "$=", version, wanted)) return false;
  }
  return true;
}

function compare(operator: (typeof operators)[number], version: string, wanted: string): boolean {
  switch (operator) {
    case "$=":
      return matchesGlob(wanted, version);
    case "!$=":
      return !matchesGlob(wanted, version);
    case "=":
      return version === wanted;
    case "!=":
      return version !== wanted;
    case "==":
      return compareVersions(version, wanted) === 0;
    case "<>":
      return compareVersions(version, wanted) !== 0;
    case "<":
      return compareVersions(version, wanted) < 0;
    case "<=":
      return compareVersions(version, wanted) <= 0;
    case ">":
      return compareVersions(version, wanted) > 0;
    case ">=":
      return compareVersions(version, wanted) >= 0;
  }
}

/**
 * Orders two versions by the Version Format Specification of the UAPI group: negative if `a` is older. `~` makes older
 * than the end of the text; then, from old to new, `-`, `^`, `.`, letters, digits; other characters only separate.
 */
export function compareVersions(a: string, b: string): number {
  let [left, right] = [a, b];
  for (;;) {
    left = left.replace(/^[^a-zA-Z0-9~^.-]+/, "");
    right = right.replace(/^[^a-zA-Z0-9~^.-]+/, "");
    // Only `~` is looked at before the end: 1~rc1 is older than 1, and 1-1 is newer.
    for (const mark of ["~", "", "-", "^", "."]) {
      if (mark === "") {
        if (left === "" || right === "") return Number(left !== "") - Number(right !== "");
        continue;
      }
      const [inLeft, inRight] = [left.startsWith(mark), right.startsWith(mark)];
      if (inLeft !== inRight) return inLeft ? -1 : 1;
      if (inLeft) [left, right] = [left.slice(1), right.slice(1)];
    }
    const digits = /^[0-9]/.test(left) || /^[0-9]/.test(right);
    const segment = digits ? /^[0-9]*/ : /^[a-zA-Z]*/;
    const [one, other] = [segment.exec(left)?.[0] ?? "", segment.exec(right)?.[0] ?? ""];
    const order = digits ? compareDigits(one, other) : compareTexts(one, other);
    if (order !== 0) return order;
    [left, right] = [left.slice(one.length), right.slice(other.length)];
  }
}

/** By value, however long; no digits at all is older than 0. */
function compareDigits(a: string, b: string): number {
  if (a === "" || b === "") return a.length - b.length;
  const [one, other] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return one.length - other.length || compareTexts(one, other);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
