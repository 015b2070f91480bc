import { conflictText } from "../desired/merge.ts";
import { type ExitCode, exitCodes } from "../errors.ts";
import { entryKey, entryText, entryTitle } from "../model/entry.ts";
import { ownerText } from "../model/owner.ts";
import { count } from "../report/style.ts";
import type { Prepared } from "./prepare.ts";
import type { Message } from "./result.ts";
import type { Outcome } from "./transact.ts";

/** 2 if anything desired is not there; 69 if all is done but for a networkd that is not there; else 0. */
export function outcomeExitCode(prepared: Prepared, outcome: Outcome): ExitCode {
  const failed = outcome.refused.length + outcome.shortfalls.length + outcome.lost.length > 0;
  const broken = [...outcome.unsettled.values()].includes("failed");
  if (failed || broken) return exitCodes.failed;
  const untold = outcome.reload === prepared.observed.networkd.reason && outcome.reload !== "";
  return untold ? exitCodes.unavailable : exitCodes.asDesired;
}

/** Everything that did not go as planned, for stderr. */
export function outcomeMessages(prepared: Prepared, outcome: Outcome): Message[] {
  const messages: Message[] = prepared.desired.conflicts.map((conflict) => ({
    level: "warning",
    text: `${conflictText(conflict)}\n    the newer one, of ${ownerText(conflict.winner.owner)}, is used`,
  }));
  for (const { problems } of prepared.documents.broken) {
    messages.push({
      level: "error",
      text: `${problems.join("\n")}\n    the host keeps what its drop-ins say of this owner`,
    });
  }
  for (const { entry, reason } of outcome.refused) {
    const owners = ownersOf(prepared, entryKey(entry)).join(", ");
    const text = `the kernel refuses ${entryTitle(entry)} of ${ownerText(owners) || "nobody"}: ${reason}; it was left out of the drop-in`;
    messages.push({ level: "error", text });
  }
  for (const { entry, actual } of outcome.shortfalls) {
    const found = actual === null ? "is not there" : `is there as ${actual}`;
    messages.push({ level: "error", text: `after the apply ${entryTitle(entry)} ${found}; run netkeep audit` });
  }
  for (const entry of outcome.restored)
    messages.push({ level: "notice", text: `set again after the reload: ${entry}` });
  for (const entry of outcome.lost)
    messages.push({ level: "error", text: `the reload deleted ${entry}, and it could not be set again` });
  for (const [link, state] of outcome.unsettled) {
    const level = state === "failed" ? ("error" as const) : ("warning" as const);
    messages.push({ level, text: `networkd says "${state}" of ${link}: journalctl -u systemd-networkd tells why` });
  }
  if (outcome.reload !== "done" && outcome.reload !== "not needed") messages.push(reloadMessage(prepared, outcome));
  return messages;
}

/** The outcome as published by `netkeep schema apply`. */
export function outcomeData(outcome: Outcome) {
  return {
    stored: [...outcome.stored],
    kernel: outcome.kernel.length,
    files: outcome.files.map((file) => file.path),
    reload: outcome.reload,
    refused: outcome.refused.map(({ entry, reason }) => ({ entry: entryText(entry), link: entry.link, reason })),
    missing: outcome.shortfalls.map(({ entry, actual }) => ({ entry: entryText(entry), link: entry.link, actual })),
    restored: [...outcome.restored],
    lost: [...outcome.lost],
    unsettled: Object.fromEntries(outcome.unsettled),
  };
}

/** The owners that want the entry under this key. */
export function ownersOf(prepared: Pick<Prepared, "desired">, key: string): string[] {
  return prepared.desired.owners
    .filter((owner) => owner.entries.some(({ entry }) => entryKey(entry) === key))
    .map(({ owner }) => owner);
}

function reloadMessage(prepared: Prepared, outcome: Outcome): Message {
  const files = outcome.files.length > 0 ? `${count(outcome.files.length, "file")} changed, ` : "";
  const live = outcome.kernel.length > 0 ? "the kernel is as desired, " : "";
  const level = outcome.reload === prepared.observed.networkd.reason ? ("error" as const) : ("warning" as const);
  return { level, text: `${live}${files}networkd was not told: ${outcome.reload}` };
}
