import { type Entry, entryText, entryTitle } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { hasNoLink } from "../model/route.ts";
import { indexKernel } from "../plan/kernel.ts";
import type { AuditInput, NetworkdView } from "./input.ts";

/** Drop-ins ↔ networkd: does it run, did it load our files, did it set up the links, are the entries its own. */
export function auditNetworkd(input: AuditInput): Finding[] {
  if (input.entries.size === 0 && input.files.length === 0) return [];
  if (!input.networkd.running) return [hostFinding("networkd-not-running", input.networkd.reason, startIt)];
  const pending = input.reloadPending
    ? [hostFinding("reload-pending", "drop-ins have changed that networkd was not told about", "netkeep apply")]
    : [];
  const states = [...input.statuses].flatMap(([link, view]) => stateFinding(link, view, input));
  return [...pending, ...states, ...loadedFindings(input), ...entryFindings(input)];
}

const repair = "netkeep audit --repair; if it stays, networkctl reconfigure LINK";
const startIt = "systemctl enable --now systemd-networkd; the drop-ins are loaded when it starts";

function hostFinding(code: Finding["code"], message: string, fix: string): Finding {
  const rest = { owner: null, link: null, expected: null, actual: null };
  return { code, severity: "warning", layer: "networkd", message, fix, ...rest };
}

function stateFinding(link: string, view: NetworkdView, input: AuditInput): Finding[] {
  if (![...input.entries.values()].some((entry) => entry.link === link)) return [];
  const finding = { layer: "networkd" as const, owner: null, link, expected: "configured", actual: view.state };
  const log = `journalctl -u systemd-networkd | grep ${link}`;
  if (view.state === "failed") {
    const message = `networkd could not set up ${link}: it ignores later changes of it`;
    return [
      {
        ...finding,
        code: "link-failed",
        severity: "error",
        message,
        fix: `${log}; then networkctl reconfigure ${link}`,
      },
    ];
  }
  if (view.state === "configured") return [];
  const message = `networkd has not set up ${link}`;
  return [{ ...finding, code: "link-configuring", severity: "warning", message, fix: log }];
}

/**
 * Has networkd loaded what stands on disk? 257 and later name the drop-ins of a link. Their ConfigSource says nothing of
 * entries that were live first: networkd learns of its own ones from the kernel's events, and there is none for an entry
 * that is there already, so it goes on calling them foreign until it starts anew.
 */
function loadedFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  return input.files.flatMap((file) => {
    const view = file.link === null ? undefined : input.statuses.get(file.link);
    const isDropIn = file.path.endsWith(".conf");
    if (!isDropIn || file.actualText === null || file.expectedText === null) return [];
    if (view === undefined || view.dropIns === null || view.dropIns.includes(file.path)) return [];
    return [
      {
        code: "networkd-missing",
        severity: "error",
        layer: "networkd",
        owner: null,
        link: file.link,
        expected: file.path,
        actual: null,
        message: `networkd has not loaded ${file.path}; it applies ${view.baseFile ?? "no file"} to ${file.link}`,
        fix: repair,
      },
    ];
  });
}

/**
 * 252 says of each entry whether it is its own. One that stands in the drop-in and in the kernel, and not in networkd,
 * goes at networkd's next look at the link. What is missing in the drop-in or the kernel as well is reported there, once.
 */
function entryFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  const kernel = indexKernel(input.kernel, input.record.protocol);
  const written = new Set(input.files.flatMap((file) => [...file.actual.keys()]));
  return [...input.entries].flatMap(([key, entry]) => {
    const view = input.statuses.get(entry.link);
    const found = kernel.get(key);
    const elsewhere = found === undefined || entryText(found) !== entryText(entry) || !written.has(key);
    if (view === undefined || view.dropIns !== null || elsewhere) return [];
    if (entry.kind === "route" && hasNoLink(entry.type)) return [];
    const source = view.entries.get(key);
    return source === "static" ? [] : [entryFinding(entry, source, input.ownersOf(key))];
  });
}

function entryFinding(entry: Entry, source: string | undefined, owners: readonly string[]): Finding {
  return {
    code: source === undefined ? "networkd-missing" : "networkd-foreign",
    severity: "error",
    layer: "networkd",
    owner: owners.join(", "),
    link: entry.link,
    expected: `${entryTitle(entry)}, ConfigSource static`,
    actual: source === undefined ? null : `ConfigSource ${source}`,
    message: source === undefined ? "networkd does not know the entry" : "networkd takes the entry for somebody else's",
    fix: repair,
  };
}
