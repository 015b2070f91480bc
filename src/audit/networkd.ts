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
  return [...pending, ...states, ...entryFindings(input)];
}

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
 * An entry that stands in the drop-in and in the kernel, and not in networkd, goes at networkd's next look at the link.
 * What is missing in the drop-in or the kernel as well is reported there, once.
 */
function entryFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  const kernel = indexKernel(input.kernel, input.record.protocol);
  const written = new Set(input.files.flatMap((file) => [...file.actual.keys()]));
  return [...input.entries].flatMap(([key, entry]) => {
    const view = input.statuses.get(entry.link);
    const found = kernel.get(key);
    const elsewhere = found === undefined || entryText(found) !== entryText(entry) || !written.has(key);
    if (view === undefined || elsewhere || (entry.kind === "route" && hasNoLink(entry.type))) return [];
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
    fix: "netkeep audit --repair; if it stays, networkctl reconfigure LINK",
  };
}
