/** Moves of a guest between the two hosts of a fabric, with traffic to it, and how long it could not be reached. */
import { expect } from "vitest";
import type { Fabric } from "./frr.ts";
import { type MovingGuest, prefixes } from "./guestOnTheMove.ts";
import type { LabHost } from "./host.ts";
import { waitFor } from "./scenario.ts";
import type { TrafficResult } from "./traffic.ts";

/**
 * `live`: the target has the entries before the guest goes over, as with libvirt. `cold`: it is stopped on one host and
 * started on the other.
 */
export type Kind = "live" | "cold";

export interface Move {
  readonly kind: Kind;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly ended: number;
  /** Milliseconds that each hook took. */
  readonly hooks: readonly number[];
  /** Packets were lost for so many milliseconds, in the worse of both families. */
  readonly away: number;
}

/**
 * The guest runs on the first host and goes back and forth, with two flows to it. After each move the reflector has it
 * from the target alone, also a moment later.
 */
export async function moveAround(fabric: Fabric, moving: MovingGuest, kinds: readonly Kind[]): Promise<Move[]> {
  const flows = await moving.traffic();
  const moves: Omit<Move, "away">[] = [];
  let [from, to] = fabric.hosts;
  for (const kind of kinds) {
    const begun = Date.now();
    const hooks = kind === "live" ? await moveLive(moving, from, to) : await moveCold(fabric, moving, from, to);
    await waitFor(async () => (await whereAnnounced(fabric)).every((names) => names.join() === to.name));
    const settled = await fabric.updates();
    // A withdrawal or an announcement that comes late would show here.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await whereAnnounced(fabric)).toEqual(prefixes.map(() => [to.name]));
    expect(await fabric.updates()).toBe(settled);
    moves.push({ kind, to: to.name, begun, ended: Date.now(), hooks });
    [from, to] = [to, from];
  }
  const results = await Promise.all(flows.map((flow) => flow.stop()));
  return moves.map((move) => ({ ...move, away: Math.max(...results.map((result) => awayDuring(result, move))) }));
}

/** The hosts that announce each of the guest's prefixes. */
export function whereAnnounced(fabric: Fabric): Promise<string[][]> {
  return Promise.all(prefixes.map((prefix) => fabric.announcers(prefix)));
}

/** One line for people. */
export function moveReport(suite: string, moves: readonly Move[]): string {
  const lines = (["live", "cold"] as const).flatMap((kind) => {
    const times = moves.filter((move) => move.kind === kind).map(({ away }) => away);
    if (times.length === 0) return [];
    const sorted = [...times].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    return [`${times.length} ${kind} moves, without connectivity ${times.join(", ")} ms (median ${median})`];
  });
  const hooks = moves.flatMap((move) => move.hooks).sort((a, b) => a - b);
  return `${suite}: ${lines.join("; ")}; hooks took ${hooks[0]} to ${hooks.at(-1)} ms`;
}

async function moveLive(moving: MovingGuest, from: LabHost, to: LabHost): Promise<number[]> {
  const added = await moving.hook(to, "add");
  await moving.run(from, false);
  await moving.run(to, true);
  return [added, await moving.hook(from, "delete")];
}

async function moveCold(fabric: Fabric, moving: MovingGuest, from: LabHost, to: LabHost): Promise<number[]> {
  await moving.run(from, false);
  const deleted = await moving.hook(from, "delete");
  await waitFor(async () => (await whereAnnounced(fabric)).every((names) => names.length === 0));
  const added = await moving.hook(to, "add");
  await moving.run(to, true);
  return [deleted, added];
}

function awayDuring({ gaps }: TrafficResult, { begun, ended }: Pick<Move, "begun" | "ended">): number {
  return gaps.filter(({ at }) => at >= begun && at <= ended).reduce((sum, { ms }) => sum + ms, 0);
}
