import type { Entry } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { hasNoLink, linksOf } from "../model/route.ts";
import { indexKernel } from "../plan/kernel.ts";
import type { AuditInput, FileComparison, NetworkdView } from "./input.ts";

/** Drop-ins ↔ networkd: does it run, did it load our files, did it set up the links, are the entries its own. */
export function auditNetworkd(input: AuditInput): Finding[] {
  const idle = input.entries.size === 0 && input.files.length === 0 && !input.reloadPending;
  if (input.offline || idle) return [];
  if (!input.networkd.running) return [hostFinding("networkd-not-running", input.networkd.reason, startIt)];
  const pending = input.reloadPending
    ? [hostFinding("reload-pending", "drop-ins have changed that networkd was not told about", "netkeep apply")]
    : [];
  const states = [...input.statuses].flatMap(([link, view]) => stateFinding(link, view, input));
  return [...pending, ...states, ...loadedFindings(input)];
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
 * Has networkd loaded what stands on disk? What its JSON calls the single entries does not tell: it takes an entry that
 * was live first for foreign, or does not list it, until it starts anew (252) or until the next boot (257).
 */
function loadedFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  let index: ReadonlyMap<string, Entry> | null = null;
  const inKernel = (key: string) => {
    index ??= indexKernel(input.kernel, input.record.protocol);
    return index.has(key);
  };
  return input.files.flatMap((file) => {
    const view = file.link === null ? undefined : input.statuses.get(file.link);
    if (view === undefined || file.actualText === null || file.expectedText === null) return [];
    return isLoaded(file, view, inKernel) ? [] : [notLoadedFinding(file, view)];
  });
}

/**
 * 257 names the drop-ins of a link. On 252 at least one of the routes in the file is networkd's own once it is loaded;
 * a route whose next hops are all on other links shows there.
 */
function isLoaded(file: FileComparison, view: NetworkdView, inKernel: (key: string) => boolean): boolean {
  if (!file.path.endsWith(".conf")) return true;
  if (view.dropIns !== null) return view.dropIns.includes(file.path);
  const routes = [...file.actual].filter(
    ([key, entry]) =>
      entry.kind === "route" && !hasNoLink(entry.type) && linksOf(entry).includes(entry.link) && inKernel(key),
  );
  return routes.length === 0 || routes.some(([key]) => view.entries.get(key) === "static");
}

function notLoadedFinding(file: FileComparison, view: NetworkdView): Finding {
  return {
    code: "networkd-not-loaded",
    severity: "error",
    layer: "networkd",
    owner: null,
    link: file.link,
    expected: file.path,
    actual: null,
    message: `networkd has not loaded ${file.path}; it applies ${view.baseFile ?? "no file"} to ${file.link}`,
    fix: "netkeep audit --repair; if it stays, networkctl reconfigure LINK",
  };
}
