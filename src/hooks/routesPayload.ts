import * as z from "zod";
import { largestText } from "../desired/parse.ts";
import { documentSchema } from "../desired/schema.ts";
import { nearest } from "../desired/suggest.ts";
import { oneLine } from "./oneLine.ts";

/** The shape is right; what holds between the routes is not checked yet. */
export type Payload = z.infer<typeof payloadSchema>;

/** The payload of `netkeep hook routes`, or everything that is wrong with its text and its shape. */
export function parsePayload(text: string): { readonly payload: Payload } | { readonly problems: readonly string[] } {
  const json = parseJson(text);
  if ("problem" in json) return { problems: [json.problem] };
  const checked = payloadSchema.safeParse(json.value);
  if (!checked.success) return { problems: checked.error.issues.flatMap(problemsOf).map(oneLine) };
  return { payload: checked.data };
}

/** Name, prefix and address by the rules of the document that they go into. */
const { name, upstream, prefixes } = documentSchema.shape.routers.unwrap().element.shape;
const prefix = prefixes.element;

const payloadSchema = z.strictObject({
  router: name,
  action: z.enum(["add", "delete", "sync"]).default("add"),
  routes: z.array(z.strictObject({ prefix, via: upstream })).optional(),
  ip6routes: z.array(z.strictObject({ subnet: prefix, gateway: upstream })).optional(),
  ip4routes: z.array(z.strictObject({ subnet: prefix, gateway: upstream })).optional(),
  extraPrefixes: z.array(prefix).default([]),
  persist: z.boolean().default(true),
});

function parseJson(text: string): { value: unknown } | { problem: string } {
  if (text.length > largestText) return { problem: "the payload is larger than 64 MiB" };
  if (text.trim() === "") return { problem: "the payload is empty: JSON is wanted on stdin" };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: oneLine(`the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`) };
  }
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], key));
  const path = issue.path.length === 0 ? "the payload" : issue.path.map(String).join(".");
  return [`${path}: ${words(issue)}`];
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const list = path.length > 1 ? path[0] : undefined;
  const known = list === undefined ? Object.keys(payloadSchema.shape) : list === "routes" ? ownKeys : apiKeys;
  const guess = nearest(key, known);
  return `${path.map(String).join(".")}: unknown key; ${guess === null ? `known: ${known.join(", ")}` : `did you mean "${guess}"?`}`;
}

const ownKeys = ["prefix", "via"];
const apiKeys = ["subnet", "gateway"];

function words(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value")
    return `must be ${issue.values.map((value) => `"${String(value)}"`).join(" or ")}`;
  if (issue.code !== "invalid_type") return issue.message;
  return /received undefined/.test(issue.message) ? "is missing" : `must be of type ${issue.expected}`;
}
