import { expect, test } from "vitest";
import { merge } from "../../src/desired/merge.ts";
import { ownersOf } from "../../src/desired/ownersOf.ts";
import { entryKey } from "../../src/model/entry.ts";
import { neighbor, owner, route } from "../support/build.ts";

const [shared, other] = [route("10.0.0.1", "br0"), neighbor("10.0.0.2", "52:02:00:00:00:01", "br0")];

test("the owners of a key, each once, in their order; none for a key that nobody wants", () => {
  const desired = merge([owner("b", [shared, other]), owner("a", [shared])]);
  expect(ownersOf(desired, entryKey(shared))).toEqual(["a", "b"]);
  expect(ownersOf(desired, entryKey(other))).toEqual(["b"]);
  expect(ownersOf(desired, entryKey(route("10.0.0.9", "br0")))).toEqual([]);
  expect(ownersOf(merge([]), entryKey(shared))).toEqual([]);
});

test("thousands of keys cost one look at all owners", () => {
  const many = Array.from({ length: 20_000 }, (_, n) => route(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, "br0"));
  let looks = 0;
  const state = merge([owner("a", many)]);
  const counted = {
    ...state,
    get owners() {
      looks += 1;
      return state.owners;
    },
  };
  for (const entry of many) expect(ownersOf(counted, entryKey(entry))).toHaveLength(1);
  expect(looks).toBe(1);
});
