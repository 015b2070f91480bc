import * as z from "zod";
import { verdicts } from "../model/explanation.ts";
import { findingCodes } from "../model/finding.ts";

const explainedEntry = z.strictObject({
  kind: z.enum(["route", "neighbor", "rule"]),
  link: z.string(),
  entry: z.string().meta({ description: "as it is asked for; else as the kernel has it; else as a file says" }),
  wishes: z.array(
    z.strictObject({
      owner: z.string(),
      persistence: z.enum(["persistent", "runtime"]),
      place: z.string().meta({ description: "FILE:LINE of the document" }),
      path: z.string(),
      lost: z.string().nullable().meta({ description: "what it wants, if another owner has won" }),
    }),
  ),
  files: z.array(
    z.strictObject({
      place: z.string().meta({ description: "FILE:LINE of the section" }),
      entry: z.string(),
      ours: z.boolean(),
      loaded: z.boolean().nullable().meta({ description: "null where networkd does not say" }),
    }),
  ),
  networkd: z
    .strictObject({ state: z.string(), baseFile: z.string().nullable(), source: z.string().nullable() })
    .nullable(),
  kernel: z.strictObject({ entry: z.string(), by: z.string() }).nullable(),
});

/** What `netkeep explain --json` prints. */
export const explainSchema = z.strictObject({
  subject: z.string(),
  verdict: z.enum(verdicts),
  entries: z.array(explainedEntry),
  gateways: z
    .array(
      z.strictObject({
        link: z.string(),
        owner: z.string(),
        persistence: z.enum(["persistent", "runtime"]),
        place: z.string(),
        path: z.string(),
        there: z.boolean().meta({ description: "whether the link has the address" }),
      }),
    )
    .meta({ description: "bridges that netkeep makes, of which it is an address" }),
  packets: z
    .strictObject({
      address: z.string(),
      route: z.string().nullable(),
      text: z.string(),
      explained: z.boolean().nullable().meta({ description: "whether the route is one of the entries" }),
    })
    .nullable(),
  problems: z.array(
    z.strictObject({
      code: z.enum([...findingCodes, "not-used"]),
      severity: z.enum(["error", "warning", "info"]),
      message: z.string(),
      expected: z.string().nullable(),
      actual: z.string().nullable(),
      fix: z.string(),
    }),
  ),
  networkdAbsent: z.string().nullable().meta({ description: "why networkd has no view; null if it runs" }),
});
