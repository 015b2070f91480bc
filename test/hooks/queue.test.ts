import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerText, clientOf, parseRequest, startOf } from "../../src/hooks/queue.ts";

/** As bin/netkeep-hook writes it. */
const request = (words: readonly string[], input = "", prefix = "") =>
  `${["1", prefix, String(words.length), ...words].map((field) => `${field}\0`).join("")}${input}`;

describe("a request", () => {
  test("any words and any input come back as they were", () => {
    const word = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", ""));
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }),
        fc.string({ unit: "binary" }),
        fc.boolean(),
        (words, input, yes) => {
          const text = request(words, input, yes ? "prefix" : "");
          expect(parseRequest(text)).toEqual({ words, input, prefixed: yes });
        },
      ),
    );
  });

  test("one that is cut off among its words is none", () => {
    const text = request(["cloudstack", "-o", "add"]);
    for (let length = 0; length < text.length; length++) expect(parseRequest(text.slice(0, length))).toBeNull();
  });

  test.each(["2\0\0\x30\0", "1\0\0x\0", "1\0\0-1\0", "1\0\0" + "99999\0", "{}"])("%j is none", (text) => {
    expect(parseRequest(text)).toBeNull();
  });
});

test("an answer says how many lines go where", () => {
  expect(answerText(0, "", "")).toBe("0 0 0\n");
  expect(answerText(2, "Usage: x\n", "a\nb\n")).toBe("2 1 2\nUsage: x\na\nb\n");
});

test("the client of a file in the queue", () => {
  expect(clientOf("12.3456.request")).toEqual({ process: "12", start: "3456" });
  expect(clientOf("12.3456.answer")).toEqual({ process: "12", start: "3456" });
  for (const name of ["lock", "12.request", "x.1.request", "1.2.request.tmp"]) expect(clientOf(name)).toBeNull();
});

test("starttime stands behind a name that may hold anything", () => {
  const rest = Array.from({ length: 30 }, (_, index) => String(index + 3)).join(" ");
  expect(startOf(`7 (a) b (c)) ${rest}`)).toBe("22");
});
