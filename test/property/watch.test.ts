import fc from "fast-check";
import { expect, test } from "vitest";
import { entryKey } from "../../src/model/entry.ts";
import { gone, neighbor, route, set, WatchedHost } from "../support/watchedHost.ts";

const size = 40;
const ours = Array.from({ length: size }, (_, n) => [neighbor(n), route(n)]).flat();

/** What happens to a host, in any order: each takes some milliseconds. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("delete" as const), n: fc.nat(size * 2 - 1) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("replace" as const), n: fc.nat(size - 1) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("flush" as const), n: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("flap" as const), n: fc.nat(size * 2 - 1) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("linkDown" as const), n: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("overrun" as const), n: fc.nat(size * 2 - 1) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("silence" as const), n: fc.nat(size * 2 - 1) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("others" as const), n: fc.nat(1000) }) },
);
const story = fc.array(fc.tuple(happening, fc.nat({ max: 400 })), { minLength: 1, maxLength: 60 });

/** @returns whether the watch could know of it */
function happen(host: WatchedHost, what: string, n: number): boolean {
  const entry = ours[n] as (typeof ours)[number];
  if (what === "delete") host.happen(gone(entry));
  else if (what === "replace") host.happen(set(route(n, 3)));
  else if (what === "flush") for (let at = 0; at < size; at++) host.happen(gone(neighbor(at)));
  else if (what === "flap") for (const event of [gone(entry), set(entry)]) host.happen(event);
  else if (what === "overrun") host.happen(gone(entry), true);
  else if (what === "others")
    for (const event of [set(neighbor(5000 + n, null)), gone(neighbor(5000 + n, null))]) host.happen(event);
  else if (what === "linkDown") {
    // IPv4 routes go without a word; the link itself is heard of.
    host.vanish(ours.filter(({ kind }) => kind === "route").map(entryKey));
    for (const up of [false, true]) host.happen({ kind: "link", gone: false, link: "br0", up, mac: "1" });
  } else host.vanish([entryKey(entry)]);
  return what !== "silence";
}

test("whatever is lost, merged or said twice: all is back, at once if the watch could know, else after the next full look", () => {
  fc.assert(
    fc.property(story, (steps) => {
      const host = new WatchedHost(ours);
      host.run(1000);
      let known = true;
      for (const [{ what, n }, pause] of steps) {
        known = happen(host, what, n) && known;
        host.run(pause);
      }
      // Of what is fought over the last pause may be a minute; everything else is a matter of a second.
      host.run(1000);
      if (known && host.strikes.contested === 0) expect(host.missing).toEqual([]);
      host.run(95_000);
      expect(host.missing).toEqual([]);
      expect(host.suspects.since.size).toBe(0);
      const busy = host.tasks.length * 40;
      expect(busy).toBeLessThan(host.now / 2);
      host.run(400_000);
      expect(host.strikes.contested).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("a day of events of others costs nothing, and what is ours is back in between", () => {
  const host = new WatchedHost(ours);
  for (let n = 0; n < 100_000; n++) {
    host.happen(n % 2 === 0 ? set(neighbor(5000 + (n % 3000), null)) : gone(neighbor(5000 + (n % 3000), null)));
    host.run(864);
    if (n % 5000 === 0) host.happen(gone(ours[n % ours.length] as (typeof ours)[number]));
  }
  host.run(1000);
  expect(host.missing).toEqual([]);
  const heals = host.tasks.filter(({ task }) => task === "heal");
  expect(heals).toHaveLength(20);
  expect(host.suspects.since.size).toBe(0);
});
