import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import { parseExposition } from "../support/exposition.ts";
import { contextOf } from "../support/fixture.ts";
import { driftedHost, largeHost, rightHost } from "../support/reviewHosts.ts";

const formats = ["text", "prometheus", "html"] as const;

/** A host with a neighbor missing and nothing that a repair cannot mend. */
const mendable = () => largeHost(4, 2, 3);

function statusIn(metrics: string): number | undefined {
  return parseExposition(metrics).find(({ name }) => name === "netkeep_audit_exit_status")?.value;
}

describe("the formats of an audit", () => {
  test.each(formats)("%s: status, data and summary are those of the text", async (format) => {
    for (const make of [rightHost, driftedHost]) {
      const context = await contextOf(await make());
      const [text, other] = [
        await auditCommand(context, { repair: false }),
        await auditCommand(context, { repair: false, format }),
      ];
      expect(other).toEqual({ ...text, text: other.text });
      expect(outputSchemas.audit.safeParse(JSON.parse(JSON.stringify(other.data))).error).toBeUndefined();
    }
  });

  test.each(formats)("%s: after a repair, what is left and what was found before", async (format) => {
    const host = await mendable();
    host.begin();
    const { exitCode, text, data } = await auditCommand(await contextOf(host), { repair: true, format });
    expect({ exitCode, data }).toMatchObject({
      exitCode: 0,
      data: { exitCode: 0, findings: [], summary: { errors: 0 } },
    });
    expect((data as { repaired: unknown[] }).repaired).toHaveLength(2);
    if (format === "text") expect(text).toMatch(/^kernel\n\+ neighbor 10\.0\.0\.0 /);
    if (format === "prometheus") expect(statusIn(text)).toBe(0);
    if (format === "html")
      expect(text).toMatch(/^<!doctype html>[\s\S]*As desired after the repair[\s\S]*Before the repair/);
  });

  test("metrics have the status of a repair that did not do all", async () => {
    const host = await driftedHost();
    host.begin();
    const { exitCode, text } = await auditCommand(await contextOf(host), { repair: true, format: "prometheus" });
    expect(exitCode).toBeGreaterThan(0);
    expect(statusIn(text)).toBe(exitCode);
  });

  test("an audit that fails is an error, and in metrics a status", async () => {
    const host = await rightHost();
    host.system.privileged = false;
    const context = await contextOf(host);
    await expect(auditCommand(context, { repair: true, format: "html" })).rejects.toMatchObject({ exitCode: 77 });
    const failed = await auditCommand(context, { repair: true, format: "prometheus" });
    expect(failed).toMatchObject({
      exitCode: 77,
      messages: [{ level: "error", text: expect.stringContaining("needs root") }],
    });
    expect(statusIn(failed.text)).toBe(77);
    const killed = await rightHost();
    killed.begin({ at: 1, how: "fail" });
    const unreadable = await auditCommand(await contextOf(killed), { repair: false, format: "prometheus" });
    expect(statusIn(unreadable.text)).toBe(unreadable.exitCode);
    expect(unreadable.exitCode).toBe(2);
  });
});
