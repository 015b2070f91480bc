import { describe, expect, test } from "vitest";
import { schemaCommand } from "../../src/commands/schema.ts";
import { schemaNames } from "../../src/commands/schemaNames.ts";
import { UserError } from "../../src/errors.ts";

/** The published schemas are made from what checks the data; a change shows here, and `vitest -u` writes it. */
describe("netkeep schema", () => {
  test.each(schemaNames)("%s is the stored one", async (name) => {
    await expect(schemaCommand(name).text).toMatchFileSnapshot(`../../docs/schema/${name}.schema.json`);
  });

  test("names what it knows", () => {
    expect(schemaNames).toEqual([
      "document",
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
    ]);
    expect(() => schemaCommand("plans")).toThrow(
      new UserError(
        64,
        "no schema is named plans; known: document, plan, apply, try, history, history-diff, history-show, audit, show, explain, restore, settle, doctor, vdsm, error",
      ),
    );
  });
});
