import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCloudstackArguments } from "../../src/hooks/cloudstack.ts";
import { getopts } from "../../src/hooks/getopts.ts";

/** Words that options, values and ends of options are made of, and some that look like another. */
const word = fc.oneof(
  fc.constantFrom(
    "-o",
    "-b",
    "-m",
    "-4",
    "-6",
    "-oadd",
    "-odelete",
    "-bbr0",
    "-m02:00:00:00:00:01",
    "-41.2.3.4",
    "-6fe80::1",
  ),
  fc.constantFrom("add", "delete", "br0", "02:00:00:00:00:01", "192.0.2.1", "2001:db8::1", "update", ""),
  fc.constantFrom("-", "--", "--o", "-x", "-?", "-:", "-h", "-o=add", "-4-6", "-b--", "it's", "a b", "$(x)", "*", "\\"),
);
const argv = fc.array(word, { maxLength: 12 });

/** The script of the agent as far as its arguments go, with the real getopts. */
const script = `
one() {
  local OPTIND=1 op= br= mac= list=() opt
  while getopts 'o:b:m:4:6:' opt; do
    case $opt in
      o) op=$OPTARG ;;
      b) br=$OPTARG ;;
      m) mac=$OPTARG ;;
      4|6) list+=("$opt $OPTARG") ;;
      *) echo usage; return ;;
    esac
  done
  if [[ -z $br || -z $mac || ( $op != add && $op != delete ) ]]; then echo usage; return; fi
  printf '%s\\n' "$op" "$br" "$mac" "\${list[@]}"
}
`;

function ours(words: readonly string[]): string {
  const parsed = parseCloudstackArguments(words);
  if ("usage" in parsed) {
    const complaint = parsed.complaint === null ? [] : [parsed.complaint.replace("modifymacip.sh", "bash")];
    return [...complaint, "usage", ""].join("\n");
  }
  const list = parsed.addresses.map(({ family, text }) => `${family} ${text}`);
  // printf prints one empty line for an empty list.
  return [parsed.operation, parsed.bridge, parsed.mac, ...list, ""].join("\n");
}

test("as the getopts of bash, in 600 calls by chance and in each pair of words", () => {
  const calls = [...fc.sample(argv, { numRuns: 600, seed: 13495 }), ...pairs()];
  const quoted = calls.map((words) => words.map((text) => `'${text.replaceAll("'", `'\\''`)}'`).join(" "));
  const lines = quoted.map((words) => `one ${words} 2>&1; printf '\\f'`);
  const run = spawnSync("bash", { input: `${script}\n${lines.join("\n")}\n`, encoding: "utf8" });
  expect(run.status).toBe(0);
  const theirs = run.stdout.split("\f").slice(0, -1);
  expect(theirs).toHaveLength(calls.length);
  const differences = calls.flatMap((words, index) => {
    const said = (theirs[index] ?? "").replace(/^(?:\S+: line \d+|bash): /, "bash: ");
    return said === ours(words) ? [] : [{ words, bash: said, ours: ours(words) }];
  });
  expect(differences).toEqual([]);
  expect(new Set(theirs.map((text) => text.split("\n")[0])).size).toBeGreaterThan(5);
});

function pairs(): string[][] {
  const complete = ["-o", "add", "-b", "br0", "-m", "02:00:00:00:00:01"];
  const words = ["-4", "-4192.0.2.1", "--", "-", "", "-x", "-:", "x", "-b", "-6-4"];
  return words.flatMap((one) => words.map((two) => [...complete, one, two]));
}

describe("getopts", () => {
  test.each<[string[], [string, string][], string | null]>([
    [[], [], null],
    [
      ["-a", "1", "-b2"],
      [
        ["a", "1"],
        ["b", "2"],
      ],
      null,
    ],
    [
      ["-a", "--", "-b", "-a"],
      [
        ["a", "--"],
        ["b", "-a"],
      ],
      null,
    ],
    [["-a", "1", "--", "-b", "2"], [["a", "1"]], null],
    [["-a", "1", "word", "-b", "2"], [["a", "1"]], null],
    [["-a", ""], [["a", ""]], null],
    [["-a"], [], "option requires an argument -- a"],
    [["-a", "1", "-z", "-b", "2"], [["a", "1"]], "illegal option -- z"],
    [["-\u{1f600}x"], [], "illegal option -- \u{1f600}"],
    [["--long"], [], "illegal option -- -"],
  ])("%j", (words, options, complaint) => {
    expect(getopts("ab", words)).toEqual({ options: options.map(([letter, value]) => ({ letter, value })), complaint });
  });

  test("takes any words without throwing", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (words) => void getopts("obm46", words)));
  });
});
