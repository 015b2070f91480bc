/** How long a reload is waited for, and by how many calls of networkctl, on a clock that only sleeping moves. */
import { describe, expect, test } from "vitest";
import type { System } from "../../src/system/system.ts";
import { reloadNetworkd } from "../../src/transact/reload.ts";

const begin = 1_000_000;

interface Networkd {
  /** Milliseconds until the link is set up. */
  readonly takes: number;
  /** When networkd writes the link's state file, in milliseconds; before the beginning there was one. */
  readonly writes: readonly number[];
}

function hostWith({ takes, writes }: Networkd) {
  let now = begin;
  const calls: string[] = [];
  const system: Partial<System> = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    modified: async () => [-5000, ...writes].map((time) => begin + time).findLast((time) => time <= now) ?? null,
    run: async (program, args) => {
      calls.push(`${program} ${args[0]}`);
      const state = now - begin >= takes ? "configured" : "configuring";
      return { exitCode: 0, stderr: "", stdout: args[0] === "list" ? `  3 br0 bridge routable ${state}\n` : "" };
    },
  };
  const reload = async (seconds: number) => {
    const { states } = await reloadNetworkd(system as System, ["br0"], seconds, async () => false);
    return { states: Object.fromEntries(states), calls, elapsed: now - begin };
  };
  return { reload };
}

describe("a reload", () => {
  test("is over when networkd has written the state of the link", async () => {
    const { states, calls, elapsed } = await hostWith({ takes: 112, writes: [112] }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBe(120);
    expect(calls).toEqual(["networkctl reload", ...Array<string>(5).fill("networkctl list")]);
  });

  test("is over although no file was written", async () => {
    const { states, elapsed } = await hostWith({ takes: 112, writes: [] }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBe(150);
  });

  test("is looked at again after a file whose time the next one may share", async () => {
    const { states, elapsed } = await hostWith({ takes: 155, writes: [150] }).reload(30);
    expect(states).toEqual({ br0: "configured" });
    expect(elapsed).toBe(160);
  });

  test("ends when the time does, however often a file is written", async () => {
    const writes = Array.from({ length: 1000 }, (_, n) => n * 10);
    const { states, elapsed } = await hostWith({ takes: 60_000, writes }).reload(2);
    expect(states).toEqual({ br0: "configuring" });
    expect(elapsed).toBe(2010);
  });
});
