/** Where the four layers do not agree; a closed list, each described in netkeep(8). */
export const findingCodes = [
  "kernel-missing",
  "kernel-differs",
  "kernel-extra",
  "bridge-missing",
  "bridge-differs",
  "bridge-extra",
  "bridge-uplink",
  "sysctl-differs",
  "dropin-missing",
  "dropin-differs",
  "dropin-extra",
  "dropin-edited",
  "dropin-unreadable",
  "dropin-masked",
  "dropin-shadowed",
  "dropin-orphaned",
  "dropin-overridden",
  "directory-closed",
  "base-file-changed",
  "networkd-not-loaded",
  "networkd-outdated",
  "networkd-extra",
  "networkd-not-running",
  "link-failed",
  "link-configuring",
  "link-unmanaged",
  "link-missing",
  "reload-pending",
  "conflict",
  "document-broken",
  "unresolved",
  "trial-pending",
  "owner-stale",
  "foreign-at-risk",
] as const;
export type FindingCode = (typeof findingCodes)[number];
export type Layer = "documents" | "drop-in" | "networkd" | "kernel";
/** `error`: traffic is or will be wrong. `warning`: it will be after some event. `info`: worth knowing, no drift. */
export type Severity = "error" | "warning" | "info";

/** One disagreement. `expected` and `actual` are entry texts or file states; null is "nothing". */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly layer: Layer;
  readonly owner: string | null;
  readonly link: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
  /** What happened, in a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}
