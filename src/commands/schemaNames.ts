import { outputNames } from "../report/outputNames.ts";

/** What `netkeep schema NAME` knows. */
export const schemaNames: readonly string[] = ["document", ...outputNames];
