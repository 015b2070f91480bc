import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { batchText, parseBatchErrors } from "../../src/kernel/batch.ts";
import type { KernelChange } from "../../src/model/change.ts";
import { neighbor, route } from "../support/build.ts";

const guest = neighbor("2.57.57.30", "52:02:45:76:d2:35", "cloudbr0");

describe("batchText: line N is change N - 1", () => {
  test.each<[KernelChange, string]>([
    [
      { action: "add", entry: route("2.57.57.30", "cloudbr0") },
      "route replace 2.57.57.30/32 dev cloudbr0 proto 107 scope link",
    ],
    [
      { action: "add", entry: guest },
      "neigh replace 2.57.57.30 lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent protocol 107",
    ],
    [
      { action: "replace", entry: guest, before: guest },
      "neigh replace 2.57.57.30 lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent protocol 107",
    ],
    [{ action: "remove", entry: guest }, "neigh del 2.57.57.30 dev cloudbr0"],
    [
      { action: "remove", entry: route("2.57.57.30", "cloudbr0") },
      "route del 2.57.57.30/32 dev cloudbr0 table 254 proto 107 metric 0",
    ],
    [
      { action: "remove", entry: route("2001:db8::/64", "br0", { via: "fe80::2", table: 100 }) },
      "route del 2001:db8::/64 dev br0 table 100 proto 107 metric 1024",
    ],
    [
      { action: "remove", entry: route("10.0.0.0/8", "", { type: "blackhole", protocol: 4 }) },
      "route del blackhole 10.0.0.0/8 table 254 proto 4 metric 0",
    ],
    [
      {
        action: "remove",
        entry: route("10.0.0.0/8", "br0", { nextHops: [{ gateway: null, link: "br0", weight: 1, onLink: false }] }),
      },
      "route del 10.0.0.0/8 table 254 proto 107 metric 0",
    ],
  ])("%#", (change, line) => {
    expect(batchText([change], 107)).toBe(`${line}\n`);
  });

  test("the mark of neighbors is the protocol of the settings", () => {
    expect(
      batchText(
        [
          { action: "add", entry: guest },
          { action: "remove", entry: guest },
        ],
        99,
      ),
    ).toBe(
      "neigh replace 2.57.57.30 lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent protocol 99\nneigh del 2.57.57.30 dev cloudbr0\n",
    );
  });
});

describe("parseBatchErrors on what a real ip said", () => {
  const folder = new URL("captured/", import.meta.url);
  const expected: Record<string, { refused: [number, string][]; stopped: string | null }> = {
    ok: { refused: [], stopped: null },
    "route-gone": { refused: [[0, "No such process"]], stopped: null },
    "bad-gateway": { refused: [[0, "Nexthop has invalid gateway"]], stopped: null },
    "no-link": {
      refused: [
        [0, 'Cannot find device "nosuch"'],
        [1, 'Cannot find device "nosuch"'],
      ],
      stopped: null,
    },
    "neigh-gone": { refused: [[0, 'Cannot find device "nosuch"']], stopped: "No such file or directory" },
    parse: { refused: [], stopped: 'any valid prefix is expected rather than "198.51.100.999/32"' },
    keyword: { refused: [], stopped: 'either "to" is duplicate, or "frob" is a garbage' },
    "link-down": {
      refused: [
        [0, "Device for nexthop is not up"],
        [1, "Nexthop device is not up"],
      ],
      stopped: null,
    },
  };
  const names = readdirSync(folder).flatMap((name) => /^batch-(.*)\.txt$/.exec(name)?.[1] ?? []);

  test("every captured batch is looked at", () => {
    expect(names.sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(names)("%s", (name) => {
    const [, said = ""] = readFileSync(new URL(`batch-${name}.txt`, folder), "utf8").split("----\n");
    const [, stderr = "", status] = /^([\s\S]*)exit (\d+)\n$/.exec(said) ?? [];
    const { refused, stopped } = parseBatchErrors(stderr, Number(status));
    expect({ refused: [...refused], stopped }).toEqual(expected[name]);
  });

  test("a status without a word stops too; the words of a success are nobody's", () => {
    expect(parseBatchErrors("", 2)).toEqual({ refused: new Map(), stopped: "ip exited with 2" });
    expect(parseBatchErrors("Warning: something\n", 0)).toEqual({ refused: new Map(), stopped: null });
    expect([...parseBatchErrors("Command failed -:3\n", 1).refused]).toEqual([[2, "refused without a reason"]]);
    const two = "Error: one.\nError: two.\nCommand failed -:1\n";
    expect([...parseBatchErrors(two, 1).refused]).toEqual([[0, "one; two"]]);
  });
});
