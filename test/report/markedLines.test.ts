import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReportedFile } from "../../src/report/auditReport.ts";
import { markLines } from "../../src/report/markedLines.ts";
import { finding } from "../support/reports.ts";

const head = "# Written by netkeep\n# netkeep link=br0\n\n";
const neighbor = (address: string, mac: string) => `[Neighbor]\nAddress=${address}\nLinkLayerAddress=${mac}\n`;
const block = (...sections: string[]) => `# netkeep block owner=a digest=1\n${sections.join("\n")}# netkeep end\n`;

function file(actualText: string | null, expectedText: string | null, more: Partial<ReportedFile> = {}): ReportedFile {
  return { path: "/p", link: "br0", actualText, expectedText, unreadable: null, places: [], ...more };
}

/** `12 + text`. */
function shown(of: ReportedFile, findings = [] as Parameters<typeof markLines>[1]): string[] {
  return markLines(of, findings).map(({ number, mark, text }) => `${number ?? ""} ${mark} ${text}`);
}

const marked = (lines: string[]) => lines.filter((line) => /^\d* [-+~]/.test(line));

describe("the lines of a drop-in", () => {
  const right = head + block(neighbor("10.0.0.1", "a"), neighbor("10.0.0.2", "b"), neighbor("10.0.0.3", "c"));

  test("as it should be: every line with its number, none marked", () => {
    expect(shown(file(right, right))).toEqual(
      right
        .split("\n")
        .slice(0, -1)
        .map((text, index) => `${index + 1}  ${text}`),
    );
  });

  test("another value: the line that is there and the one that should be", () => {
    expect(marked(shown(file(right.replace("Address=b", "Address=x"), right)))).toEqual([
      "11 + LinkLayerAddress=x",
      " - LinkLayerAddress=b",
    ]);
  });

  test("another head, another digest", () => {
    const wrong = right.replace("link=br0", "link=xr0").replace("digest=1", "digest=2");
    expect(marked(shown(file(wrong, right)))).toEqual([
      "2 + # netkeep link=xr0",
      " - # netkeep link=br0",
      "4 + # netkeep block owner=a digest=2",
      " - # netkeep block owner=a digest=1",
    ]);
  });

  test("a missing entry is missing as a whole, not parts of its neighbours", () => {
    const wrong = head + block(neighbor("10.0.0.1", "a"), neighbor("10.0.0.3", "c"));
    expect(marked(shown(file(wrong, right)))).toEqual([
      " - [Neighbor]",
      " - Address=10.0.0.2",
      " - LinkLayerAddress=b",
      " - ",
    ]);
  });

  test("an entry too much, below the frames", () => {
    const wrong = `${right}\n[Route]\nDestination=192.0.2.0/24\n`;
    expect(marked(shown(file(wrong, right)))).toEqual(["17 + ", "18 + [Route]", "19 + Destination=192.0.2.0/24"]);
  });

  test("a file that does not exist, or should not", () => {
    expect(marked(shown(file(null, right)))).toHaveLength(16);
    expect(marked(shown(file(right, null)))).toHaveLength(16);
    expect(shown(file(null, null))).toEqual([]);
  });

  test("what the kernel has not, at the lines that ask for it; what the file has wrong is not blamed on others", () => {
    const places = [
      { title: "neighbor 10.0.0.2", first: 9, last: 11 },
      { title: "neighbor 10.0.0.3", first: 13, last: 15 },
    ];
    const findings = [
      finding({ expected: "neighbor 10.0.0.2" }),
      finding({ code: "dropin-extra", layer: "drop-in", expected: null, actual: "neighbor 10.0.0.3" }),
      finding({ code: "conflict", layer: "documents", expected: "x", actual: "neighbor 10.0.0.3" }),
    ];
    const lines = markLines(file(right, right, { places }), findings);
    expect(lines.filter(({ mark }) => mark === "~").map(({ number }) => number)).toEqual([9, 10, 11]);
    expect(lines.flatMap(({ number, notes }) => notes.map((note) => [number, note]))).toEqual([
      [9, "kernel-missing: the route is not in the kernel"],
      [13, "dropin-extra: the route is not in the kernel"],
    ]);
  });

  test("two texts with nothing in common are told in reasonable time", () => {
    const long = (from: number) =>
      head + block(...Array.from({ length: 20_000 }, (_, index) => neighbor(`10.0.0.${from + index}`, "a")));
    const begun = performance.now();
    const lines = markLines(file(long(0), long(100_000)), []);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(lines.filter(({ mark }) => mark === "+")).toHaveLength(20_000 * 4 - 1);
  });

  test("whatever the two texts are: the lines without - are the one, those without + the other", () => {
    const section = fc.constantFrom(
      "[Route]\nDestination=1\n",
      "[Route]\nDestination=2\n\n",
      "# netkeep end\n",
      "x\n",
      "\n",
    );
    const text = fc.array(section, { maxLength: 12 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (actual, expected) => {
        const lines = markLines(file(actual, expected), []);
        const without = (mark: string) =>
          lines
            .filter((line) => line.mark !== mark)
            .map((line) => `${line.text}\n`)
            .join("");
        expect(without("-")).toBe(actual);
        expect(without("+")).toBe(expected);
        expect(lines.flatMap(({ number }) => number ?? [])).toEqual(
          Array.from({ length: actual.split("\n").length - 1 }, (_, index) => index + 1),
        );
      }),
    );
  });
});
