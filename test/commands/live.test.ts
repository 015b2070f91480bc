import { describe, expect, test } from "vitest";
import type { KernelChange } from "../../src/model/change.ts";
import { type Entry, entryKey, entryText } from "../../src/model/entry.ts";
import type { KernelState } from "../../src/model/state.ts";
import { applyLive } from "../../src/transact/live.ts";
import { neighbor, route } from "../support/build.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const removed = [1, 2, 3].map((last) => neighbor(`10.0.0.${last}`, "02:00:00:00:00:01", "cloudbr0"));
const remove = (entry: Entry): KernelChange => ({ action: "remove", entry });

async function start() {
  const host = hostOf(fixture("l3-guest"));
  for (const { address: dst, mac: lladdr } of removed) {
    host.kernel.setNeighbor({ dst, dev: "cloudbr0", lladdr, state: ["PERMANENT"], protocol: "107" });
  }
  const { system } = await contextOf(host);
  /** What is left of `changes`, as the planner would say. */
  const replan = (changes: readonly KernelChange[]) => (state: Pick<KernelState, "routes" | "neighbors">) => {
    const there = new Map([...state.routes, ...state.neighbors].map((entry) => [entryKey(entry), entryText(entry)]));
    return changes.filter(({ action, entry }) =>
      action === "remove" ? there.has(entryKey(entry)) : there.get(entryKey(entry)) !== entryText(entry),
    );
  };
  const apply = (changes: readonly KernelChange[], on = system) => applyLive(on, changes, 107, replan(changes));
  return { host, system, apply };
}

describe("applyLive", () => {
  test("a delete whose entry vanished stops the batch; the rest is done, and nobody is blamed", async () => {
    const { host, apply } = await start();
    host.kernel.dropNeighbors(({ dst }) => dst === "10.0.0.1");
    const { refused, applied } = await apply(removed.map(remove));
    expect(refused).toEqual([]);
    expect(applied).toHaveLength(3);
    expect(host.kernel.neighbors).toEqual([]);
    expect(host.kernel.lines.filter((line) => line === "neigh del 10.0.0.3 dev cloudbr0")).toHaveLength(1);
  });

  test("what the kernel refuses is told with its words, and the others are done", async () => {
    const { host, apply } = await start();
    const wanted = [
      route("10.8.0.0/16", "nosuch"),
      route("10.9.0.0/16", "cloudbr0", { via: "203.0.113.250" }),
      route("10.7.0.0/16", "cloudbr0"),
      neighbor("10.7.0.1", "02:00:00:00:00:01", "nosuch"),
    ].map((entry): KernelChange => ({ action: "add", entry }));
    const { refused, applied } = await apply(wanted);
    expect(refused.map(({ entry, reason }) => [entry.link, reason])).toEqual([
      ["nosuch", 'Cannot find device "nosuch"'],
      ["cloudbr0", "Nexthop has invalid gateway"],
      ["nosuch", 'Cannot find device "nosuch"'],
    ]);
    expect(applied.map(({ entry }) => entryText(entry))).toEqual(["10.7.0.0/16 dev cloudbr0 proto 107 scope link"]);
    expect(host.kernel.lines).toHaveLength(4);
  });

  test("a kernel that refuses more neighbors than there is patience for: nothing untried counts as done", async () => {
    const { host, apply } = await start();
    const wanted = Array.from({ length: 103 }, (_, n) => neighbor(`10.7.0.${n + 1}`, "02:00:00:00:00:01", "cloudbr0"));
    const last = neighbor("10.8.0.1", "02:00:00:00:00:01", "cloudbr0");
    host.kernel.refuses = (line) => line.includes("10.7.0.");
    const { refused, applied } = await apply(
      [...wanted, last].map((entry): KernelChange => ({ action: "add", entry })),
    );
    expect(refused).toEqual(wanted.slice(0, 100).map((entry) => ({ entry, reason: "Invalid argument" })));
    expect(applied).toEqual([]);
    expect(host.kernel.neighbors.some(({ dst }) => dst === "10.8.0.1")).toBe(false);
  });

  test("an ip that is killed is begun again, and no entry is blamed for it", async () => {
    const { host, system, apply } = await start();
    let kills = 2;
    const run: typeof system.run = async (program, args, input) => {
      if (!args.includes("-batch") || kills-- <= 0) return system.run(program, args, input);
      await system.run(program, args, `${input?.split("\n")[0]}\n`);
      return { stdout: "", stderr: "Command was killed with SIGKILL: ip", exitCode: 126 };
    };
    const wanted = [1, 2, 3, 4].map((last) => neighbor(`10.7.0.${last}`, "02:00:00:00:00:01", "cloudbr0"));
    const changes = wanted.map((entry): KernelChange => ({ action: "add", entry }));
    const { refused, applied } = await apply(changes, Object.assign(Object.create(system), { run }));
    expect(refused).toEqual([]);
    expect(applied).toEqual(changes);
    expect(host.kernel.lines.map((line) => line.split(" ")[2])).toEqual(wanted.map(({ address }) => address));
  });

  test("a route that is gone before its delete is as wanted", async () => {
    const { apply } = await start();
    expect(await apply([remove(route("10.7.0.0/16", "cloudbr0"))])).toMatchObject({
      refused: [],
      applied: [{ action: "remove" }],
    });
  });
});
