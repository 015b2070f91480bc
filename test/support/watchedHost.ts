import type { Address, Prefix } from "../../src/model/address.ts";
import { type Entry, entryKey } from "../../src/model/entry.ts";
import type { KernelEvent } from "../../src/model/event.ts";
import type { MacAddress } from "../../src/model/mac.ts";
import type { KernelNeighbor, KernelRoute } from "../../src/model/state.ts";
import { createSchedule } from "../../src/watch/schedule.ts";
import { createStrikes } from "../../src/watch/strikes.ts";
import { createSuspects } from "../../src/watch/suspects.ts";

export const ours = 107;

export function neighbor(n: number, protocol: number | null = ours): KernelNeighbor {
  const [address, mac] = [`10.0.${n >> 8}.${n & 255}`, `52:00:00:00:00:${(n & 255).toString(16).padStart(2, "0")}`];
  return { kind: "neighbor", link: "br0", address: address as Address, mac: mac as MacAddress, protocol };
}

export function route(n: number, protocol = ours): KernelRoute {
  return {
    ...({ kind: "route", type: "unicast", table: 254, metric: 0, scope: "link", gateway: null, source: null } as const),
    ...{ destination: `10.0.${n >> 8}.${n & 255}/32` as Prefix, link: "br0", onLink: false, metrics: {}, nextHops: [] },
    ...{ protocol, objects: false, preference: null },
  };
}

export function gone(entry: KernelNeighbor | KernelRoute): KernelEvent {
  return { kind: "entry", gone: true, key: entryKey(entry), entry, link: entry.link };
}

export function set(entry: KernelNeighbor | KernelRoute): KernelEvent {
  return { kind: "entry", gone: false, key: entryKey(entry), entry, link: entry.link };
}

/** Milliseconds that a task takes here. */
const taskTime = 40;

/** A kernel in memory with entries that are wanted, and the decisions of the watch over a time that only tests move on. */
export class WatchedHost {
  readonly kernel = new Map<string, Entry>();
  readonly wanted = new Map<string, Entry>();
  readonly suspects = createSuspects(() => ours);
  readonly strikes = createStrikes();
  readonly #schedule = createSchedule(this.suspects, this.strikes, () => 90_000, 0);
  readonly tasks: { readonly task: string; readonly at: number; readonly healed: number }[] = [];
  now = 0;

  constructor(entries: readonly (KernelNeighbor | KernelRoute)[]) {
    for (const entry of entries) this.wanted.set(entryKey(entry), entry);
    this.run(0);
  }

  /** Changes the kernel; the event may get lost, which the kernel tells. */
  happen(event: KernelEvent, lost = false): void {
    if (event.kind === "entry" && event.entry !== null) {
      if (event.gone) this.kernel.delete(event.key);
      else this.kernel.set(event.key, event.entry);
    }
    if (lost) this.#schedule.distrust(this.now);
    else this.suspects.see(event, this.now);
  }

  /** What vanishes without a word. */
  vanish(keys: readonly string[]): void {
    for (const key of keys) this.kernel.delete(key);
  }

  get missing(): string[] {
    return [...this.wanted].flatMap(([key, entry]) => (this.kernel.get(key) === entry ? [] : [key]));
  }

  /** Lets so many milliseconds pass. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const next = this.#schedule.next(this.now);
      if (next.task === null) {
        if (next.until > end) break;
        this.now = Math.max(this.now, next.until);
        continue;
      }
      this.#perform(next.task);
    }
    this.now = Math.max(this.now, end);
  }

  #perform(task: "documents" | "heal" | "resync"): void {
    const begun = this.now;
    const looked = [...this.suspects.since.keys()];
    this.#schedule.began(task);
    const healed = this.missing;
    this.now += taskTime;
    this.suspects.clear(looked);
    this.suspects.learn(this.wanted, null);
    for (const key of healed) {
      const entry = this.wanted.get(key) as KernelNeighbor | KernelRoute;
      this.kernel.set(key, entry);
      this.suspects.see(set(entry), this.now);
    }
    this.strikes.healed(healed, this.now);
    this.strikes.settle(this.now);
    this.#schedule.ended(task, begun, this.now, healed.length === 0);
    this.tasks.push({ task, at: begun, healed: healed.length });
  }
}
