import * as z from "zod";
import { documentSchema } from "../desired/schema.ts";
import { exitCodes, UserError } from "../errors.ts";
import { outputSchemas } from "../report/schemas.ts";
import type { CommandResult } from "../result.ts";
import { schemaNames } from "./schemaNames.ts";

/** The JSON Schema of the document or of a command's `--json` output, generated from what checks them. */
export function schemaCommand(name: string): CommandResult {
  const schemas: Readonly<Record<string, z.ZodType>> = { document: documentSchema, ...outputSchemas };
  const schema = schemas[name];
  if (schema === undefined) {
    throw new UserError(exitCodes.usage, `no schema is named ${name}; known: ${schemaNames.join(", ")}`);
  }
  const data = z.toJSONSchema(schema, { io: "input" });
  return { exitCode: exitCodes.asDesired, data, text: `${JSON.stringify(data, null, 2)}\n`, messages: [] };
}
