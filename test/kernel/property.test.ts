import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { noNetworkd } from "./support/apply.ts";
import { documentOf, seeds } from "./support/arbitrary.ts";
import { ipText, ruleText } from "./support/ipText.ts";

/**
 * Sequences of documents for each of the two seeds. 30 are about 150 documents, which fits into a run of all tests; 220 are
 * over 1,000 documents with some 35,000 entries. A state is counted for each entry of each document that was applied and audited.
 */
const runs = Number(process.env["NETKEEP_PROPERTY_RUNS"] ?? 30);

const onlyNoNetworkd = { findings: [{ code: "networkd-not-running" }] };

test.concurrent.each([1, 2])(
  "random documents one after another, seed %i",
  async (seed) => {
    const counted = { documents: 0, entries: 0 };
    await inNamespace(async (ns) => {
      await withDriver(ns, async (apply) => {
        const property = fc.asyncProperty(fc.array(seeds, { minLength: 1, maxLength: 4 }), async (sequence) => {
          await apply({});
          expect([...(await ipText(ns)), ...(await ruleText(ns))]).toEqual([]);
          for (const list of sequence) {
            const { document, lines } = documentOf(list);
            const result = await apply(document);
            expect(result).toMatchObject({ exitCode: noNetworkd });
            if (lines > 0) expect(result.findings).toMatchObject(onlyNoNetworkd);
            expect([...(await ipText(ns)), ...(await ruleText(ns))]).toHaveLength(lines);
            counted.documents += 1;
            counted.entries += lines;
          }
        });
        await fc.assert(property, { seed, numRuns: runs, endOnFailure: true });
      });
    })();
    expect(counted.documents).toBeGreaterThanOrEqual(runs);
    expect(counted.entries).toBeGreaterThan(counted.documents * 20);
    console.info(`seed ${seed}: ${counted.documents} documents with ${counted.entries} entries, no finding`);
  },
  3_600_000,
);

interface DriverResult {
  readonly exitCode: number | null;
  readonly messages: unknown;
  readonly findings?: { readonly findings: readonly { readonly code: string }[] };
}

/** Starts driver.ts in the namespace, and ends it however `work` ends. */
async function withDriver(
  ns: Namespace,
  work: (apply: (document: object) => Promise<DriverResult>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "netkeep-driver-"));
  try {
    const outfile = join(folder, "driver.mjs");
    await build({
      entryPoints: [new URL("./support/driver.ts", import.meta.url).pathname],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
      define: { NETKEEP_VERSION: '"0"' },
      banner: { js: 'import { createRequire } from "node:module";const require=createRequire(import.meta.url);' },
    });
    const child = spawn("nsenter", [...ns.entrance, process.execPath, outfile], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await work(async (document) => {
      child.stdin.write(`${JSON.stringify({ version: 1, ...document })}\n`);
      return JSON.parse((await answers.next()).value ?? "null") as DriverResult;
    }).finally(() => child.stdin.end());
    await ended;
  } finally {
    await rm(folder, { recursive: true });
  }
}
