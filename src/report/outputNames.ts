/** What has a JSON Schema in `schemas.ts`: names only, for what must not load the schemas. */
export const outputNames = [
  "plan",
  "apply",
  "try",
  "history",
  "history-diff",
  "history-show",
  "audit",
  "show",
  "explain",
  "restore",
  "settle",
  "doctor",
  "vdsm",
  "error",
] as const;
export type OutputName = (typeof outputNames)[number];
