import { createInterface } from "node:readline";
import { applyCommand } from "../../../src/commands/apply.ts";
import { auditCommand } from "../../../src/commands/audit.ts";
import { loadSettings } from "../../../src/commands/settings.ts";
import { UserError } from "../../../src/errors.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { realSystem } from "../../../src/system/real.ts";

/**
 * Runs inside of a namespace: each line of its input is a document, which it applies for one owner and audits; each line of
 * its output is what came of that. So Node starts once for hundreds of documents.
 */
const options = { runtime: false, adopt: false, dryRun: false, live: true, reload: true };

for await (const text of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(text))}\n`);
}

async function run(text: string): Promise<unknown> {
  try {
    const system = realSystem("");
    const context = { system, settings: await loadSettings(system), style: plainStyle };
    const given = [{ owner: "property", source: "stdin", path: null, text }];
    const applied = await applyCommand(context, { ...options, given });
    const audited = await auditCommand(context, { repair: false });
    return { exitCode: applied.exitCode, messages: applied.messages, findings: audited.data };
  } catch (error) {
    return { exitCode: error instanceof UserError ? error.exitCode : null, messages: String(error) };
  }
}
