import ini from "ini";
import type { Settings } from "../model/settings.ts";
import { nearest } from "./suggest.ts";

export const defaultSettings: Settings = {
  routeProtocol: 107,
  allowLinks: ["*"],
  allowDefaultRoute: false,
  hookPersistence: "runtime",
  lockSeconds: 30,
  reloadSeconds: 30,
  staleOwnerSeconds: 600,
  watchSeconds: 90,
};

type Reader = (value: string) => Partial<Settings> | string;

/** Each key, and what its value becomes; a string is what is wrong with the value. */
const readers: Readonly<Record<string, Reader>> = {
  RouteProtocol: (value) => {
    const number = wholeNumber(value);
    const allowed = number !== null && number >= 5 && number <= 255 && (number < 186 || number > 199);
    return allowed
      ? { routeProtocol: number }
      : "must be a number from 5 to 255 that no routing daemon uses (186 to 199)";
  },
  AllowLinks: (value) => (value === "" ? "needs at least one pattern" : { allowLinks: value.split(/\s+/) }),
  AllowDefaultRoute: (value) => {
    const lower = value.toLowerCase();
    if (["yes", "true", "on", "1"].includes(lower)) return { allowDefaultRoute: true };
    return ["no", "false", "off", "0"].includes(lower) ? { allowDefaultRoute: false } : "must be yes or no";
  },
  HookPersistence: (value) =>
    value === "runtime" || value === "persistent" ? { hookPersistence: value } : "must be runtime or persistent",
  LockTimeoutSec: (value) => seconds(value, (lockSeconds) => ({ lockSeconds })),
  ReloadTimeoutSec: (value) => seconds(value, (reloadSeconds) => ({ reloadSeconds })),
  StaleOwnerSec: (value) => {
    const number = wholeNumber(value);
    return number !== null && number <= 86_400
      ? { staleOwnerSeconds: number }
      : "must be a number of seconds, 0 to 86400";
  },
  WatchIntervalSec: (value) => seconds(value, (watchSeconds) => ({ watchSeconds })),
};

/**
 * The settings files in their order, the last one first in weight.
 *
 * @returns the settings, and every problem as `FILE: what is wrong`
 */
export function readSettings(files: readonly { path: string; text: string }[]): {
  settings: Settings;
  problems: string[];
} {
  let settings = defaultSettings;
  const problems: string[] = [];
  for (const file of files) {
    const parsed = ini.parse(file.text, { bracketedArray: false }) as Record<string, unknown>;
    for (const [name, section] of Object.entries(parsed)) {
      if (name !== "Netkeep" || typeof section !== "object" || section === null) {
        problems.push(`${at(file, name)}: "${name}" does not belong here; settings stand in a section [Netkeep]`);
        continue;
      }
      for (const [key, value] of Object.entries(section)) {
        const read = readKey(key, value);
        if (typeof read === "string") problems.push(`${at(file, key)}: ${key}= ${read}`);
        else settings = { ...settings, ...read };
      }
    }
  }
  return { settings, problems };
}

function readKey(key: string, value: unknown): Partial<Settings> | string {
  const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
  if (reader === undefined) {
    const guess = nearest(key, Object.keys(readers));
    return `is not a setting${guess === null ? "" : `; did you mean ${guess}=?`}`;
  }
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return reader(String(last).trim());
}

/** `FILE:LINE` of the line that begins with the key or the section header. */
function at(file: { path: string; text: string }, word: string): string {
  const line = file.text.split("\n").findIndex((text) => text.trim().replace(/^\[/, "").startsWith(word));
  return line < 0 ? file.path : `${file.path}:${line + 1}`;
}

function seconds(value: string, use: (number: number) => Partial<Settings>): Partial<Settings> | string {
  const number = wholeNumber(value);
  return number !== null && number >= 1 && number <= 3600 ? use(number) : "must be a number of seconds, 1 to 3600";
}

function wholeNumber(value: string): number | null {
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}
