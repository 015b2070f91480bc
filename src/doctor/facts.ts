import type { Family } from "../model/address.ts";
import type { LinkClaim } from "../model/link.ts";
import type { Carrier } from "../model/owner.ts";

/** Everything that the checks look at, read once. `null` is "not known here", and a check that needs it is skipped. */
export interface Facts {
  /** `--root`: there are only files. */
  readonly offline: boolean;
  /** RouteProtocol= */
  readonly protocol: number;
  readonly networkd: NetworkdFacts;
  /** The links that are looked at, sorted. */
  readonly links: readonly LinkSituation[];
  /** Links that are up, no ports, not `lo` and not among `links`: where packets of guests leave. */
  readonly uplinks: readonly UplinkFacts[];
  /** Key with dots → value, for all that was asked for and is there. A link's name stands in it as it is. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Links that a file of sysctl.d(5) gives IPv6 whenever they appear. */
  readonly ipv6ByFile: ReadonlySet<string>;
  /** What systemd says of the units that matter; null without systemd. */
  readonly units: ReadonlyMap<string, UnitState> | null;
  readonly routes: RouteCounts;
  readonly neighbors: NeighborCounts;
  /** Unit files and directories that networkd cannot read, and those that it cannot parse (`line` above 0). */
  readonly lostFiles: readonly LostFile[];
  /** The chains that forwarded packets pass. */
  readonly firewall: ForwardPolicy;
  readonly clock: ClockFacts;
  /** Number → name, from rt_protos and rt_protos.d of all directories, with where it stands. */
  readonly protocolNames: readonly { readonly number: number; readonly name: string; readonly path: string }[];
  /** Paths of netplan's YAML files. */
  readonly netplan: readonly string[];
}

export interface NetworkdFacts {
  readonly running: boolean;
  /** Why it does not count as running. */
  readonly reason: string;
  /** Of the program on disk. */
  readonly version: number | null;
  /** The program on disk is not the one that runs. */
  readonly replaced: boolean | null;
  /** Soft LimitNOFILE= of the running process. */
  readonly fileLimit: number | null;
  /** ManageForeign*=no that the running process has read. */
  readonly leaves: ForeignSettings;
  /** ManageForeign*=no as the files say now. */
  readonly leavesOnDisk: ForeignSettings;
}

export interface ForeignSettings {
  readonly routes: boolean;
  readonly rules: boolean;
  readonly nextHops: boolean;
}

export interface UnitState {
  readonly active: boolean;
  /** enabled, disabled, static, masked …; empty if there is no such unit. */
  readonly enabled: string;
}

export interface LinkSituation {
  readonly name: string;
  readonly exists: boolean;
  /** null for hardware, undefined if not known. */
  readonly kind: string | null | undefined;
  readonly mac: string | null;
  /** Somebody has set the MAC, so that ports do not change it; null if not known. */
  readonly macPinned: boolean | null;
  readonly mtu: number | null;
  readonly ports: readonly { readonly name: string; readonly mtu: number }[];
  /** A `.netdev` file that makes the link; null if there is none. */
  readonly netdev: string | null;
  /** Families of the entries that are desired on it. */
  readonly families: ReadonlySet<Family>;
  /** Tables other than main that have its desired IPv4 routes. */
  readonly tables: readonly number[];
  readonly entries: number;
  /** As the documents ask for. */
  readonly carrier: Carrier | null;
  readonly base: BaseSituation;
  /** What networkd would read for it now, our own files included; null if no file applies. */
  readonly files: LinkFiles | null;
  /** Programs other than networkd that look after it. */
  readonly managers: readonly LinkClaim[];
  /** Why its entries are kept live, without files for networkd; null where they are not. */
  readonly live: string | null;
}

export type BaseSituation =
  /** Applies to this link only. */
  | { readonly kind: "own"; readonly path: string }
  | { readonly kind: "shared"; readonly path: string; readonly with: readonly string[] }
  /** Its [Match] takes more names, or other links that may come. */
  | { readonly kind: "pattern"; readonly path: string }
  /** No file matches; `written`: the one that netkeep writes then is there. */
  | { readonly kind: "none"; readonly written: boolean; readonly path: string; readonly advertisements: boolean }
  | { readonly kind: "unmanaged"; readonly path: string; readonly line: number; readonly problem: string }
  | { readonly kind: "masked"; readonly path: string; readonly problem: string }
  | { readonly kind: "broken"; readonly path: string; readonly line: number; readonly problem: string }
  | { readonly kind: "undecided"; readonly problem: string };

/** Where a setting stands. */
export interface Placed {
  readonly key: string;
  readonly value: string;
  readonly path: string;
  readonly line: number;
}

/** The base file and the drop-ins of a link, read as one. */
export interface LinkFiles {
  readonly base: string;
  readonly dropIns: readonly string[];
  /** [Route] sections, in all of them. */
  readonly routes: number;
  /** Each is the last assignment, the one that counts; null if there is none. */
  readonly configureWithoutCarrier: Placed | null;
  readonly ignoreCarrierLoss: Placed | null;
  readonly requiredForOnline: Placed | null;
  readonly addresses: readonly FileAddress[];
}

/** An address that a unit file sets. */
export interface FileAddress extends Placed {
  readonly family: Family;
  readonly linkLocal: boolean;
  /** It stands in an [Address] section of its own, where DuplicateAddressDetection= belongs. */
  readonly section: boolean;
  /** DuplicateAddressDetection= of that section. */
  readonly detection: Placed | null;
  /** networkd looks for duplicates before it sets the address for good. */
  readonly detected: boolean;
}

export interface UplinkFacts {
  readonly name: string;
  /** Addresses or routes on it come from router advertisements. */
  readonly advertised: boolean;
  /** A default route of main leaves by it. */
  readonly isDefault: boolean;
}

export interface RouteCounts {
  /** IPv6 routes of all tables. */
  readonly ipv6: number;
  /** Routes that use a nexthop object. */
  readonly objects: number;
  /** Routes that a routing daemon has set (protocols 8, 11 to 15, 17, 18, 42, 99 and 186 to 199), by protocol. */
  readonly ofDaemons: ReadonlyMap<number, number>;
  readonly hasDefault6: boolean;
}

export interface NeighborCounts {
  /** By family: permanent ones, which the limits do not count, and all others. */
  readonly permanent: Readonly<Record<Family, number>>;
  readonly others: Readonly<Record<Family, number>>;
}

export interface LostFile {
  readonly path: string;
  /** 0 if it cannot be read at all. */
  readonly line: number;
  readonly reason: string;
  readonly directory: boolean;
}

export type ForwardPolicy =
  | { readonly known: false; readonly reason: string }
  | { readonly known: true; readonly by: string; readonly chains: readonly ForwardChain[] };

export interface ForwardChain {
  readonly family: Family;
  /** `ip6 filter FORWARD`. */
  readonly name: string;
  readonly drops: boolean;
  /** A rule of this very chain names ICMPv6 (IPv6) or accepts all (IPv4), or sends packets to another chain. */
  readonly mayAccept: boolean;
}

/** All times are milliseconds since 1970. */
export interface ClockFacts {
  readonly now: number;
  /** The hardware clock; null if the machine has none, or it is kept in local time. */
  readonly hardware: number | null;
  /** When the kernel started, by the clock of now; and what the clock said when systemd started. */
  readonly booted: number | null;
  readonly bootedByClockThen: number | null;
  /** Files of netkeep's and networkd's. */
  readonly files: readonly { readonly path: string; readonly modified: number }[];
}
