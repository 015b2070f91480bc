import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { UserError } from "../../src/errors.ts";
import { ensureBuilt, netkeep, temporaryFolder, tree } from "../support/cli.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { misshapen, mutant, sound } from "./mutations.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
const controls = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/;

/** Applies a text on a host in memory. @returns "refused" if the document is malformed */
async function apply(text: string): Promise<"applied" | "refused"> {
  const host = hostOf(fixture("multipath-table-metrics"));
  host.files.delete("/etc/netkeep/desired.d/routes.yaml");
  const before = host.files.tree("/etc", "/run", "/var");
  const given = [{ owner: "d", source: "d.yaml", path: null, text }];
  try {
    const { exitCode } = await applyCommand(await contextOf(host), { ...applyOptions, given });
    // 2: sound, and the kernel refuses an entry (a next hop out of reach), or there is another reason not to begin.
    expect([0, 2]).toContain(exitCode);
    return "applied";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(65);
    expect(error.message).not.toMatch(controls);
    for (const line of error.message.split("\n")) expect(line).toMatch(/^d\.yaml:\d+:\d+: .|^ {4}/);
    expect(host.files.tree("/etc", "/run", "/var")).toEqual(before);
    expect(host.kernel.lines).toEqual([]);
    return "refused";
  }
}

describe("malformed documents", () => {
  test.each(sound)("%#: the originals are sound", async (text) => {
    expect(await apply(text)).toBe("applied");
  });

  test.each([
    ["text", mutant, 600],
    ["structure", misshapen, 300],
  ])(
    "by mutation of the %s: refused as a whole with line and column, nothing is touched",
    async (_, texts, numRuns) => {
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(texts, async (text) => {
          if ((await apply(text)) === "refused") refused += 1;
        }),
        { numRuns },
      );
      expect(refused, "most of them are really malformed").toBeGreaterThanOrEqual(numRuns / 2);
    },
  );
});

describe("through the built file", () => {
  beforeAll(ensureBuilt);

  test("25 malformed documents: status 65, no file, no stack", async () => {
    const folder = temporaryFolder();
    let tried = 0;
    for (const text of fc.sample(fc.oneof(mutant, misshapen), 200)) {
      if (tried === 25) break;
      // What a file can hold: a lone surrogate is written as U+FFFD.
      const written = Buffer.from(text, "utf8").toString("utf8");
      if ((await apply(written)) === "applied") continue;
      tried += 1;
      const file = join(folder, "d.yaml");
      writeFileSync(file, written);
      const root = temporaryFolder();
      const ran = netkeep(["apply", "--root", root, file]);
      expect({ status: ran.status, stdout: ran.stdout, text }).toEqual({ status: 65, stdout: "", text });
      expect(ran.stderr).toMatch(/^netkeep: \S+d\.yaml:\d+:\d+: /);
      expect(ran.stderr).not.toMatch(/\n\s+at |fault of netkeep|node:internal/);
      expect(tree(root)).toEqual({});
    }
    expect(tried).toBe(25);
  });
});
