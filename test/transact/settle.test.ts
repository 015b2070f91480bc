/** What is lost while a run is at work, and when it is set again. */
import { expect, test } from "vitest";
import { applyGiven } from "../../src/commands/apply.ts";
import { entryTitle } from "../../src/model/entry.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const address = "2.57.57.30";

/** The host of a guest that is as desired, on which a route goes when the first batch has been carried out. */
async function hostThatLoses(isLost: (address: string) => boolean) {
  const host = hostOf(fixture("l3-guest"));
  const context = await contextOf(host);
  const apply = () =>
    context.system.withLock("/run/netkeep/lock", 1, () => applyGiven(context, { ...applyOptions, given: [] }));
  await apply();
  const { run } = context.system;
  let batches = 0;
  context.system.run = async (program, args, input) => {
    const result = await run(program, args, input);
    if (program === "ip" && input !== undefined && ++batches === 1) host.kernel.dropRoutes(({ dst }) => isLost(dst));
    return result;
  };
  const drift = () => host.kernel.dropNeighbors(({ dst }) => dst === address);
  const routes = () => host.kernel.routes.filter(({ protocol }) => protocol === "107").length;
  return { host, apply, drift, routes };
}

test("without a reload it is set again at once, and told", async () => {
  const { host, apply, drift, routes } = await hostThatLoses((lost) => lost.startsWith(address));
  const before = routes();
  drift();
  const begun = host.system.now();
  const { outcome } = await apply();
  expect(routes()).toBe(before);
  expect(outcome?.kernel.map(({ entry }) => entryTitle(entry))).toHaveLength(1);
  expect(outcome?.again.map(({ entry }) => entryTitle(entry))).toEqual([
    `route ${address}/32 dev cloudbr0 proto 107 scope link`,
  ]);
  expect(outcome?.shortfalls).toEqual([]);
  expect(host.system.now() - begun).toBeLessThan(500);
});
