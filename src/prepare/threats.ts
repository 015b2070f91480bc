import type { Note } from "../model/change.ts";
import { entryKey } from "../model/entry.ts";
import { hasFlappingAddress } from "../networkd/flapping.ts";
import { overridesOf } from "../networkd/overrides.ts";
import { dropInPaths } from "../networkd/paths.ts";
import { generatedLinks, type Observed } from "../observe/observe.ts";
import { type ReloadFacts, reloadThreats, type Threat, threatText } from "../plan/threats.ts";
import type { Prepared } from "./prepare.ts";

export interface Threats {
  readonly list: readonly Threat[];
  readonly notes: readonly Note[];
}

/** What the reload of this plan would delete of others, and what netkeep does about it. */
export function findThreats(prepared: Prepared): Threats {
  const { observed, plan, record } = prepared;
  const { running, version } = observed.networkd;
  // From 257 on a reload deletes nothing of others; what an earlier run has left to do goes on all the same.
  const deletes = version === null || version < 257;
  const reloads = running && (observed.reloadPending || (deletes && plan.files.length > 0));
  if (!reloads) return { list: [], notes: [] };
  const list = withInterrupted(reloadThreats(observed.kernel, record, reloadFacts(prepared, plan.reloads)), prepared);
  const notes = [...flapNotes(prepared), ...entryNotes(list), ...ruleNotes(list)];
  return { list, notes };
}

/** With what a run that was killed after its reload had still to set again. */
function withInterrupted(threats: readonly Threat[], { observed, entries }: Prepared): Threat[] {
  const known = new Set(threats.map((threat) => entryKey(threat.entry)));
  const rest = observed.pending.guarded.filter((entry) => !known.has(entryKey(entry)) && !entries.has(entryKey(entry)));
  return [...threats, ...rest.map((entry) => ({ entry, restorable: true }))];
}

/** What any reload would delete that sets up the links of our files. */
export function standingThreats(prepared: Prepared): Threat[] {
  const { observed, record } = prepared;
  if (!observed.networkd.running) return [];
  return reloadThreats(
    observed.kernel,
    record,
    reloadFacts(prepared, [...new Set(generatedLinks(observed.generated))]),
  );
}

function reloadFacts({ observed, layout, entries }: Prepared, reloads: readonly string[]): ReloadFacts {
  const links = new Set(reloads);
  const statuses = [...observed.statuses.values()];
  const flapping = [...links].filter((link) => hasFlappingAddress(layout.sections.get(link) ?? []));
  return {
    version: observed.networkd.version,
    leaves: observed.networkd.leavesForeign,
    links,
    flapping: new Set(flapping),
    unguarded: new Set([...links].filter((link) => isUnguarded(observed, layout.bases.get(link)?.name))),
    desired: entries,
    ownedByNetworkd: (key) => statuses.some((status) => (status.entries.get(key) ?? "foreign") !== "foreign"),
  };
}

/** Our KeepConfiguration= is there and not in force: a later drop-in says otherwise, or a mask hides it. */
function isUnguarded({ tree }: Observed, baseName: string | undefined): boolean {
  if (baseName === undefined) return false;
  const own = tree.find((file) => file.path === dropInPaths(baseName).link);
  const undone = overridesOf(tree, baseName).some(
    ({ key, theirs }) => key === "KeepConfiguration" && !/^(yes|true|on|1|y|t|static)$/i.test(theirs),
  );
  return undone || own?.kind === "null" || own?.kind === "dangling";
}

function entryNotes(list: readonly Threat[]): Note[] {
  const lost = list.filter(({ entry, restorable }) => !restorable && entry.kind !== "rule");
  const restored = list.filter((threat) => threat.restorable);
  const notes: Note[] = [];
  if (lost.length > 0) {
    const text = [
      "the reload would delete these entries of others:",
      ...lost.map((threat) => `    ${threatText(threat)}`),
      "    --adopt takes them over; or let networkd leave them alone: ManageForeignRoutes=no in networkd.conf(5) and a",
      "    restart of systemd-networkd (entries with a nexthop object: `no zebra nexthop kernel enable` in FRR)",
    ].join("\n");
    notes.push({ level: "refusal", link: null, text });
  }
  for (const { entry } of restored) {
    const text = `networkd deletes the foreign ${threatText({ entry, restorable: true })} at the reload; it is set again`;
    notes.push({ level: "info", link: entry.link, text });
  }
  return notes;
}

/** 252 takes such an address away at every reload: entries of all guests flap, and only the base file can change it. */
function flapNotes({ observed, plan, layout }: Prepared): Note[] {
  if (observed.networkd.version === null || observed.networkd.version >= 257) return [];
  return plan.reloads
    .filter((link) => hasFlappingAddress(layout.sections.get(link) ?? []))
    .map((link) => ({
      level: "warning" as const,
      link,
      text:
        `the base file of ${link} has an IPv4 link-local address with conflict detection, which networkd ` +
        `${observed.networkd.version} takes away for some milliseconds at each reload; put it into an [Address] section with ` +
        "DuplicateAddressDetection=none",
    }));
}

/** A document that asks for a rule has to say whose drop-in it is for, so there is no taking over of rules here. */
function ruleNotes(list: readonly Threat[]): Note[] {
  const rules = list.filter(({ entry }) => entry.kind === "rule");
  if (rules.length === 0) return [];
  const text = [
    "the reload would delete these policy rules of others:",
    ...rules.map((threat) => `    ${threatText(threat)}`),
    "    let networkd leave them alone: ManageForeignRoutingPolicyRules=no in networkd.conf(5) and a restart of",
    "    systemd-networkd",
  ].join("\n");
  return [{ level: "refusal", link: null, text }];
}
