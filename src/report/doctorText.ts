import { count, type Style } from "./style.ts";

/** What is shown of a result; `commands/doctor.ts` passes what the checks found. */
interface Shown {
  readonly check: string;
  readonly verdict: "ok" | "warn" | "fail" | "skip";
  readonly link: string | null;
  readonly evidence: readonly string[];
  readonly why: string;
  readonly fix: readonly string[];
}

/** By host and link: what is wrong with evidence, reason and fix, then what was skipped, then what is well in one line. */
export function doctorText(results: readonly Shown[], style: Style): string {
  const groups = new Map<string, Shown[]>();
  const hostFirst = [...results].sort((a, b) => Number(a.link !== null) - Number(b.link !== null));
  for (const result of hostFirst) {
    const name = result.link ?? "host";
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  const parts = [...groups].map(([name, group]) => [style.heading(name), ...groupLines(group, style)].join("\n"));
  return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

/** One line for stderr. */
export function doctorSummary(counts: Readonly<Record<Shown["verdict"], number>>): string {
  const { ok, warn, fail, skip } = counts;
  const words = [`${ok} ok`, count(warn, "warning"), `${fail} to fix`, `${skip} skipped`];
  return `${count(ok + warn + fail + skip, "result")}: ${words.join(", ")}`;
}

/** For `--list`. */
export function checkListText(checks: readonly { readonly check: string; readonly about: string }[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  return checks.map(({ check, about }) => `${check.padEnd(width)}  ${about}\n`).join("");
}

function groupLines(group: readonly Shown[], style: Style): string[] {
  const of = (verdict: Shown["verdict"]) => group.filter((result) => result.verdict === verdict);
  const reasons = onceEach();
  const good = [...new Set(of("ok").map(({ check }) => check))];
  return [
    ...of("fail").map((result) => trouble(result, reasons(result), style.removed("  fail"), style)),
    ...of("warn").map((result) => trouble(result, reasons(result), style.changed("  warn"), style)),
    ...of("skip").map(({ check, evidence }) => style.faint(`  skip  ${check}: ${evidence.join("; ")}`)),
    ...(good.length === 0 ? [] : [`${style.added("  ok  ")}  ${good.join(", ")}`]),
  ];
}

/** The reason of a check, the first time that it is asked for. */
function onceEach(): (result: Shown) => string {
  const told = new Set<string>();
  return ({ check, why }) => {
    if (told.has(check)) return "";
    told.add(check);
    return why;
  };
}

function trouble({ check, evidence, fix }: Shown, why: string, mark: string, style: Style): string {
  const lines = evidence.join("\n").split("\n");
  return [
    `${mark}  ${check}: ${lines[0]}`,
    ...lines.slice(1).map((line) => `        ${line}`),
    ...(why === "" ? [] : wrap(why, 96)).map((line) => style.faint(`        ${line}`)),
    ...(fix.length === 0 ? [] : ["      fix:", ...fix.map((line) => `        ${line}`)]),
  ].join("\n");
}

/** Lines of at most `width` characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
