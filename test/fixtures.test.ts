import { describe, expect, test } from "vitest";
import { applyCommand } from "../src/commands/apply.ts";
import { auditCommand } from "../src/commands/audit.ts";
import { planCommand } from "../src/commands/plan.ts";
import { exitCodes, UserError } from "../src/errors.ts";
import type { CommandResult } from "../src/result.ts";
import type { FakeSystem } from "./support/fakeSystem.ts";
import {
  applyOptions,
  contextOf,
  expectedKernel,
  expectedTree,
  type Fixture,
  hostOf,
  listFixtures,
} from "./support/fixture.ts";
import { canonicalJson } from "./support/ipJson.ts";

/**
 * Every folder of fixtures/ through the real commands on a host in memory: an audit, a plan, an apply. What netkeep wrote,
 * the `ip` commands it gave and what it said are compared with expected/, both ways: what is not expected fails too.
 * UPDATE_FIXTURES=1 writes expected/ anew; review it like code.
 */
const fixtures = listFixtures();

test("there are fixtures", () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(25);
});

describe.each(fixtures)("$name: $about", (fixture) => {
  test("before the apply, the apply, the host afterwards", async () => {
    const host = hostOf(fixture);
    const before = host.files.tree("/etc", "/run", "/var", "/usr");
    const context = await contextOf(host);
    const audit = await outcome(() => auditCommand(context, { repair: false }));
    const options = { ...applyOptions, given: [], adopt: fixture.adopt };
    const plan = await outcome(() => planCommand(context, options));
    expect(host.kernel.lines, "audit and plan change nothing").toEqual([]);
    expect(host.files.tree("/etc", "/run", "/var", "/usr")).toEqual(before);

    const applied = await outcome(() => applyCommand(context, options));
    expect(applied.exitCode).toBe(fixture.exitCode);
    const said = new Map([
      ["audit.txt", `${audit.text}${audit.said}exit ${audit.exitCode}\n`],
      ["apply.txt", `${applied.said}exit ${applied.exitCode}\n`],
      ["batch.txt", host.kernel.lines.map((line) => `ip ${line}\n`).join("")],
    ]);
    const actual = new Map([...said, ...written(host)]);
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expectedTree(fixture, actual)));
    expect(host.temporaryFiles).toEqual([]);
    expectKernel(host, fixture);
    if (applied.refused) await expectNothingDone(host, before, plan.exitCode);
    else await expectSettled(host, fixture, plan.exitCode);
  });
});

/** The fake kernel has come to the same as a real one with these commands; without commands it is as it was. */
function expectKernel(host: FakeSystem, fixture: Fixture) {
  const real = expectedKernel(fixture);
  expect(real === null).toBe(host.kernel.lines.length === 0);
  if (real === null) return;
  // Routes of protocol kernel come and go with addresses and `linkdown` with ports: the fake kernel knows of neither.
  const madeLinks = host.kernel.lines.some((line) => line.startsWith("link "));
  const comparable = (item: { protocol?: string; flags?: string[] }) =>
    madeLinks && item.flags !== undefined ? { ...item, flags: item.flags.filter((flag) => flag !== "linkdown") } : item;
  const sorted = (list: readonly { protocol?: string; flags?: string[] }[]) =>
    list
      .filter(({ protocol }) => !madeLinks || protocol !== "2")
      .map((item) => canonicalJson(comparable(item)))
      .sort();
  expect(sorted(host.kernel.routes)).toEqual(sorted([...real.route4, ...real.route6]));
  expect(sorted(host.kernel.neighbors)).toEqual(sorted(real.neigh));
  const { 4: rules4, 6: rules6 } = host.kernel.rules.lists;
  // Their order counts.
  if (real.rule4 !== undefined) expect([rules4, rules6].map(inOrder)).toEqual([real.rule4, real.rule6].map(inOrder));
  else expect(rules4.length + rules6.length).toBe(5);
}

function inOrder(list: readonly object[] = []): string[] {
  return list.map(canonicalJson);
}

/** A refusal is complete: neither a file nor an entry has changed. */
async function expectNothingDone(host: FakeSystem, before: Map<string, string>, planExit: number) {
  expect(host.files.tree("/etc", "/run", "/var", "/usr")).toEqual(before);
  expect(host.kernel.lines).toEqual([]);
  expect([exitCodes.failed, exitCodes.badData]).toContain(planExit);
}

/** The second apply finds nothing to do, unless the first could not do all. */
async function expectSettled(host: FakeSystem, fixture: Fixture, planExit: number) {
  expect(planExit).toBe(fixture.name === "unchanged" ? exitCodes.asDesired : exitCodes.differs);
  if (fixture.exitCode !== exitCodes.asDesired) return;
  const [tree, lines] = [host.files.tree("/etc", "/run", "/var"), host.kernel.lines.length];
  const context = await contextOf(host);
  const again = await outcome(() => applyCommand(context, { ...applyOptions, given: [], adopt: fixture.adopt }));
  expect(again.said).toMatch(/nothing to do\n$/);
  expect(host.kernel.lines.slice(lines)).toEqual([]);
  expect(host.files.tree("/etc", "/run", "/var")).toEqual(tree);
  const audit = await auditCommand(context, { repair: false });
  expect(audit.text.replace(/^.*link-missing[\s\S]*$/m, "")).not.toMatch(/error|[-+~] (kernel|dropin|networkd)/);
  expect(audit.exitCode).toBe(exitCodes.asDesired);
}

/** What netkeep may have written, without what was there before and stays, and without the empty marks for udev. */
function written(host: FakeSystem): [string, string][] {
  const tree = host.files.tree("/etc", "/run", "/var/lib/netkeep");
  const told = [...tree].filter(([path]) => !/^\/(etc\/netkeep|run\/netkeep\/links)\//.test(path));
  return told.map(([path, text]) => [path.slice(1), text]);
}

interface Said {
  readonly exitCode: number;
  readonly text: string;
  readonly said: string;
  readonly refused: boolean;
}

async function outcome(run: () => Promise<CommandResult>): Promise<Said> {
  try {
    const { exitCode, text, messages } = await run();
    const refused = messages.some((message) => message.text === "nothing was changed");
    return { exitCode, text, said: messages.map((message) => `${message.text}\n`).join(""), refused };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { exitCode: error.exitCode, text: "", said: `${error.message}\n`, refused: true };
  }
}
