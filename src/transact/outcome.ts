import { conflictText } from "../desired/merge.ts";
import { ownersOf } from "../desired/ownersOf.ts";
import { type ExitCode, exitCodes } from "../errors.ts";
import { type Entry, entryKey, entryText, entryTitle } from "../model/entry.ts";
import { ownerText } from "../model/owner.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { count } from "../report/style.ts";
import type { Message } from "../result.ts";
import type { Outcome } from "./transact.ts";

/**
 * 2 if anything desired is not there; 69 if all is done but for a networkd that is not there; else 0.
 *
 * @param about the owners whose entries count; null for all
 */
export function outcomeExitCode(
  prepared: Prepared,
  outcome: Outcome,
  about: ReadonlySet<string> | null = null,
): ExitCode {
  const missing = [...outcome.refused, ...outcome.shortfalls].filter(({ entry }) => concerns(prepared, entry, about));
  const rejected = prepared.documents.rejected.some(({ owner }) => about === null || about.has(owner));
  if (rejected && missing.length === 0) return exitCodes.badData;
  const unmade = about === null ? outcome.unmade.length : 0;
  const failed = missing.length + unmade + outcome.lost.length > 0;
  const broken = [...outcome.unsettled.values()].includes("failed");
  if (failed || broken) return exitCodes.failed;
  const untold = outcome.reload === prepared.observed.networkd.reason && outcome.reload !== "";
  return untold ? exitCodes.unavailable : exitCodes.asDesired;
}

/**
 * Everything that did not go as planned, for stderr.
 *
 * @param about the owners whose entries are told of; null for all
 * @param general whether to tell what is about no entry
 */
export function outcomeMessages(
  prepared: Prepared,
  outcome: Outcome,
  about: ReadonlySet<string> | null = null,
  general = true,
): Message[] {
  const messages = documentMessages(prepared, about, general);
  for (const { entry, reason } of outcome.refused) {
    if (!concerns(prepared, entry, about)) continue;
    const owners = ownersOf(prepared.desired, entryKey(entry)).join(", ");
    const left = prepared.layout.live.has(entry.link) ? "" : "; it was left out of the drop-in";
    const text = `the kernel refuses ${entryTitle(entry)} of ${ownerText(owners) || "nobody"}: ${reason}${left}`;
    messages.push({ level: "error", text });
  }
  for (const { entry, actual } of outcome.shortfalls) {
    if (!concerns(prepared, entry, about)) continue;
    const found = actual === null ? "is not there" : `is there as ${actual}`;
    messages.push({ level: "error", text: `after the apply ${entryTitle(entry)} ${found}; run netkeep audit` });
  }
  return general ? [...messages, ...generalMessages(prepared, outcome)] : messages;
}

function generalMessages(prepared: Prepared, outcome: Outcome): Message[] {
  const messages: Message[] = [];
  for (const { link, reason } of outcome.unmade)
    messages.push({ level: "error", text: `the bridge ${link}: ${reason}` });
  for (const entry of outcome.restored)
    messages.push({ level: "notice", text: `set again after the reload: ${entry}` });
  for (const entry of outcome.lost)
    messages.push({ level: "error", text: `the reload deleted ${entry}, and it could not be set again` });
  for (const [link, state] of outcome.unsettled) {
    const level = state === "failed" ? ("error" as const) : ("warning" as const);
    messages.push({ level, text: `networkd says "${state}" of ${link}: journalctl -u systemd-networkd tells why` });
  }
  if (!["done", "not needed", "follows"].includes(outcome.reload)) messages.push(reloadMessage(prepared, outcome));
  return messages;
}

function concerns(prepared: Prepared, entry: Entry, about: ReadonlySet<string> | null): boolean {
  return about === null || ownersOf(prepared.desired, entryKey(entry)).some((owner) => about.has(owner));
}

/** Conflicts and bad documents, where they do not stop the run. */
export function documentMessages(
  { desired, documents }: Pick<Prepared, "desired" | "documents">,
  about: ReadonlySet<string> | null = null,
  general = true,
): Message[] {
  const has = (owner: string) => about === null || about.has(owner);
  const conflicts = desired.conflicts
    .filter(({ winner, loser }) => has(winner.owner) || has(loser.owner))
    .map((conflict): Message => {
      const text = `${conflictText(conflict)}\n    the newer one, of ${ownerText(conflict.winner.owner)}, is used`;
      return { level: "warning", text };
    });
  const rejected = documents.rejected
    .filter(({ owner }) => has(owner))
    .map(({ problems }): Message => ({ level: "error", text: problems.join("\n") }));
  return [...conflicts, ...rejected, ...brokenMessages(documents, (owner) => general || has(owner))];
}

/** Documents of the host that cannot be used. */
export function brokenMessages(
  { broken }: Pick<Prepared["documents"], "broken">,
  chosen: (owner: string) => boolean = () => true,
): Message[] {
  return broken
    .filter(({ owner }) => chosen(owner))
    .map(({ problems }): Message => {
      const text = `${problems.join("\n")}\n    the host keeps what its drop-ins say of this owner`;
      return { level: "error", text };
    });
}

/** The outcome as published by `netkeep schema apply`. */
export function outcomeData(outcome: Outcome) {
  return {
    stored: [...outcome.stored],
    kernel: outcome.kernel.length + outcome.bridges.length,
    files: outcome.files.map((file) => file.path),
    reload: outcome.reload,
    refused: [
      ...outcome.unmade.map(({ link, reason }) => ({ entry: `bridge ${link}`, link, reason })),
      ...outcome.refused.map(({ entry, reason }) => ({ entry: entryText(entry), link: entry.link, reason })),
    ],
    missing: outcome.shortfalls.map(({ entry, actual }) => ({ entry: entryText(entry), link: entry.link, actual })),
    restored: [...outcome.restored],
    lost: [...outcome.lost],
    unsettled: Object.fromEntries(outcome.unsettled),
  };
}

function reloadMessage(prepared: Prepared, outcome: Outcome): Message {
  const files = outcome.files.length > 0 ? `${count(outcome.files.length, "file")} changed, ` : "";
  const live = outcome.kernel.length + outcome.bridges.length > 0 ? "the kernel is as desired, " : "";
  const level = outcome.reload === prepared.observed.networkd.reason ? ("error" as const) : ("warning" as const);
  return { level, text: `${live}${files}networkd was not told: ${outcome.reload}` };
}
