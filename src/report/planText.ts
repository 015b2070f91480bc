import { createTwoFilesPatch } from "diff";
import { bridgeText } from "../model/bridge.ts";
import {
  type BridgeChange,
  differenceText,
  type FileChange,
  type KernelChange,
  type Note,
  type Plan,
} from "../model/change.ts";
import { entryText, entryTitle } from "../model/entry.ts";
import { count, type Style } from "./style.ts";

/** The plan for people: `+ - ~` lines of kernel changes, a unified diff of the files. Empty for nothing to do. */
export function planText(plan: Plan, style: Style): string {
  const parts: string[] = [];
  const bridges = plan.bridges.flatMap((change) => bridgeLines(change, style));
  if (bridges.length + plan.kernel.length > 0) {
    const entries = plan.kernel.map((change) => kernelLine(change, style));
    parts.push([style.heading("kernel"), ...bridges, ...entries].join("\n"));
  }
  for (const file of plan.files) {
    const same = file.action === "write" && file.text === file.before;
    parts.push(
      same
        ? style.faint(`${file.path}: written once more, for networkd to take up what was set live`)
        : fileDiff(file, style),
    );
  }
  return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

/** `+ route …`, `- neighbor …`, `~ route … (was …)`. */
export function kernelLine(change: KernelChange, style: Style): string {
  const title = entryTitle(change.entry);
  switch (change.action) {
    case "add":
      return style.added(`+ ${title}`);
    case "remove":
      return style.removed(`- ${title}`);
    case "replace":
      return style.changed(`~ ${title} (was ${entryText(change.before)})`);
  }
}

/** `+ bridge …`, `- bridge …`, and a line for each thing that differs. */
function bridgeLines(change: BridgeChange, style: Style): string[] {
  switch (change.action) {
    case "add":
      return [style.added(`+ bridge ${bridgeText(change.bridge)}`)];
    case "remove":
      return [style.removed(`- bridge ${change.link}`)];
    case "replace":
      return change.differences.map((found) => style.changed(`~ bridge ${change.link} ${differenceText(found)}`));
  }
}

/** What the plan amounts to, in one line. */
export function planSummary(plan: Plan): string {
  const kernel = count(plan.bridges.length + plan.kernel.length, "change");
  const links = plan.reloads.length === 0 ? "" : `, one reload for ${plan.reloads.join(", ")}`;
  return `${kernel} in the kernel, ${count(plan.files.length, "file")}${links}`;
}

/** A note as one line of stderr, without its level. */
export function noteText(note: Note): string {
  const prefix = { info: "note", warning: "warning", refusal: "refused" }[note.level];
  return `${prefix}: ${note.text}`;
}

/** A unified diff of one file. */
export function fileDiff(file: FileChange, style: Style): string {
  const [before, after] = [file.before ?? "", file.action === "write" ? file.text : ""];
  const [oldName, newName] = [file.before === null ? "/dev/null" : file.path, after === "" ? "/dev/null" : file.path];
  const patch = createTwoFilesPatch(oldName, newName, before, after, undefined, undefined, { context: 3 });
  const lines = patch.split("\n").filter((line) => !/^(====|Index: )/.test(line) && !line.startsWith("\\ No newline"));
  return lines
    .map((line) => diffLine(line, style))
    .join("\n")
    .trimEnd();
}

function diffLine(line: string, style: Style): string {
  const trimmed = line.trimEnd();
  if (trimmed.startsWith("---") || trimmed.startsWith("+++")) return style.heading(trimmed);
  if (trimmed.startsWith("@@")) return style.faint(trimmed);
  if (trimmed.startsWith("+")) return style.added(trimmed);
  return trimmed.startsWith("-") ? style.removed(trimmed) : trimmed;
}
