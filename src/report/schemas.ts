import * as z from "zod";
import { findingCodes } from "../model/finding.ts";
import { explainSchema } from "./explainSchema.ts";
import type { OutputName } from "./outputNames.ts";

/** The shapes of what `--json` prints, as zod schemas; `netkeep schema` publishes them as JSON Schema. */

const noteSchema = z.strictObject({
  level: z.enum(["info", "warning", "refusal"]),
  link: z.string().nullable(),
  text: z.string(),
});

const planSchema = z.strictObject({
  kernel: z.array(
    z.strictObject({
      action: z.enum(["add", "replace", "remove"]),
      kind: z.enum(["route", "neighbor", "rule", "bridge"]),
      link: z.string(),
      entry: z.string().meta({ description: "in the words of ip-route(8), ip-neighbour(8), ip-rule(8) or ip-link(8)" }),
      before: z.string().nullable().meta({ description: "of what is replaced; of a bridge what differs" }),
    }),
  ),
  files: z.array(
    z.strictObject({ action: z.enum(["write", "remove"]), path: z.string(), text: z.string().nullable() }),
  ),
  reloads: z.array(z.string()).meta({ description: "links that networkd sets up anew" }),
  notes: z.array(noteSchema),
});

const entryProblem = z.strictObject({ entry: z.string(), link: z.string(), reason: z.string() });

const applySchema = z.strictObject({
  plan: planSchema,
  outcome: z
    .strictObject({
      stored: z.array(z.string()),
      kernel: z.int().meta({ description: "number of kernel changes made" }),
      files: z.array(z.string()),
      reload: z.string(),
      refused: z.array(entryProblem),
      missing: z.array(z.strictObject({ entry: z.string(), link: z.string(), actual: z.string().nullable() })),
      restored: z.array(z.string()),
      lost: z.array(z.string()),
      unsettled: z.record(z.string(), z.string()),
    })
    .nullable()
    .meta({ description: "null if the plan was refused" }),
});

const trySchema = z.strictObject({
  state: z
    .enum(["refused", "trying", "ending", "confirmed", "reverted"])
    .nullable()
    .meta({ description: "how it ended; null if nothing was being tried" }),
  applied: applySchema.nullable().meta({ description: "what was done first; null if nothing" }),
});

const historySchema = z.strictObject({
  generations: z
    .array(
      z.strictObject({
        number: z.int(),
        time: z.number().meta({ description: "milliseconds since 1970" }),
        command: z.string(),
        complete: z.boolean().meta({ description: "false if the run that made it was interrupted" }),
        takesOver: z.boolean().meta({ description: "entries of somebody else became netkeep's" }),
        documents: z.array(
          z.strictObject({ action: z.enum(["add", "change", "remove"]), owner: z.string(), path: z.string() }),
        ),
        entries: z
          .strictObject({ added: z.int(), changed: z.int(), removed: z.int() })
          .meta({ description: "changes of the kernel" }),
        files: z.array(z.string()),
      }),
    )
    .meta({ description: "from the oldest to the newest" }),
});

const historyDiffSchema = z.strictObject({
  from: z.int(),
  to: z.int(),
  changes: z.array(z.strictObject({ path: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
});

const historyShowSchema = z.strictObject({ number: z.int(), path: z.string(), text: z.string() });

const findingSchema = z.strictObject({
  code: z.enum(findingCodes),
  severity: z.enum(["error", "warning", "info"]),
  layer: z.enum(["documents", "drop-in", "networkd", "kernel"]),
  owner: z.string().nullable(),
  link: z.string().nullable(),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  message: z.string(),
  fix: z.string(),
});

const auditSchema = z.strictObject({
  host: z.string().nullable().meta({ description: "null with --root" }),
  version: z.string().meta({ description: "of netkeep" }),
  time: z.number().meta({ description: "when the audit began, milliseconds since 1970" }),
  duration: z.number().meta({ description: "milliseconds" }),
  exitCode: z.int().meta({ description: "the exit status" }),
  summary: z.strictObject({
    errors: z.int(),
    warnings: z.int(),
    infos: z.int(),
    owners: z.int(),
    routes: z.int().meta({ description: "different routes that the documents ask for" }),
    neighbors: z.int(),
    rules: z.int(),
  }),
  findings: z.array(findingSchema),
  repaired: z.array(findingSchema).meta({ description: "what was found before the repair" }),
});

const showSchema = z.strictObject({
  owners: z.array(
    z.strictObject({
      owner: z.string(),
      source: z.string(),
      persistence: z.enum(["persistent", "runtime"]),
      changed: z.number().meta({ description: "milliseconds since 1970" }),
      entries: z.array(
        z.strictObject({
          kind: z.enum(["route", "neighbor", "rule", "bridge"]),
          link: z.string(),
          entry: z.string(),
          path: z.string(),
        }),
      ),
    }),
  ),
});

const restoreSchema = z.strictObject({
  written: z.array(z.string()),
  removed: z.array(z.string()),
  failed: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
  broken: z.array(z.strictObject({ owner: z.string(), source: z.string(), problems: z.array(z.string()) })),
  notes: z.array(noteSchema),
});

const settleSchema = z.strictObject({
  findings: z.array(findingSchema).meta({ description: "what is not as desired now" }),
  repaired: z.array(findingSchema).meta({ description: "what was found before the repair" }),
});

const doctorSchema = z.strictObject({
  checks: z
    .array(z.strictObject({ check: z.string(), about: z.string(), why: z.string() }))
    .meta({ description: "those that were made, or with --list those that there are" }),
  results: z.array(
    z.strictObject({
      check: z.string(),
      verdict: z.enum(["ok", "warn", "fail", "skip"]),
      link: z.string().nullable().meta({ description: "null for the host" }),
      evidence: z.array(z.string()),
      why: z.string().meta({ description: "what happens in this trap" }),
      fix: z.array(z.string()).meta({ description: "lines for a shell of root; # begins a line for the reader" }),
    }),
  ),
  summary: z.strictObject({ ok: z.int(), warn: z.int(), fail: z.int(), skip: z.int() }),
});

const vdsmSchema = z.strictObject({
  status: z
    .strictObject({ code: z.int(), message: z.string() })
    .meta({ description: "VDSM's: 0 is done, 10 a lost connection, others as in netkeep-hooks(7)" }),
  problems: z.array(z.strictObject({ code: z.int(), subject: z.string(), message: z.string() })),
  networks: z.array(
    z.strictObject({
      name: z.string(),
      action: z.enum(["set", "remove"]),
      link: z.string().nullable().meta({ description: "that its routes are on; null if it was not known" }),
      table: z.int().nullable().meta({ description: "the number of its own routing table" }),
    }),
  ),
  notes: z.array(z.string()).meta({ description: "what is left to others" }),
  applied: applySchema.nullable().meta({ description: "what was done first; null if nothing" }),
});

const errorSchema = z.strictObject({ error: z.strictObject({ exitCode: z.int(), message: z.string() }) });

export const outputSchemas = {
  plan: planSchema,
  apply: applySchema,
  try: trySchema,
  history: historySchema,
  "history-diff": historyDiffSchema,
  "history-show": historyShowSchema,
  audit: auditSchema,
  show: showSchema,
  explain: explainSchema,
  restore: restoreSchema,
  settle: settleSchema,
  doctor: doctorSchema,
  vdsm: vdsmSchema,
  error: errorSchema,
} as const satisfies Readonly<Record<OutputName, z.ZodType>>;
