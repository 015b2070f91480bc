import { describe, expect, test } from "vitest";
import { type Entry, entryKey, entryText } from "../../src/model/entry.ts";
import type { OwnRecord } from "../../src/model/ownership.ts";
import type { Rule } from "../../src/model/rule.ts";
import { planKernel } from "../../src/plan/kernel.ts";
import { kernelState, rule } from "../support/build.ts";

const byKey = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entryKey(entry), entry]));
const record = (recorded: readonly Entry[] = [], live: readonly string[] = []): OwnRecord => ({
  protocol: 107,
  recorded: byKey(recorded),
  scope: null,
  live: new Map(live.map((link) => [link, ""])),
});
const inKernel = (more: Parameters<typeof rule>[0]): Rule => ({ ...rule(more), link: "" });
const from = (text: string, more: Parameters<typeof rule>[0] = {}) => rule({ from: text, ...more });

function planned(desired: readonly Entry[], kernel: readonly Rule[], own = record(), adopt = false) {
  const plan = planKernel(byKey(desired), kernelState(["cloudbr1"], kernel), own, adopt);
  const protocol = (entry: Entry) => (entry.kind === "rule" ? ` proto ${entry.protocol}` : "");
  const changes = plan.changes.map((change) => {
    const was = change.action === "replace" ? ` (was ${entryText(change.before)}${protocol(change.before)})` : "";
    return `${change.action} ${entryText(change.entry)}${protocol(change.entry)}${was}`;
  });
  return { changes, notes: plan.notes.map(({ level, text }) => `${level}: ${text}`), waiting: plan.waiting.length };
}

describe("rules against the kernel", () => {
  const wanted = from("192.0.2.0/24");

  test("a new one gets networkd's protocol, on a live link our mark, and waits for a link that is not there", () => {
    expect(planned([wanted], [])).toEqual({
      changes: ["add from 192.0.2.0/24 lookup 100 priority 3200 proto 4"],
      notes: [],
      waiting: 0,
    });
    expect(planned([wanted], [], record([], ["cloudbr1"])).changes).toEqual([
      "add from 192.0.2.0/24 lookup 100 priority 3200 proto 107",
    ]);
    expect(planned([{ ...wanted, link: "br9" }], [])).toEqual({ changes: [], notes: [], waiting: 1 });
  });

  test("one that is there stays, also a foreign one that says the same", () => {
    expect(planned([wanted], [inKernel({ from: "192.0.2.0/24" })]).changes).toEqual([]);
  });

  test("one that a hand has set is taken over; beside a daemon's, ours is set", () => {
    expect(planned([wanted], [inKernel({ from: "192.0.2.0/24", protocol: 0 })])).toMatchObject({
      changes: [
        "replace from 192.0.2.0/24 lookup 100 priority 3200 proto 4 (was from 192.0.2.0/24 lookup 100 priority 3200 proto 0)",
      ],
      notes: ["info: takes over the rule from 192.0.2.0/24 lookup 100 priority 3200, which somebody else installed"],
    });
    expect(planned([wanted], [inKernel({ from: "192.0.2.0/24", protocol: 186 })])).toMatchObject({
      changes: ["add from 192.0.2.0/24 lookup 100 priority 3200 proto 4"],
      notes: [],
    });
  });

  test("equal ones beside ours go, where a delete finds them; without a protocol it finds ours first", () => {
    const [ours, hand] = [inKernel({ from: "192.0.2.0/24" }), inKernel({ from: "192.0.2.0/24", protocol: 0 })];
    expect(planned([wanted], [hand, ours], record([wanted])).changes).toEqual([
      "remove from 192.0.2.0/24 lookup 100 priority 3200 proto 0",
    ]);
    expect(planned([wanted], [ours, hand], record([wanted])).changes).toEqual([]);
    const marked = inKernel({ from: "192.0.2.0/24", protocol: 107 });
    expect(planned([wanted], [ours, marked], record([wanted])).changes).toEqual([
      "remove from 192.0.2.0/24 lookup 100 priority 3200 proto 107",
    ]);
  });

  test("a link that changes its mode: the mark comes and goes", () => {
    const marked = inKernel({ from: "192.0.2.0/24", protocol: 107 });
    const unmarked = inKernel({ from: "192.0.2.0/24" });
    const text = "from 192.0.2.0/24 lookup 100 priority 3200";
    expect(planned([wanted], [marked]).changes).toEqual([`replace ${text} proto 4 (was ${text} proto 107)`]);
    expect(planned([wanted], [marked, unmarked]).changes).toEqual([`remove ${text} proto 107`]);
    expect(planned([wanted], [unmarked], record([], ["cloudbr1"])).changes).toEqual([`add ${text} proto 107`]);
    expect(planned([wanted], [unmarked], record([wanted], ["cloudbr1"])).changes).toEqual([
      `replace ${text} proto 107 (was ${text} proto 4)`,
    ]);
  });

  test("another table under the key: ours is replaced, a foreign one is refused unless adopted", () => {
    const other = inKernel({ from: "192.0.2.0/24", table: 7 });
    const change =
      "replace from 192.0.2.0/24 lookup 100 priority 3200 proto 4 (was from 192.0.2.0/24 lookup 7 priority 3200 proto 4)";
    expect(planned([wanted], [other], record([wanted])).changes).toEqual([change]);
    expect(planned([wanted], [other])).toMatchObject({
      changes: [],
      notes: [
        "refusal: the foreign rule from 192.0.2.0/24 lookup 7 priority 3200 stands where from 192.0.2.0/24 lookup 100 " +
          "priority 3200 is wanted; --adopt replaces it",
      ],
    });
    expect(planned([wanted], [other], record(), true).changes).toEqual([change]);
  });

  test("what nobody wants goes if it has our mark, or is just what our drop-in says and networkd sets", () => {
    const kernel = [
      inKernel({ from: "10.1.0.0/16", protocol: 107 }),
      inKernel({ from: "10.2.0.0/16" }),
      inKernel({ from: "10.2.0.0/16", protocol: 0 }),
      inKernel({ from: "10.3.0.0/16" }),
      inKernel({ from: "10.4.0.0/16", table: 7 }),
      inKernel({ from: "10.5.0.0/16", protocol: 107, extra: "ipproto ipproto-6" }),
    ];
    expect(planned([], kernel, record([from("10.2.0.0/16"), from("10.4.0.0/16")])).changes).toEqual([
      "remove from 10.1.0.0/16 lookup 100 priority 3200 proto 107",
      "remove from 10.2.0.0/16 lookup 100 priority 3200 proto 4",
      "remove from 10.5.0.0/16 ipproto ipproto-6 lookup 100 priority 3200 proto 107",
    ]);
  });

  test("one that the kernel cannot tell from a foreign one in front of it stays, and is told", () => {
    const ours = inKernel({ from: "10.1.0.0/16" });
    const narrower = inKernel({ from: "10.1.0.0/16", iif: "cloudbr1" });
    const recorded = record([from("10.1.0.0/16")]);
    expect(planned([], [ours, narrower], recorded).changes).toEqual([
      "remove from 10.1.0.0/16 lookup 100 priority 3200 proto 4",
    ]);
    expect(planned([], [narrower, ours], recorded)).toMatchObject({
      changes: [],
      notes: [
        "warning: the rule from 10.1.0.0/16 lookup 100 priority 3200 stays: the kernel would delete " +
          "from 10.1.0.0/16 iif cloudbr1 lookup 100 priority 3200 of others in its place; remove it by hand",
      ],
    });
    expect(planned([from("10.1.0.0/16", { table: 5 })], [narrower, ours], recorded)).toMatchObject({
      changes: [],
      notes: [
        expect.stringMatching(/^refusal: the rule .* is in the way: the kernel would delete from 10.1.0.0\/16 iif/),
      ],
    });
  });

  test("the foreign rule in front of the one that is wanted goes alone when it is adopted", () => {
    const kernel = [inKernel({ from: "192.0.2.0/24", table: 7 }), inKernel({ from: "192.0.2.0/24" })];
    expect(planned([wanted], kernel, record(), true).changes).toEqual([
      "remove from 192.0.2.0/24 lookup 7 priority 3200 proto 4",
    ]);
  });
});
