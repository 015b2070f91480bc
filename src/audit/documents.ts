import { wantedTitle } from "../model/bridge.ts";
import type { Finding } from "../model/finding.ts";
import { ownerText } from "../model/owner.ts";
import { places } from "../model/places.ts";
import type { AuditInput } from "./input.ts";

/** What the documents ask for and cannot have, or should not ask for any more. */
export function auditDocuments(input: AuditInput): Finding[] {
  return [
    ...brokenFindings(input),
    ...conflictFindings(input),
    ...refusalFindings(input),
    ...staleFindings(input),
    ...trialFindings(input),
  ];
}

function brokenFindings({ broken }: AuditInput): Finding[] {
  return broken.map(({ owner, source, problems }) => {
    const { state, fix } = faultOf(source, problems);
    const message = `the document of ${ownerText(owner)} ${state}; the host keeps what its drop-ins say:\n${problems.join("\n")}`;
    return { ...about("document-broken", "error"), owner, message, fix };
  });
}

function faultOf(source: string, problems: readonly string[]): { readonly state: string; readonly fix: string } {
  if (source === places.documents || source === places.owners) {
    return { state: "is missing", fix: "as the message says, then netkeep apply" };
  }
  if (problems.every((problem) => /^cannot read .*: permission denied$/.test(problem))) {
    return { state: "cannot be read", fix: "run it as root, or let others read the document" };
  }
  return { state: "is broken", fix: "mend the document, then netkeep apply" };
}

function conflictFindings({ conflicts }: AuditInput): Finding[] {
  return conflicts.map(({ winner, loser }) => ({
    ...about("conflict", "warning"),
    owner: loser.owner,
    link: loser.entry.link,
    expected: wantedTitle(loser.entry),
    actual: wantedTitle(winner.entry),
    message: `${ownerText(loser.owner)} and ${ownerText(winner.owner)} want different ${loser.entry.kind === "bridge" ? "bridges of one name" : "entries under one key"}; the second is newer`,
    fix: "change one of the two documents",
  }));
}

/** Links without a base file that could be used, and the like. A closed directory is a fault of its own. */
function refusalFindings({ notes, closedDirectories }: AuditInput): Finding[] {
  const isOfDirectory = (text: string) => closedDirectories.some(({ path }) => text.includes(` ${path}: `));
  return notes
    .filter((note) => note.level === "refusal" && !isOfDirectory(note.text))
    .map((note) => ({
      ...about("unresolved", "error"),
      link: note.link,
      message: note.text,
      fix: "as the message says, then netkeep apply",
    }));
}

function staleFindings({ staleOwners }: AuditInput): Finding[] {
  return staleOwners.map(({ owner, evidence }) => ({
    ...about("owner-stale", "warning"),
    owner,
    expected: "a guest that runs on this host",
    actual: evidence,
    message: `the guest of ${ownerText(owner)} does not run here; its routes attract traffic all the same`,
    fix: `if it is gone for good: netkeep unset '${ownerText(owner).replaceAll("'", "'\\''")}'`,
  }));
}

/** Seconds after its end in which a trial may still be on its way back. */
const grace = 60;

function trialFindings({ trial }: AuditInput): Finding[] {
  if (trial === null) return [];
  const { sources, secondsLeft } = trial;
  const overdue = secondsLeft < -grace;
  const when = overdue
    ? `should have been taken back ${Math.round(-secondsLeft)} s ago`
    : `is being tried, for ${Math.max(0, Math.ceil(secondsLeft))} s more`;
  return [
    {
      ...about("trial-pending", overdue ? "warning" : "info"),
      message: `${sources.join(", ")} ${when}`,
      fix: "netkeep confirm keeps it, netkeep try --revert takes it back",
    },
  ];
}

function about(code: Finding["code"], severity: Finding["severity"]) {
  return { code, severity, layer: "documents" as const, owner: null, link: null, expected: null, actual: null };
}
