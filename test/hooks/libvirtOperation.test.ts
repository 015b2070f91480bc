import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownerFileName, ownerOfFileName } from "../../src/desired/stored.ts";
import { decideOperation, libvirtOwner } from "../../src/hooks/libvirtOperation.ts";

/** Every operation of libvirt's hooks(5), as the words after the guest's name. */
test.each([
  ["prepare begin -", "nothing"],
  ["start begin -", "assert"],
  ["started begin -", "assert"],
  ["stopped end -", "remove"],
  ["release end -", "remove"],
  ["migrate begin -", "nothing"],
  ["restore begin -", "nothing"],
  ["reconnect begin -", "assert"],
  ["attach begin -", "assert"],
  ["stopped end shutdown", "remove"],
  ["started end -", "nothing"],
  ["stopped begin -", "nothing"],
  ["release begin -", "nothing"],
  ["started - -", "nothing"],
  ["suspend begin -", "nothing"],
  ["Started begin -", "nothing"],
  ["constructor begin -", "nothing"],
])("%s: %s", (words, decision) => {
  const [operation = "", subOperation = "", extra = ""] = words.split(" ");
  expect(decideOperation(operation, subOperation, extra)).toBe(decision);
});

test.each([
  "unknown",
  "shutdown",
  "destroyed",
  "crashed",
  "migrated",
  "saved",
  "failed",
  "from snapshot",
  "daemon",
  "later",
])("release end %j removes", (reason) => {
  expect(decideOperation("release", "end", reason)).toBe("remove");
});

describe("what is there after each event of a life", () => {
  const after = (events: string, before = false) =>
    events.split(", ").map((words) => {
      const [operation = "", subOperation = ""] = words.split(" ");
      const decision = decideOperation(operation, subOperation, "-");
      before = decision === "nothing" ? before : decision === "assert";
      return before;
    });

  test.each<[string, string, boolean, boolean[]]>([
    [
      "start and stop",
      "prepare begin, start begin, started begin, stopped end, release end",
      false,
      [false, true, true, false, false],
    ],
    ["a start that fails", "prepare begin, start begin, stopped end, release end", false, [false, true, false, false]],
    ["restore", "restore begin, prepare begin, start begin, started begin", false, [false, false, true, true]],
    [
      "migration, destination",
      "migrate begin, prepare begin, start begin, started begin",
      false,
      [false, false, true, true],
    ],
    [
      "failed migration, destination",
      "migrate begin, prepare begin, start begin, started begin, stopped end, release end",
      false,
      [false, false, true, true, false, false],
    ],
    ["migration, source", "stopped end, release end", true, [false, false]],
    ["restart of the daemon", "reconnect begin", true, [true]],
  ])("%s", (_, events, before, expected) => {
    expect(after(events, before)).toEqual(expected);
  });
});

test("any name of a guest is an owner, and a file name from which it comes back", () => {
  const name = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(
    fc.property(name, (guest) => {
      const file = ownerFileName(libvirtOwner(guest));
      expect(file).toMatch(/^libvirt:[^/\0]*\.json$/);
      expect(ownerOfFileName(file)).toBe(`libvirt:${guest}`);
    }),
  );
});
