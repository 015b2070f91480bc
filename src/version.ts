/** Replaced by scripts/build.mjs with the version of package.json. */
declare const NETKEEP_VERSION: string | undefined;

export const version = typeof NETKEEP_VERSION === "string" ? NETKEEP_VERSION : "development";
