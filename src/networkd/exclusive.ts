import { splitWords } from "./matchWords.ts";
import { assignments, type Section } from "./scan.ts";

/** Each of these names one piece of hardware (systemd.network(5), [MATCH] SECTION OPTIONS). */
const unique = ["MACAddress", "PermanentMACAddress", "Path"];

/**
 * Whether a base file can apply to this link only, now and later: its Name= is the link's name, without patterns, or it
 * names the hardware. A file for `brdr-*` would give this link's entries to the next bridge that appears.
 *
 * @param sections of the base file and its drop-ins
 */
export function isExclusive(sections: readonly Section[], link: string): boolean {
  if (
    unique.some((key) =>
      assignments(sections, "Match", key).some(({ value }) => value !== "" && !value.startsWith("!")),
    )
  ) {
    return true;
  }
  const names = assignments(sections, "Match", "Name");
  const reset = names.findLastIndex(({ value }) => value === "");
  const words = names.slice(reset + 1).flatMap(({ value }) => splitWords(value, "names"));
  return words.length > 0 && words.every((word) => word === link);
}
