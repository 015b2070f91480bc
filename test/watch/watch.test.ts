import { expect, test } from "vitest";
import { entryKey } from "../../src/model/entry.ts";
import { gone, neighbor, route, set, WatchedHost } from "../support/watchedHost.ts";

const many = Array.from({ length: 1000 }, (_, n) => neighbor(n));

test("the flush of a thousand neighbors is one heal, begun when the burst has ended", () => {
  const host = new WatchedHost(many);
  host.run(1000);
  const begun = host.now;
  for (const entry of many) host.happen(gone(entry));
  expect(host.missing).toHaveLength(1000);
  host.run(100);
  expect(host.tasks.slice(1)).toEqual([{ task: "heal", at: begun + 20, healed: 1000 }]);
  expect(host.missing).toEqual([]);
  expect(host.suspects.since.size).toBe(0);
});

test("a burst that does not end is not waited for", () => {
  const host = new WatchedHost(many);
  host.run(1000);
  const begun = host.now;
  host.happen(gone(neighbor(0)));
  for (let n = 1; n < 60; n++) {
    host.run(10);
    host.happen(gone(neighbor(n)));
  }
  expect(host.tasks[1]).toMatchObject({ task: "heal", at: begun + 150 });
});

test("what networkd takes away and sets again at once is not looked at", () => {
  const host = new WatchedHost(many);
  host.run(1000);
  for (const entry of many) host.happen(gone(entry));
  for (const entry of many) host.happen(set(neighbor(many.indexOf(entry), null)));
  host.run(1000);
  expect(host.tasks).toHaveLength(1);
});

test.each([
  ["a foreign neighbor that goes", gone(neighbor(5000, null)), false],
  ["a foreign route", set(route(5000, 3)), false],
  ["a route of ours that nobody wants", set(route(5000)), true],
  ["a replace that took our key", set(route(1, 3)), true],
  ["another MAC", set({ ...neighbor(1), mac: neighbor(2).mac }), true],
  ["our own change", set(route(1)), false],
  ["one key of IPv6 on another link", gone({ ...route(1), link: "br1" }), false],
  ["another link", { kind: "link", gone: false, link: "br1", up: true, mac: "1" } as const, false],
  ["the link comes up", { kind: "link", gone: false, link: "br0", up: true, mac: "1" } as const, true],
  ["an address leaves the link", { kind: "address", gone: true, link: "br0", address: "a" } as const, true],
  ["an address comes", { kind: "address", gone: false, link: "br0", address: "a" } as const, true],
  ["a rule goes", { kind: "rule", gone: true } as const, true],
])("%s", (_what, event, looks) => {
  const host = new WatchedHost([neighbor(1), route(1)]);
  host.run(1000);
  host.suspects.see(event, host.now);
  host.run(1000);
  expect(host.tasks.slice(1).map(({ task }) => task)).toEqual(looks ? ["heal"] : []);
});

test("a link that says the same again is not looked at again", () => {
  const host = new WatchedHost([route(1)]);
  for (let n = 0; n < 5; n++) {
    host.run(1000);
    host.suspects.see({ kind: "link", gone: false, link: "br0", up: true, mac: "02:00:00:00:00:01" }, host.now);
  }
  expect(host.tasks.map(({ task }) => task)).toEqual(["resync", "heal"]);
});

test("an address whose lifetime is renewed is no reason to look", () => {
  const host = new WatchedHost([route(1)]);
  for (let n = 0; n < 5; n++) {
    host.run(1000);
    host.suspects.see({ kind: "address", gone: false, link: "br0", address: "2001:db8::1/64" }, host.now);
  }
  expect(host.tasks.map(({ task }) => task)).toEqual(["resync", "heal"]);
});

test("whoever takes an entry away at once is not fought for ever, and others are healed meanwhile", () => {
  const host = new WatchedHost([route(1), route(2)]);
  host.run(1000);
  const begun = host.now;
  while (host.now < begun + 600_000) {
    if (host.kernel.has(entryKey(route(1)))) host.happen(gone(route(1)));
    host.run(100);
  }
  const heals = host.tasks.filter(({ task, at }) => task === "heal" && at >= begun);
  expect(heals.length).toBeGreaterThan(5);
  expect(heals.length).toBeLessThan(30);
  expect(host.strikes.contested).toBe(1);
  host.happen(gone(route(2)));
  host.run(100);
  expect(host.missing.filter((key) => key.includes("10.0.0.2"))).toEqual([]);
  host.run(300_000);
  expect(host.missing).toEqual([]);
  expect(host.strikes.contested).toBe(0);
});

test("a change of the bridge's MAC at each start of a guest, one a second, is no fight", () => {
  const host = new WatchedHost(many);
  host.run(1000);
  for (let guest = 0; guest < 25; guest++) {
    for (const entry of many) host.happen(gone(entry));
    host.run(100);
    expect(host.missing).toEqual([]);
    host.run(900);
  }
  expect(host.strikes.contested).toBe(0);
});

test("a daemon that takes an entry away every five seconds is noticed too", () => {
  const host = new WatchedHost([route(1)]);
  for (let round = 0; round < 120; round++) {
    host.run(5000);
    host.happen(gone(route(1)));
  }
  expect(host.strikes.contested).toBe(1);
});

test("strikes are forgotten, so that they take no memory", () => {
  const host = new WatchedHost(many);
  for (let round = 0; round < 3; round++) {
    for (const entry of many) host.happen(gone(entry));
    host.run(100);
  }
  host.run(40_000);
  expect(host.strikes.settle(host.now)).toEqual([]);
  expect(host.strikes.heldUntil(entryKey(neighbor(1)))).toBe(0);
});

test("what vanishes without an event is found by the next full look", () => {
  const host = new WatchedHost(many);
  host.run(1000);
  host.vanish(many.map(entryKey));
  host.run(88_000);
  expect(host.missing).toHaveLength(1000);
  host.run(3000);
  expect(host.missing).toEqual([]);
  expect(host.tasks.map(({ task }) => task)).toEqual(["resync", "resync"]);
});

test("events that say nothing new cost a fifth of a core at most", () => {
  const host = new WatchedHost([route(1)]);
  host.run(1000);
  for (let n = 0; n < 600; n++) {
    host.run(100);
    // As it is wanted, in words that are not understood in full.
    host.suspects.see({ ...set(route(1)), entry: null } as never, host.now);
  }
  expect((host.tasks.length * 40) / 60_000).toBeLessThan(0.21);
});
