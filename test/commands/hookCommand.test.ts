import { expect, test } from "vitest";
import { calledCommand } from "../../src/commands/hook/hookCommand.ts";
import { parseRequest } from "../../src/hooks/queue.ts";

/** As bin/netkeep-hook writes it. */
const request = (words: readonly string[], documents: readonly (readonly [path: string, text: string])[]) =>
  [1, "", words.length, ...words, ...documents.flat(), ""].join("\0");
const documents = [
  ["/root/a.yaml", "version: 1"],
  ["", "version: 1\n"],
] as const;

test.each([
  [["apply"], [], true],
  [["apply", "a.yaml", "-"], documents, true],
  [["set", "guest:1", "a.yaml"], documents.slice(0, 1), false],
  [["set", "guest:1"], documents.slice(1), false],
  [["unset", "guest:1", "guest:2"], [], false],
] as const)("%j is a command", (words, texts, whole) => {
  const queued = parseRequest(request(words, texts));
  expect(queued && calledCommand(queued)).toMatchObject({ whole });
});

test.each([
  [["apply", "a.yaml", "-"], documents],
  [["set", "guest:1", "a.yaml"], documents.slice(0, 1)],
] as const)("%j that was cut off anywhere is none", (words, texts) => {
  const whole = request(words, texts);
  for (let length = 0; length < whole.length; length++) {
    const queued = parseRequest(whole.slice(0, length));
    expect(queued && calledCommand(queued)).toBeNull();
  }
});

test.each([
  [["cloudstack", "-o", "add"], []],
  [["apply"], documents],
  [["set", "guest:1"], []],
  [["set", "guest:1"], documents],
] as const)("%j with other documents than it names is none", (words, texts) => {
  const queued = parseRequest(request(words, texts));
  expect(queued && calledCommand(queued)).toBeNull();
});
