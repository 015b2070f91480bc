import * as z from "zod";
import { largestText } from "../desired/parse.ts";
import { oneLine } from "./oneLine.ts";
import { type VdsmError, type VdsmProblem, vdsmErrors } from "./vdsmNetwork.ts";

/** A setupNetworks call whose shape is right. */
export interface VdsmPayload {
  readonly networks: Readonly<Record<string, NetworkAttributes>>;
  readonly bondings: Readonly<Record<string, BondAttributes>>;
  readonly options: z.infer<typeof optionsSchema>;
  /** VDSM itself has checked the call and set up the links: it comes from its hook after_network_setup. */
  readonly done: boolean;
}

export type NetworkAttributes = z.infer<typeof networkSchema>;
export type BondAttributes = z.infer<typeof bondSchema>;

/**
 * The text of a call: `{networks, bondings, options}`, or the same below `request`, as VDSM's hooks get it. Values are taken in every
 * spelling that VDSM takes; unlike it, a truth value that is none is a problem and not false.
 */
export function parseVdsmPayload(text: string): VdsmPayload | { readonly problems: readonly VdsmProblem[] } {
  const json = parseJson(text);
  if ("problem" in json) return { problems: [bad("the payload", json.problem)] };
  const { value } = json;
  const done = typeof value === "object" && value !== null && "request" in value;
  const checked = payloadSchema.safeParse(done ? value.request : value);
  const hidden = json.hasHidden ? [bad("__proto__", "is no name of a network or attribute")] : [];
  const problems = [...hidden, ...(checked.error?.issues.flatMap(problemsOf) ?? [])];
  return checked.success && problems.length === 0 ? { ...checked.data, done } : { problems };
}

const flag = z.union([z.boolean(), z.number(), z.string()]).transform((value, context) => {
  const known = truth.get(String(value).toLowerCase());
  if (known === undefined)
    context.addIssue({ code: "custom", message: `${JSON.stringify(value)} is not true or false` });
  return known === true;
});
const truth = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const),
]);
const numeral = z.union([z.number(), z.string()]);
/** The schema of VDSM says a list with one name; callers send the name. */
const nic = z.union([z.string(), z.tuple([z.string()]).transform(([name]) => name)]);

const networkSchema = z.looseObject({
  nic: nic.optional(),
  bonding: z.string().optional(),
  vlan: numeral.nullish(),
  bridged: flag.optional(),
  ipaddr: z.string().optional(),
  netmask: z.string().optional(),
  prefix: numeral.nullish(),
  gateway: z.string().optional(),
  bootproto: z.enum(["dhcp", "none"]).optional(),
  ipv6addr: z.string().optional(),
  ipv6gateway: z.string().optional(),
  ipv6autoconf: flag.optional(),
  dhcpv6: flag.optional(),
  defaultRoute: flag.optional(),
  nameservers: z.array(z.string()).optional(),
  switch: z.enum(["legacy", "ovs"]).optional(),
  mtu: numeral.optional(),
  stp: flag.optional(),
  STP: flag.optional(),
  custom: z.record(z.string(), z.unknown()).optional(),
  remove: flag.optional(),
});

/** What was kept of a network; null if that is none. */
export function parseAttributes(value: unknown): NetworkAttributes | null {
  return networkSchema.safeParse(value).data ?? null;
}

const bondSchema = z.looseObject({
  nics: z.array(z.string()).optional(),
  switch: z.enum(["legacy", "ovs"]).optional(),
  remove: flag.optional(),
});

const optionsSchema = z.looseObject({
  connectivityCheck: flag.optional(),
  connectivityTimeout: numeral.optional(),
  commitOnSuccess: flag.optional(),
});

const payloadSchema = z.strictObject({
  networks: z.record(z.string(), networkSchema),
  bondings: z.record(z.string(), bondSchema).default({}),
  options: optionsSchema.default({}),
});

/** The attributes of a network that mean something to netkeep; the others are said to be left to somebody else. */
export const networkKeys: readonly string[] = Object.keys(networkSchema.shape);
export const optionKeys: readonly string[] = Object.keys(optionsSchema.shape);

/** `hasHidden`: there is a key that JavaScript keeps for itself, and that zod leaves out. */
function parseJson(text: string): { value: unknown; hasHidden: boolean } | { problem: string } {
  if (text.length > largestText) return { problem: "is larger than 64 MiB" };
  if (text.trim() === "") return { problem: "is empty: JSON is wanted on standard input" };
  try {
    const value: unknown = JSON.parse(text);
    return { value, hasHidden: JSON.stringify(value).includes('"__proto__"') };
  } catch (error) {
    if (error instanceof RangeError) return { problem: "is nested too deeply" };
    return { problem: oneLine(`is not JSON: ${error instanceof Error ? error.message : String(error)}`) };
  }
}

function problemsOf(issue: z.core.$ZodIssue): VdsmProblem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => bad(key, "is no part of a setupNetworks call"));
  const [list, ...rest] = issue.path.map(String);
  const subject =
    list === "networks" || list === "bondings" ? rest.join(".") || list : issue.path.map(String).join(".");
  return [{ code: codeOf(list, rest), subject: subject || "the payload", message: words(issue) }];
}

function codeOf(list: string | undefined, [, key = ""]: readonly string[]): VdsmError {
  const { badAddress, badBonding, badNic, badParameters, badVlan } = vdsmErrors;
  if (list === "bondings") return key === "nics" ? badNic : badBonding;
  if (/^(ipaddr|netmask|prefix|gateway|ipv6addr|ipv6gateway|nameservers)$/.test(key)) return badAddress;
  if (key === "nic") return badNic;
  return key === "bonding" ? badBonding : key === "vlan" ? badVlan : badParameters;
}

function words(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return oneLine(issue.message);
  if (issue.code === "invalid_value")
    return `must be ${issue.values.map((value) => `"${String(value)}"`).join(" or ")}`;
  if (issue.code === "invalid_union") return "is of the wrong type";
  if (issue.code !== "invalid_type") return oneLine(issue.message);
  return /received undefined/.test(issue.message) ? "is missing" : `must be of type ${issue.expected}`;
}

function bad(subject: string, message: string): VdsmProblem {
  return { code: vdsmErrors.badParameters, subject, message };
}
