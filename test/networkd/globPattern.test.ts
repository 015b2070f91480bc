import { describe, expect, test } from "vitest";
import { matchesGlob } from "../../src/networkd/globPattern.ts";

describe("matchesGlob", () => {
  test.each([
    ["br0", "br0"],
    ["*", ""],
    ["*", "a/b"],
    ["*", ".hidden"],
    ["br*", "br"],
    ["*0", "br00"],
    ["*r*0", "br10"],
    ["a*b*c", "aXbXbXc"],
    ["br?", "br0"],
    ["br[0-3]", "br2"],
    ["br[!0-3]", "br4"],
    ["br[^0-3]", "br4"],
    ["[]a]", "]"],
    ["[!]a]", "b"],
    ["[a-]", "-"],
    ["[-a]", "-"],
    ["[a\\]b]", "]"],
    ["[\\a-c]", "b"],
    ["[[:alpha:]_]", "_"],
    ["[[:alpha:]][[:digit:]]", "x1"],
    ["[![:digit:]]", "x"],
    ["[[.-.]]", "-"],
    ["[[=a=]b]", "a"],
    ["\\*", "*"],
    ["\\a", "a"],
    ["a[b", "a[b"],
    ["a[!", "a[!"],
    ["??", "é"],
    ["é*", "éa"],
  ])("%s takes %j", (pattern, text) => {
    expect(matchesGlob(pattern, text)).toBe(true);
  });

  test.each([
    ["br0", "br01"],
    ["br0", "BR0"],
    ["br?", "br"],
    ["br?", "br00"],
    ["br[0-3]", "br4"],
    ["br[!0-3]", "br"],
    ["br[3-0]", "br2"],
    ["[[:upper:]]", "a"],
    ["[[:nosuch:]a]", "a"],
    ["[![:nosuch:]]", "a"],
    ["\\*", "a"],
    ["a\\", "a"],
    ["a\\", "a\\"],
    ["", "a"],
    ["?", "é"],
  ])("%s does not take %j", (pattern, text) => {
    expect(matchesGlob(pattern, text)).toBe(false);
  });

  test("folds case on demand", () => {
    expect(matchesGlob("KVM[A-C]*", "kvmb1", { foldCase: true })).toBe(true);
    expect(matchesGlob("kvm[!a-c]", "KVMB", { foldCase: true })).toBe(false);
    expect(matchesGlob("[[:upper:]]", "a", { foldCase: true })).toBe(true);
  });

  test("does not take exponential time", () => {
    const started = performance.now();
    expect(matchesGlob(`${"*a".repeat(40)}b`, "a".repeat(200))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
