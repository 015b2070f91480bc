import { type Entry, entryKey, entryTitle, linksOfEntry } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { isOursToRemove, isOursToReplace } from "../model/ownership.ts";
import { hasNoLink } from "../model/route.ts";
import type { KernelEntry } from "../model/state.ts";
import { kernelDiff } from "../plan/kernelDiff.ts";
import { inItsPlace, otherGoes } from "../plan/rules.ts";
import type { AuditInput } from "./input.ts";

const repair = "netkeep audit --repair";

/** Documents ↔ kernel: what is missing, different, or ours without an owner. */
export function auditKernel(input: AuditInput): Finding[] {
  if (input.offline) return [];
  const diff = kernelDiff(input.entries, input.kernel, input.record.protocol);
  const absent = new Set<string>();
  const missing = diff.add.flatMap((entry) => {
    const link = missingLink(entry, input);
    if (link === null) return [missingFinding(entry, input)];
    absent.add(link);
    return [];
  });
  const different = diff.replace.map(({ wanted, found }) => differentFinding(wanted, found, input));
  const extra = diff.extra
    .filter((found) => isOursToRemove(found, input.record))
    .map((found) => extraFinding(found, input));
  // That a bridge of ours is missing is said of the bridge.
  for (const { action, link } of input.bridges.changes) if (action === "add") absent.delete(link);
  return [...[...absent].map(absentFinding), ...missing, ...different, ...extra];
}

function missingLink(entry: Entry, input: AuditInput): string | null {
  const links = entry.kind === "route" && hasNoLink(entry.type) ? [] : linksOfEntry(entry);
  return links.find((link) => !input.kernel.links.has(link)) ?? null;
}

function absentFinding(link: string): Finding {
  return {
    code: "link-missing",
    severity: "info",
    layer: "kernel",
    owner: null,
    link,
    expected: null,
    actual: null,
    message: `${link} does not exist; its entries wait for it`,
    fix: "nothing, if the link appears later; else take its entries out of the documents",
  };
}

function missingFinding(entry: Entry, input: AuditInput): Finding {
  const up = entry.kind !== "route" || input.kernel.links.get(entry.link)?.up !== false;
  return {
    code: "kernel-missing",
    severity: "error",
    layer: "kernel",
    owner: input.ownersOf(entryKey(entry)).join(", "),
    link: entry.link,
    expected: entryTitle(entry),
    actual: null,
    message: up ? `the ${entry.kind} is not in the kernel` : `the route is not in the kernel, ${entry.link} is down`,
    fix: up ? repair : `ip link set ${entry.link} up, then ${repair}`,
  };
}

function differentFinding(wanted: Entry, found: KernelEntry, input: AuditInput): Finding {
  return {
    code: "kernel-differs",
    severity: "error",
    layer: "kernel",
    owner: input.ownersOf(entryKey(wanted)).join(", "),
    link: wanted.link,
    expected: entryTitle(wanted),
    actual: entryTitle(found),
    message: `the kernel has another ${wanted.kind} under this key`,
    fix: isOursToReplace(found, input.record) ? repair : "netkeep apply --adopt replaces it; or correct the document",
  };
}

function extraFinding(found: KernelEntry, { kernel, record }: AuditInput): Finding {
  const other = found.kind === "rule" ? inItsPlace(found, kernel.rules, record) : null;
  return {
    code: "kernel-extra",
    severity: "error",
    layer: "kernel",
    owner: null,
    link: found.link === "" || found.link === "lo" ? null : found.link,
    expected: null,
    actual: entryTitle(found),
    message: `the ${found.kind} is netkeep's own and no document asks for it`,
    fix: other === null ? repair : otherGoes(other),
  };
}
