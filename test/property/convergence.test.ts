import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { planCommand } from "../../src/commands/plan.ts";
import { toDocument } from "../../src/desired/toDocument.ts";
import { parseRoutes } from "../../src/kernel/parseRoutes.ts";
import { parseRules } from "../../src/kernel/parseRules.ts";
import { type Entry, entryKey, entryText } from "../../src/model/entry.ts";
import { hasNoLink } from "../../src/model/route.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";
import { anyEntries } from "./arbitraries.ts";

/** Owners come, change and go on one host: after each apply kernel, files and audit agree, and nothing is left to do. */
const owners = fc.array(
  fc.record({
    owner: fc.constantFrom("a", "b"),
    entries: anyEntries,
    runtime: fc.boolean(),
    live: fc.constantFrom(true, true, false),
  }),
  { minLength: 1, maxLength: 4 },
);

const links = ["cloudbr0", "cloudbr1", "cloud0"];

function host(version: number): FakeSystem {
  const made = hostOf({ ...fixture("multipath-table-metrics"), networkd: version });
  made.files.delete("/etc/netkeep/desired.d/routes.yaml");
  return made;
}

/** Without two entries under one key, in one document or in both. */
function disjoint(entries: readonly Entry[], owner: string): Entry[] {
  const unique = [...new Map(entries.map((entry) => [entryKey(entry), entry])).values()];
  return unique.filter((entry) => {
    const text = entryKey(entry);
    const sum = [...text].reduce((total, letter) => total + letter.charCodeAt(0), 0);
    return (sum % 2 === 0) === (owner === "a");
  });
}

/** Ours in the kernel, by their texts: routes by protocol, neighbors and rules all. */
function ours(made: FakeSystem): string[] {
  const [four, six] = [false, true].map((v6) =>
    JSON.stringify(made.kernel.routes.filter((route) => (route.pref !== undefined) === v6)),
  );
  const routes = [...parseRoutes(four ?? "", 4), ...parseRoutes(six ?? "", 6)].filter(
    ({ protocol }) => protocol === 107,
  );
  const neighbors = made.kernel.neighbors.map(
    ({ dst, dev, lladdr }) => `${dst} lladdr ${lladdr} dev ${dev} nud permanent`,
  );
  const { 4: rules4, 6: rules6 } = made.kernel.rules.lists;
  const rules = [...parseRules(JSON.stringify(rules4), 4), ...parseRules(JSON.stringify(rules6), 6)];
  return [...routes, ...rules]
    .map((entry) => entryText(entry))
    .concat(neighbors)
    .sort();
}

describe.each([252, 257])("networkd %i", (version) => {
  test("apply converges, is idempotent, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(owners, async (steps) => {
        const made = host(version);
        const context = await contextOf(made);
        const wanted = new Map<string, Entry[]>();
        for (const { owner, entries, runtime, live } of steps) {
          const own = disjoint(entries, owner);
          wanted.set(owner, own);
          const given = [{ owner, source: "stdin", path: null, text: JSON.stringify(toDocument(own)) }];
          const { exitCode, messages } = await applyCommand(context, { ...applyOptions, runtime, given, live });
          expect({ exitCode, messages: messages.filter(({ level }) => level === "error") }).toEqual({
            exitCode: 0,
            messages: [],
          });

          // Only netkeep removes on these versions what was live first: without it the rest is the next apply's.
          if (!live) await applyCommand(context, { ...applyOptions, given: [] });
          const all = [...wanted.values()].flat();
          expect(ours(made)).toEqual(all.map(entryText).sort());
          const plan = await planCommand(context, { given: [], runtime: false, adopt: false });
          expect({ exitCode: plan.exitCode, text: plan.text }).toEqual({ exitCode: 0, text: "" });
          const audit = await auditCommand(context, { repair: false });
          expect({ exitCode: audit.exitCode, text: audit.text }).toEqual({ exitCode: 0, text: "" });
        }
        const used = new Set([...wanted.values()].flat().map(({ link }) => link));
        const dropIns = [...made.files.tree("/etc/systemd", "/run/systemd").keys()].filter((path) =>
          path.includes("netkeep"),
        );
        for (const link of links)
          expect(dropIns.some((path) => path.includes(`-${link}.network`))).toBe(used.has(link));
        expect(made.temporaryFiles).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("--repair mends what was deleted, changed and added behind netkeep's back", async () => {
    const harm = fc.array(fc.constantFrom("delete", "keep", "change"), { minLength: 24, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(anyEntries, harm, async (entries, harms) => {
        const made = host(version);
        const context = await contextOf(made);
        const own = disjoint(entries, "a");
        const given = [{ owner: "a", source: "stdin", path: null, text: JSON.stringify(toDocument(own)) }];
        await applyCommand(context, { ...applyOptions, given });
        const before = ours(made);
        let at = 0;
        made.kernel.dropRoutes((route) => route.protocol === "107" && harms[at++ % harms.length] === "delete");
        made.kernel.dropNeighbors(() => harms[at++ % harms.length] === "delete");
        made.kernel.rules.drop(() => harms[at++ % harms.length] === "delete");
        const { 4: rules4, 6: rules6 } = made.kernel.rules.lists;
        for (const one of [...rules4, ...rules6].filter(({ table }) => table === "100")) {
          if (harms[at++ % harms.length] === "change") one.table = "7";
        }
        for (const one of made.kernel.neighbors) {
          if (harms[at++ % harms.length] === "change") made.kernel.setNeighbor({ ...one, lladdr: "02:ff:ff:ff:ff:fe" });
        }
        const harmed = ours(made).join() !== before.join();
        const audit = await auditCommand(context, { repair: false });
        expect(audit.exitCode).toBe(harmed ? 1 : 0);
        const { exitCode } = await auditCommand(context, { repair: true });
        expect(exitCode).toBe(0);
        expect(ours(made)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });
});

test("the entries of these tests reach all kinds", () => {
  const sample = fc.sample(anyEntries, 200).flat();
  const routes = sample.flatMap((entry) => (entry.kind === "route" ? [entry] : []));
  expect(sample.some(({ kind }) => kind === "neighbor")).toBe(true);
  expect(sample.some(({ kind }) => kind === "rule")).toBe(true);
  expect(routes.some(({ nextHops }) => nextHops.length > 1)).toBe(true);
  expect(routes.some(({ type }) => hasNoLink(type))).toBe(true);
  expect(routes.some(({ scope, gateway }) => scope === "global" && gateway === null)).toBe(true);
});
