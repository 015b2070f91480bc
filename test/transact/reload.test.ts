/** How long a reload is waited for, and by how many calls of networkctl, on a clock that only sleeping moves. */
import { describe, expect, test } from "vitest";
import type { KernelState } from "../../src/model/state.ts";
import type { System } from "../../src/system/system.ts";
import { reloadNetworkd } from "../../src/transact/reload.ts";

const begin = 1_000_000;
const links = new Map([["br0", { index: 3 }]]) as unknown as KernelState["links"];

interface Networkd {
  /** Milliseconds until the link is set up. */
  readonly takes: number;
  /** When networkd writes the link's state file, in milliseconds; before the beginning there was one. null: it writes none. */
  readonly writes: readonly number[] | null;
}

function hostWith({ takes, writes }: Networkd) {
  let now = begin;
  const calls: string[] = [];
  const written = () => [-5000, ...(writes ?? [])].findLast((time) => begin + time <= now) ?? 0;
  const stateAt = (time: number) => (time >= takes || time < 0 ? "configured" : "configuring");
  const system: Partial<System> = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    modified: async (path) => (writes === null || path !== "/run/systemd/netif/links/3" ? null : begin + written()),
    readText: async () => (writes === null ? null : `ADMIN_STATE=${stateAt(written())}\n`),
    run: async (program, args) => {
      calls.push(`${program} ${args[0]}`);
      const listed = `  3 br0 bridge routable ${stateAt(now - begin)}\n`;
      return { exitCode: 0, stderr: "", stdout: args[0] === "list" ? listed : "" };
    },
  };
  const reload = async (seconds: number) => {
    const { states } = await reloadNetworkd(system as System, ["br0"], links, seconds, async () => false);
    return { states: Object.fromEntries(states), calls, elapsed: now - begin };
  };
  return { reload };
}

describe("a reload", () => {
  test("is over soon after networkd has written the state of the link, and no program is run to see that", async () => {
    const { states, calls, elapsed } = await hostWith({ takes: 112, writes: [8, 112] }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBeGreaterThanOrEqual(112);
    expect(elapsed).toBeLessThanOrEqual(122);
    expect(calls).toEqual(["networkctl reload"]);
  });

  test("is not over before networkd has turned to the link, unless it never does", async () => {
    expect((await hostWith({ takes: 8, writes: [8] }).reload(30)).elapsed).toBeGreaterThanOrEqual(8);
    const { states, elapsed } = await hostWith({ takes: 0, writes: [] }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBeLessThanOrEqual(310);
  });

  test("is over although no file was written", async () => {
    const { states, elapsed, calls } = await hostWith({ takes: 112, writes: null }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBe(127);
    expect(calls).toEqual(["networkctl reload", ...Array<string>(8).fill("networkctl list")]);
  });

  test("ends when the time does, however often a file is written", async () => {
    const writes = Array.from({ length: 1000 }, (_, n) => n * 10);
    const { states, elapsed } = await hostWith({ takes: 60_000, writes }).reload(2);
    expect(states).toEqual({ br0: "configuring" });
    expect(elapsed).toBeLessThanOrEqual(2010);
  });
});
