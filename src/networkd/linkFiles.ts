import { type Address, type Family, familyOf, isLinkLocal6, parseAddress } from "../model/address.ts";
import { type UnitTree, unitFiles } from "./precedence.ts";
import { assignments, type PlacedAssignment, type Section, scanFile } from "./scan.ts";

interface FileAddress extends PlacedAssignment {
  readonly family: Family;
  readonly linkLocal: boolean;
  /** It stands in an [Address] section, not in [Network]. */
  readonly section: boolean;
  readonly detection: PlacedAssignment | null;
  /** networkd looks for duplicates of it (systemd.network(5), DuplicateAddressDetection=). */
  readonly detected: boolean;
}

/** What a base file and its drop-ins say together, as far as it decides over entries of others. */
export interface LinkFileSummary {
  readonly base: string;
  readonly dropIns: readonly string[];
  /** Number of [Route] sections. */
  readonly routes: number;
  readonly configureWithoutCarrier: PlacedAssignment | null;
  readonly ignoreCarrierLoss: PlacedAssignment | null;
  readonly requiredForOnline: PlacedAssignment | null;
  readonly addresses: readonly FileAddress[];
}

/** Reads the base file of this name and its drop-ins, of all directories; null if there is none that networkd can read. */
export function readLinkFiles(tree: UnitTree, name: string): LinkFileSummary | null {
  const unit = unitFiles(tree, ".network").find((candidate) => candidate.name === name);
  if (unit?.file.kind !== "text") return null;
  const sections = [unit.file, ...unit.dropIns].flatMap((file) =>
    file.kind === "text" ? scanFile(file.path, file.text).sections : [],
  );
  const last = (section: string, key: string) => assignments(sections, section, key).at(-1) ?? null;
  return {
    base: unit.file.path,
    dropIns: unit.dropIns.map(({ path }) => path),
    routes: sections.filter((section) => section.name === "Route").length,
    configureWithoutCarrier: last("Network", "ConfigureWithoutCarrier"),
    ignoreCarrierLoss: last("Network", "IgnoreCarrierLoss"),
    requiredForOnline: last("Link", "RequiredForOnline"),
    addresses: addressesOf(sections),
  };
}

/** The last section or line that names an address is the one that counts. */
function addressesOf(sections: readonly Section[]): FileAddress[] {
  const found = new Map<Address, FileAddress>();
  for (const section of sections) {
    const placed = section.assignments.map((item) => ({ ...item, path: section.path }));
    if (section.name !== "Address" && section.name !== "Network") continue;
    const inSection = section.name === "Address";
    const detection = (inSection && placed.findLast((item) => item.key === "DuplicateAddressDetection")) || null;
    for (const item of placed.filter(({ key }) => key === "Address")) {
      const parsed = parseAddress(item.value.replace(/\/.*$/, ""));
      if ("problem" in parsed) continue;
      const family = familyOf(parsed.value);
      const linkLocal = family === 4 ? parsed.value.startsWith("169.254.") : isLinkLocal6(parsed.value);
      const detected = isDetected(family, linkLocal, detection?.value ?? "");
      found.set(parsed.value, { ...item, family, linkLocal, section: inSection, detection, detected });
    }
  }
  return [...found.values()];
}

/** A boolean is the spelling of older versions: yes is both, no is none. */
function isDetected(family: Family, linkLocal: boolean, value: string): boolean {
  const word = value.toLowerCase();
  if (/^(none|no|n|false|f|off|0)$/.test(word)) return false;
  if (/^(both|yes|y|true|t|on|1)$/.test(word)) return true;
  if (word === "ipv4" || word === "ipv6") return word === `ipv${family}`;
  return family === 6 || linkLocal;
}
