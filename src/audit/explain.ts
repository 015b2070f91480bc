import { addressOf, covers, hostPrefix, lengthOf, type Prefix } from "../model/address.ts";
import { type Entry, entryKey, entryText, entryTitle, linksOfEntry, prefixesOf } from "../model/entry.ts";
import type {
  ExplainedEntry,
  ExplainedGateway,
  ExplainedProblem,
  Explanation,
  InFile,
  PacketPath,
  Verdict,
  Wish,
} from "../model/explanation.ts";
import type { Finding } from "../model/finding.ts";
import { hasNoLink, mainTable } from "../model/route.ts";
import type { KernelEntry, KernelRoute, KernelState } from "../model/state.ts";

/** An address or prefix, and for a link-local one maybe the link. */
export interface Subject {
  readonly prefix: Prefix;
  readonly link: string | null;
}

/** Everything that was read, indexed by key; `explain` reads nothing. */
export interface ExplainInput {
  readonly subject: Subject;
  readonly wishes: readonly { readonly entry: Entry; readonly wish: Wish }[];
  readonly files: readonly { readonly entry: Entry; readonly file: InFile }[];
  /** Bridges that netkeep makes, of which the subject is an address. */
  readonly gateways: readonly ExplainedGateway[];
  readonly kernel: KernelState;
  networkdOf(entry: Entry): ExplainedEntry["networkd"];
  /** Who set an entry, by its protocol. */
  installer(entry: KernelEntry): string;
  /** `asked`: the kernel was; for a link-local address without a link it cannot be. */
  readonly packets: { readonly asked: boolean; readonly route: KernelRoute | null; readonly text: string } | null;
  readonly findings: readonly Finding[];
  readonly networkdAbsent: string | null;
}

/** One address through documents, files, networkd and kernel, and what is wrong between them. */
export function explain(input: ExplainInput): Explanation {
  const chosen = choose(input);
  const entries = [...chosen].map(([key, entry]) => explainEntry(key, entry, input));
  const { gateways } = input;
  const wanted = gateways.length > 0 || entries.some(({ wishes }) => wishes.some(({ lost }) => lost === null));
  const packets = packetPath(input, chosen);
  const problems: ExplainedProblem[] = [
    ...input.findings
      .filter((finding) => isAboutGateway(finding, gateways) || concerns(finding, entries, [...chosen.values()]))
      .map(problemOf),
    ...unusedProblems(input, [...chosen.values()]),
  ];
  const { subject, networkdAbsent } = input;
  const exact = [...chosen.values()].some((entry) => isAbout(entry, subject.prefix));
  const verdict = verdictOf(entries, problems, { wanted, exact, live: packets !== null });
  const shown = subject.link === null ? spelt(subject.prefix) : `${spelt(subject.prefix)}%${subject.link}`;
  return { subject: shown, verdict, entries, gateways, packets, problems, networkdAbsent };
}

/** `2.57.57.30` for a /32: the subject as people write it. */
function spelt(prefix: Prefix): string {
  return hostPrefix(addressOf(prefix)) === prefix ? addressOf(prefix) : prefix;
}

/**
 * The entries that the subject is about, each as it is wanted, else as it is: the neighbors of the address and the routes
 * to just this prefix; where there is none of these, the longest routes that cover it.
 */
function choose({ subject, wishes, files, kernel, gateways }: ExplainInput): Map<string, Entry> {
  // What the kernel makes of an address is no entry of anybody.
  if (gateways.length > 0 && wishes.every(({ entry }) => !isAbout(entry, subject.prefix))) return new Map();
  const { prefix, link } = subject;
  const all: Entry[] = [
    ...wishes.filter(({ wish }) => wish.lost === null).map(({ entry }) => entry),
    ...wishes.map(({ entry }) => entry),
    ...kernel.routes,
    ...kernel.neighbors,
    ...kernel.rules,
    ...files.map(({ entry }) => entry),
  ].filter((entry) => link === null || linksOfEntry(entry).includes(link));
  const exact = all.filter((entry) => isAbout(entry, prefix));
  const found = exact.length > 0 ? exact : longest(all, prefix);
  const chosen = new Map<string, Entry>();
  for (const entry of found) if (!chosen.has(entryKey(entry))) chosen.set(entryKey(entry), entry);
  return chosen;
}

function isAbout(entry: Entry, prefix: Prefix): boolean {
  return prefixesOf(entry).includes(prefix);
}

function longest(all: readonly Entry[], prefix: Prefix): Entry[] {
  const covering = all.filter(
    (entry) => entry.kind === "route" && entry.table === mainTable && covers(entry.destination, prefix),
  );
  const lengths = covering.map((entry) => (entry.kind === "route" ? lengthOf(entry.destination) : 0));
  const most = Math.max(0, ...lengths);
  return covering.filter((_, index) => lengths[index] === most);
}

function explainEntry(key: string, entry: Entry, input: ExplainInput): ExplainedEntry {
  const same = (other: Entry) => entryKey(other) === key;
  const all: readonly KernelEntry[] = [...input.kernel.routes, ...input.kernel.neighbors, ...input.kernel.rules];
  const found = all.find(
    (other) => same(other) && (entry.kind !== "route" || other.link === entry.link || hasNoLink(entry.type)),
  );
  const other = found ?? all.find(same);
  return {
    kind: entry.kind,
    link: entry.link,
    entry: entryText(entry),
    wishes: input.wishes.filter((wanted) => same(wanted.entry)).map(({ wish }) => wish),
    files: input.files.filter((placed) => same(placed.entry)).map(({ file }) => file),
    networkd: input.networkdOf(entry),
    kernel: other === undefined ? null : { entry: entryText(other), by: input.installer(other) },
  };
}

function packetPath({ subject, packets }: ExplainInput, chosen: ReadonlyMap<string, Entry>): PacketPath | null {
  if (packets === null) return null;
  const { route, text } = packets;
  const routes = [...chosen.values()].filter((entry) => entry.kind === "route");
  const used = route !== null && routes.some((entry) => entryKey(entry) === entryKey(route));
  return {
    address: addressOf(subject.prefix),
    route: route === null ? null : entryText(route),
    text,
    explained: routes.length === 0 ? null : used,
  };
}

function isAboutGateway({ link, code }: Finding, gateways: ExplainInput["gateways"]): boolean {
  return gateways.some((gateway) => gateway.link === link) && /^(bridge|sysctl)-/.test(code);
}

/** A finding about one of the entries, or about something that they all stand on: their link, their owner, networkd. */
function concerns(finding: Finding, entries: readonly ExplainedEntry[], chosen: readonly Entry[]): boolean {
  const titles = new Set([
    ...chosen.map(entryTitle),
    ...entries.flatMap(({ kind, entry, kernel, files }) =>
      [entry, kernel?.entry, ...files.map((file) => file.entry)].map((text) => `${kind} ${text}`),
    ),
  ]);
  const about = [finding.expected, finding.actual].filter((text) => text !== null);
  if (about.some((text) => /^(route|neighbor|rule) /.test(text))) return about.some((text) => titles.has(text));
  if (entries.every(({ wishes, files }) => wishes.length === 0 && !files.some(({ ours }) => ours))) return false;
  if (finding.link !== null) return chosen.some((entry) => linksOfEntry(entry).includes(finding.link as string));
  const owners = new Set(entries.flatMap(({ wishes }) => wishes.map(({ owner }) => owner)));
  return finding.owner === null || owners.has(finding.owner);
}

/** Asked for and in the kernel, and packets go elsewhere all the same: a rule, another table, a better metric. */
function unusedProblems(
  { packets, kernel, wishes, subject }: ExplainInput,
  chosen: readonly Entry[],
): ExplainedProblem[] {
  if (packets === null || !packets.asked) return [];
  const live = new Set(kernel.routes.map(entryKey));
  const asked = new Set(wishes.filter(({ wish }) => wish.lost === null).map(({ entry }) => entryKey(entry)));
  const wanted = chosen.filter(
    (entry) =>
      entry.kind === "route" &&
      entry.table === mainTable &&
      !hasNoLink(entry.type) &&
      live.has(entryKey(entry)) &&
      asked.has(entryKey(entry)),
  );
  const used = packets.route;
  if (wanted.length === 0 || (used !== null && wanted.some((entry) => entryKey(entry) === entryKey(used)))) return [];
  const address = addressOf(subject.prefix);
  const way = used === null ? packets.text : `they take the route ${entryText(used)}`;
  const message = `packets to ${address} do not take the route that is asked for: ${way}`;
  const fix = `"ip rule show" and "ip route show table all to match ${address}" tell what comes before it`;
  const actual = used === null ? null : entryTitle(used);
  return [{ code: "not-used", severity: "warning", message, expected: null, actual, fix }];
}

function verdictOf(
  entries: readonly ExplainedEntry[],
  problems: readonly ExplainedProblem[],
  { wanted, exact, live }: { readonly wanted: boolean; readonly exact: boolean; readonly live: boolean },
): Verdict {
  if (problems.some(({ severity }) => severity !== "info")) return "drift";
  if (!wanted) return exact ? "not-asked-for" : "unknown";
  const absent = entries.some(({ wishes, kernel }) => wishes.length > 0 && kernel === null);
  return live && absent ? "waiting" : "in-order";
}

function problemOf({ code, severity, message, expected, actual, fix }: Finding): ExplainedProblem {
  return { code, severity, message, expected, actual, fix };
}
