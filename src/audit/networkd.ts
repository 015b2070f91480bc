import { keyTitle } from "../model/entry.ts";
import type { Finding } from "../model/finding.ts";
import { hasNoLink, linksOf } from "../model/route.ts";
import { indexKernel } from "../plan/kernelDiff.ts";
import type { AuditInput, FileComparison, LinkView, NetworkdView } from "./input.ts";

/** Drop-ins ↔ networkd: does it run, did it load our files, did it set up the links, does it hold what it should not. */
export function auditNetworkd(input: AuditInput): Finding[] {
  if (input.offline || !(input.reloadPending || reliesOnNetworkd(input))) return [];
  const { running, reason, mask } = input.networkd;
  if (!running) return [hostFinding("networkd-not-running", reason, `${mask === null ? "" : unmask(mask)}${startIt}`)];
  const pending = input.reloadPending
    ? [hostFinding("reload-pending", "drop-ins have changed that networkd was not told about", "netkeep apply")]
    : [];
  const views = [...input.statuses];
  return [
    ...pending,
    ...views.flatMap(([link, view]) => stateFinding(link, view, input)),
    ...loadedFindings(input),
    ...extraFindings(input),
  ];
}

function reliesOnNetworkd({ entries, files, live }: AuditInput): boolean {
  if (files.some(({ link }) => link === null || !live.has(link))) return true;
  for (const { link } of entries.values()) if (!live.has(link)) return true;
  return false;
}

/** Its socket may be masked with it, and keeps it from being enabled then. A mask in /run stays without `--runtime`. */
function unmask(mask: "persistent" | "runtime"): string {
  return `systemctl unmask ${mask === "runtime" ? "--runtime " : ""}systemd-networkd.service systemd-networkd.socket; `;
}

const startIt = "systemctl enable --now systemd-networkd; the drop-ins are loaded when it starts";

function hostFinding(code: Finding["code"], message: string, fix: string): Finding {
  const rest = { owner: null, link: null, expected: null, actual: null };
  return { code, severity: "warning", layer: "networkd", message, fix, ...rest };
}

function stateFinding(link: string, { state }: NetworkdView, input: AuditInput): Finding[] {
  if (state === "configured" || input.live.has(link)) return [];
  if (![...input.entries.values()].some((entry) => entry.link === link)) return [];
  const finding = { layer: "networkd" as const, owner: null, link, expected: "configured", actual: state };
  const log = `journalctl -u systemd-networkd | grep ${link}`;
  const cause = causeText(input.links.get(link)?.absent ?? []);
  if (state === "failed") {
    const message = `networkd could not set up ${link}: it ignores later changes of it${cause}`;
    const fix = `${log}; mend that, then networkctl reconfigure ${link}`;
    return [{ ...finding, code: "link-failed", severity: "error", message, fix }];
  }
  // What networkd cannot read or does not find in its place is reported as such.
  if (isKnownOtherwise(link, input)) return [];
  if (state === "unmanaged") {
    const message = `networkd does not manage ${link}: none of its entries come back after an event or a reboot`;
    return [{ ...finding, code: "link-unmanaged", severity: "error", message, fix: `netkeep audit --repair; ${log}` }];
  }
  return [
    {
      ...finding,
      code: "link-configuring",
      severity: "warning",
      message: `networkd has not set up ${link}${cause}`,
      fix: log,
    },
  ];
}

/** What unit files ask for and the kernel does not have is all that can be told: networkd does not say which it was. */
function causeText(absent: LinkView["absent"]): string {
  if (absent.length === 0) return "";
  const more = absent.length > 5 ? `\n    and ${absent.length - 5} more` : "";
  return `; the kernel does not have:${absent
    .slice(0, 5)
    .map(({ text }) => `\n    ${text}`)
    .join("")}${more}`;
}

function isKnownOtherwise(link: string, input: AuditInput): boolean {
  const { upcoming = null, overrides = [] } = input.links.get(link) ?? {};
  const misplaced = input.files.some(
    (file) =>
      file.link === link &&
      (file.obstacle !== null || file.orphanOf !== null || (file.actualText === null && file.expectedText !== null)),
  );
  const refused = input.notes.some((note) => note.level === "refusal" && note.link === link);
  return upcoming !== null || overrides.length > 0 || misplaced || refused;
}

/**
 * Has networkd loaded what stands on disk? What its JSON calls the single entries does not tell: it takes an entry that
 * was live first for foreign, or does not list it, until it starts anew (252) or until the next boot (257).
 */
function loadedFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  const inKernel = (key: string) => indexKernel(input.kernel, input.record.protocol).has(key);
  return input.files.flatMap((file) => {
    const view = file.link === null ? undefined : input.statuses.get(file.link);
    if (file.apart === true) return [];
    const inForce = file.actualText !== null && file.expectedText !== null && file.obstacle === null;
    if (view === undefined || !inForce || view.baseFile === null) return [];
    if (!isLoaded(file, view, inKernel)) return [notLoadedFinding(file, view)];
    const same = file.actualText === file.expectedText && view.state === "configured";
    return file.outdated && same ? [outdatedFinding(file)] : [];
  });
}

/**
 * 257 names the drop-ins of a link. On 252 at least one of the routes in the file is networkd's own once it is loaded;
 * a route whose next hops are all on other links shows there.
 */
function isLoaded(file: FileComparison, view: NetworkdView, inKernel: (key: string) => boolean): boolean {
  if (!file.path.endsWith(".conf")) return view.baseFile === file.path;
  if (view.dropIns !== null) return view.dropIns.includes(file.path);
  if (!file.path.includes(`/${nameOf(view.baseFile ?? "")}.d/`)) return false;
  let telling = false;
  for (const [key, entry] of file.actual) {
    if (entry.kind !== "route" || hasNoLink(entry.type)) continue;
    if (!linksOf(entry).includes(entry.link) || !inKernel(key)) continue;
    if (view.entries.get(key) === "static") return true;
    telling = true;
  }
  return !telling;
}

function notLoadedFinding(file: FileComparison, view: NetworkdView): Finding {
  return {
    ...about("networkd-not-loaded", "error", file.link),
    expected: file.path,
    actual: null,
    message: `networkd has not loaded ${file.path}; it applies ${view.baseFile ?? "no file"} to ${file.link}`,
    fix: `netkeep audit --repair; if it stays, networkctl reconfigure ${file.link}`,
  };
}

function outdatedFinding(file: FileComparison): Finding {
  return {
    ...about("networkd-outdated", "warning", file.link),
    expected: `${file.path} as it is now`,
    actual: "as it was before its last change",
    message: `${file.path} has changed since networkd last set up ${file.link}: what networkd has may be another text`,
    fix: "netkeep audit --repair",
  };
}

/**
 * What networkd still holds although no file has it any more: it comes back with the next carrier. Only what is ours can
 * be told: routes by their protocol, neighbors if the files of others are known.
 */
function extraFindings(input: AuditInput): Finding[] {
  if (input.reloadPending) return [];
  const unwanted = [...input.statuses].flatMap(([link, view]) => {
    const others = input.links.get(link)?.configuredByOthers ?? null;
    const isOurs = (key: string, protocol: number | null) =>
      protocol === null ? others !== null && !others.has(key) : protocol === input.record.protocol;
    const held = view.state === "configured" ? [...view.held] : [];
    return held
      .filter(([key, protocol]) => !input.entries.has(key) && isOurs(key, protocol))
      .map(([key]) => ({ link, key }));
  });
  // The files are parsed only where there is such an entry.
  const inFiles = new Set(unwanted.length === 0 ? [] : input.files.flatMap((file) => [...file.actual.keys()]));
  return unwanted.filter(({ key }) => !inFiles.has(key)).map(({ link, key }) => heldFinding(link, key));
}

function heldFinding(link: string, key: string): Finding {
  return {
    ...about("networkd-extra", "warning", link),
    expected: null,
    actual: keyTitle(key),
    message: `networkd still holds an entry that no file has any more, and sets it when ${link} gets its carrier back`,
    fix: "netkeep audit --repair",
  };
}

function about(code: Finding["code"], severity: Finding["severity"], link: string | null) {
  return { code, severity, layer: "networkd" as const, owner: null, link };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
