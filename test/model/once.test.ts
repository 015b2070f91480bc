import { expect, test } from "vitest";
import { lastOf, once } from "../../src/model/once.ts";

test("what is made once is the same value ever after", () => {
  const value = once(() => ({}));
  expect(value()).toBe(value());
});

test("what was made of the last text serves as long as the text is the same, and a failure is not remembered", () => {
  const made: string[] = [];
  const parsed = lastOf((text) => {
    made.push(text);
    return JSON.parse(text) as unknown;
  });
  expect(parsed("[1]")).toBe(parsed("[1]"));
  expect(() => parsed("[")).toThrow(SyntaxError);
  expect(parsed("[1]")).toEqual([1]);
  expect(parsed("[2]")).toEqual([2]);
  expect(parsed("[1]")).toEqual([1]);
  expect(made).toEqual(["[1]", "[", "[2]", "[1]"]);
});
