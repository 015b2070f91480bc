import { expect, test } from "vitest";
import { wantsColour, wantsPriorities } from "../../src/system/terminal.ts";

test.each<[Record<string, string>, boolean, boolean]>([
  [{}, true, true],
  [{}, false, false],
  [{ TERM: "dumb" }, true, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ SYSTEMD_COLORS: "no" }, true, false],
  [{ SYSTEMD_COLORS: "0" }, true, false],
  [{ SYSTEMD_COLORS: "256" }, false, true],
  [{ SYSTEMD_COLORS: "", NO_COLOR: "x" }, true, false],
  [{ SYSTEMD_COLORS: "yes", NO_COLOR: "1", TERM: "dumb" }, false, true],
])("%j on a terminal %s: colour %s", (environment, terminal, expected) => {
  expect(wantsColour(environment, terminal)).toBe(expected);
});

test("JOURNAL_STREAM of another stream is none", () => {
  expect([{}, { JOURNAL_STREAM: "1:1" }, { JOURNAL_STREAM: "garbage" }].map(wantsPriorities)).toEqual([
    false,
    false,
    false,
  ]);
});

test("who asks for priorities gets them, as perl has what is true", () => {
  const values = ["yes", "1", "", "0"];
  expect(values.map((value) => wantsPriorities({ NETKEEP_LEVEL_PREFIX: value }))).toEqual([true, true, false, false]);
});
