import { parseAddress } from "../model/address.ts";
import type { HostFacts, LinkFacts } from "../model/link.ts";
import { matchesGlob } from "./globPattern.ts";
import { type Answer, hostKeys, testHostCondition } from "./matchHost.ts";
import { splitWords } from "./matchWords.ts";
import { assignments, type PlacedAssignment, type Section } from "./scan.ts";

/** A condition of [Match], where it stands, for messages: `/etc/…/10-x.network:3: Driver=virtio*`. */
export interface Condition {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export interface UndecidedCondition extends Condition {
  /** `the driver of the link`. */
  readonly missing: string;
}

/** `empty`: nothing valid stands in [Match], and networkd ignores the file with a warning. */
export type MatchVerdict =
  | { readonly verdict: "yes" }
  | { readonly verdict: "no"; readonly condition: Condition }
  | { readonly verdict: "undecided"; readonly conditions: readonly UndecidedCondition[] }
  | { readonly verdict: "empty" };

/** What networkd keeps of all assignments of a key: the valid words since the last reset. */
interface Rule {
  readonly key: string;
  /** The last assignment that counts. */
  readonly from: PlacedAssignment;
  readonly words: readonly string[];
}

/** How a key is read and tested. `words` gives only what networkd takes as valid. */
interface LinkKey {
  readonly words: (value: string) => string[];
  readonly test: (words: readonly string[], link: LinkFacts) => Answer;
}

const linkKeys: Readonly<Record<string, LinkKey>> = {
  MACAddress: { words: hardwareAddresses, test: (words, { mac }) => testAddress(words, mac, "the MAC address") },
  PermanentMACAddress: {
    words: hardwareAddresses,
    test: (words, { permanentMac }) => testAddress(words, permanentMac, "the permanent MAC address"),
  },
  Path: {
    words: (value) => negatableWords(value, "patterns"),
    test: (words, { path, properties }) => testText(words, path, properties, "ID_PATH", "ID_PATH (the hardware path)"),
  },
  Driver: textKey(({ driver }) => driver, "the driver"),
  Type: textKey(({ type }) => type, "the type"),
  Kind: textKey(({ kind }) => kind, "the kind"),
  Name: { words: linkNames, test: testName },
  Property: { words: properties, test: testProperties },
  WLANInterfaceType: textKey(({ wlanInterfaceType }) => wlanInterfaceType, "the wireless interface type"),
  SSID: textKey(({ ssid }) => ssid, "the SSID"),
  BSSID: {
    words: (value) => hardwareAddresses(value).filter((address) => address.length === 17),
    test: (words, { bssid }) => testAddress(words, bssid, "the BSSID"),
  },
};

/**
 * Evaluates the [Match] sections of a base file and its drop-ins for one link: systemd.network(5) [MATCH] SECTION
 * OPTIONS; net_match_config() in src/shared/net-condition.c and network_verify() in src/network/networkd-network.c
 * (252 and 257). Keys that networkd does not know, OriginalName= among them, are ignored as there.
 *
 * Any condition that surely fails makes it `no`; else any that cannot be told makes it `undecided`.
 */
export function matchLink(sections: readonly Section[], link: LinkFacts, host: HostFacts): MatchVerdict {
  const answers = [
    ...Object.entries(linkKeys).flatMap(([key, { words, test }]) =>
      linkRules(sections, key, words).map((rule) => ({ rule, answer: test(rule.words, link) })),
    ),
    ...hostKeys(host)
      .flatMap((key) => hostRules(sections, key))
      .map((rule) => ({ rule, answer: testHostCondition(rule.key, rule.from.value, host) })),
  ];
  if (answers.length === 0) return { verdict: "empty" };
  const failed = answers.find(({ answer }) => answer === false);
  if (failed !== undefined) return { verdict: "no", condition: conditionOf(failed.rule) };
  const conditions = answers.flatMap(({ rule, answer }) =>
    typeof answer === "boolean" ? [] : [{ ...conditionOf(rule), missing: answer.missing }],
  );
  return conditions.length === 0 ? { verdict: "yes" } : { verdict: "undecided", conditions };
}

/** Words add up over assignments, an empty one resets. No rule if no valid word is left. */
function linkRules(sections: readonly Section[], key: string, read: LinkKey["words"]): Rule[] {
  let words: string[] = [];
  let from: PlacedAssignment | undefined;
  for (const assignment of assignments(sections, "Match", key)) {
    if (assignment.value === "") words = [];
    else {
      const added = read(assignment.value);
      words = [...words, ...added];
      if (added.length > 0) from = assignment;
    }
  }
  return from === undefined || words.length === 0 ? [] : [{ key, from, words }];
}

/** Of a condition on the host only the last assignment counts, and an empty one takes it away. */
function hostRules(sections: readonly Section[], key: string): Rule[] {
  const from = assignments(sections, "Match", key).at(-1);
  return from === undefined || from.value === "" ? [] : [{ key, from, words: [] }];
}

function conditionOf({ key, from: { path, line, value } }: Rule): Condition {
  return { path, line, text: `${key}=${value}` };
}

function textKey(fact: (link: LinkFacts) => string | null | undefined, what: string): LinkKey {
  return {
    words: (value) => negatableWords(value, "patterns"),
    test: (words, link) => testText(words, fact(link), undefined, "", what),
  };
}

/** A `!` in front of the list is put in front of each word; a word may also bring its own. */
function negatableWords(value: string, way: Parameters<typeof splitWords>[1]): string[] {
  return value.startsWith("!") ? splitWords(value.slice(1), way).map((word) => `!${word}`) : splitWords(value, way);
}

/** ifname_valid_full() in src/basic/socket-util.c, with the length of an alternative name. */
function linkNames(value: string): string[] {
  return negatableWords(value, "names").filter((word) => {
    const name = value.startsWith("!") ? word.slice(1) : word;
    const refused = /^(?:|\.|\.\.|all|default|[0-9]+)$/;
    return name.length < 128 && !refused.test(name) && /^[!-~]*$/.test(name) && !/[:/%]/.test(name);
  });
}

function properties(value: string): string[] {
  const valid = /^!?[A-Za-z_][A-Za-z0-9_]*=\P{Cc}*$/u;
  const negated = value.startsWith("!");
  return negatableWords(value, "properties").filter((word) => valid.test(word) && (negated || !word.startsWith("!")));
}

/** A name passes all patterns or one of the alternative names does. */
function testName(words: readonly string[], { name, alternativeNames }: LinkFacts): Answer {
  if (passes(words, name)) return true;
  if (alternativeNames === undefined) return { missing: "the alternative names of the link" };
  return alternativeNames.some((alternative) => passes(words, alternative));
}

/** Unlike all others: every word must hold. */
function testProperties(words: readonly string[], link: LinkFacts): Answer {
  if (link.properties === undefined) return { missing: "the udev properties of the link" };
  return words.every((word) => {
    const [, negation, key, pattern] = /^(!?)([^=]*)=(.*)$/s.exec(word) ?? [];
    const value = link.properties?.[key ?? ""];
    return (value !== undefined && matchesGlob(pattern ?? "", value)) !== (negation === "!");
  });
}

function testText(
  words: readonly string[],
  fact: string | null | undefined,
  all: LinkFacts["properties"],
  property: string,
  what: string,
): Answer {
  const value = fact === undefined && all !== undefined ? (all?.[property] ?? null) : fact;
  return value === undefined ? { missing: `${what} of the link` } : passes(words, value);
}

function testAddress(words: readonly string[], fact: string | null | undefined, what: string): Answer {
  if (fact === undefined) return { missing: `${what} of the link` };
  return fact !== null && words.includes(hardwareAddress(fact) ?? "");
}

/**
 * One `!` pattern that fits is enough to fail; of the others one must fit, if there are any. What a link does not have
 * fits no pattern, and so passes `!*`.
 */
function passes(words: readonly string[], value: string | null): boolean {
  const fits = (pattern: string) => value !== null && matchesGlob(pattern, value);
  const positive = words.filter((word) => !word.startsWith("!"));
  if (words.some((word) => word.startsWith("!") && fits(word.slice(1)))) return false;
  return positive.length === 0 || positive.some(fits);
}

function hardwareAddresses(value: string): string[] {
  return splitWords(value, "names").flatMap((word) => hardwareAddress(word) ?? []);
}

/**
 * parse_hw_addr_full() in src/basic/ether-addr-util.c: an IP address, or 4, 6, 16 or 20 bytes with `:` or `-` after
 * each or `.` after two, leading zeros optional. The result is lower case with colons, or the canonical IP address.
 */
function hardwareAddress(text: string): string | undefined {
  const address = parseAddress(text);
  if ("value" in address) return address.value;
  const separator = /^[0-9a-f]*([:.-])/i.exec(text)?.[1];
  if (separator === undefined) return undefined;
  const digits = separator === "." ? 4 : 2;
  const fields = text.split(separator);
  if (!fields.every((field) => /^[0-9a-f]+$/i.test(field) && field.length <= digits)) return undefined;
  const bytes = fields.flatMap((field) => field.toLowerCase().padStart(digits, "0").match(/../g) ?? []);
  return [4, 6, 16, 20].includes(bytes.length) ? bytes.join(":") : undefined;
}
