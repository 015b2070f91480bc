import { describe, expect, test } from "vitest";
import type { FoundFile } from "../../src/model/file.ts";
import { unitFiles } from "../../src/networkd/precedence.ts";

const file = (path: string, text = "[Match]\n"): FoundFile => ({ path, kind: "text", text });
const mask = (path: string): FoundFile => ({ path, kind: "null" });
const dangling = (path: string): FoundFile => ({ path, kind: "dangling" });

const [etc, run, local, lib] = [
  "/etc/systemd/network",
  "/run/systemd/network",
  "/usr/local/lib/systemd/network",
  "/usr/lib/systemd/network",
];

/** The paths that count, in order, each with its drop-ins. */
function paths(tree: FoundFile[]): Record<string, string[]> {
  return Object.fromEntries(
    unitFiles(tree, ".network").map((unit) => [unit.file.path, unit.dropIns.map(({ path }) => path)]),
  );
}

describe("unitFiles", () => {
  test("orders by name over all directories", () => {
    const tree = [file(`${etc}/20-b.network`), file(`${lib}/10-a.network`), file(`${run}/15-c.network`)];
    expect(Object.keys(paths(tree))).toEqual([`${lib}/10-a.network`, `${run}/15-c.network`, `${etc}/20-b.network`]);
  });

  test("compares names as bytes: upper case and digits before lower case", () => {
    const tree = [
      file(`${etc}/a.network`),
      file(`${etc}/Z.network`),
      file(`${etc}/9.network`),
      file(`${etc}/10.network`),
    ];
    expect(unitFiles(tree, ".network").map(({ name }) => name)).toEqual([
      "10.network",
      "9.network",
      "Z.network",
      "a.network",
    ]);
  });

  test.each([
    [[lib, local, run, etc], etc],
    [[lib, local, run], run],
    [[lib, local], local],
  ])("of %j the file in %s counts", (directories, wanted) => {
    const [unit] = unitFiles(
      directories.map((directory) => file(`${directory}/10-a.network`)),
      ".network",
    );
    expect(unit?.file.path).toBe(`${wanted}/10-a.network`);
    expect(unit?.hidden).toHaveLength(directories.length - 1);
  });

  test("keeps a mask, with what it hides", () => {
    const [unit] = unitFiles([file(`${run}/10-a.network`), mask(`${etc}/10-a.network`)], ".network");
    expect(unit?.file).toEqual(mask(`${etc}/10-a.network`));
    expect(unit?.hidden.map(({ path }) => path)).toEqual([`${run}/10-a.network`]);
  });

  test("gathers drop-ins by name over all directories", () => {
    const base = `${run}/10-a.network`;
    const tree = [
      file(base),
      file(`${lib}/10-a.network.d/90-z.conf`),
      file(`${etc}/10-a.network.d/60-a.conf`),
      file(`${run}/10-a.network.d/60-a.conf`),
      file(`${run}/10-a.network.d/61-b.conf`),
    ];
    expect(paths(tree)).toEqual({
      [base]: [`${etc}/10-a.network.d/60-a.conf`, `${run}/10-a.network.d/61-b.conf`, `${lib}/10-a.network.d/90-z.conf`],
    });
  });

  test("masks drop-ins by a symlink to /dev/null, by an empty file and by a dangling symlink", () => {
    const base = `${etc}/10-a.network`;
    const names = ["60-a", "61-b", "62-c"].map((name) => `10-a.network.d/${name}.conf`);
    const tree = [
      file(base),
      ...names.map((name) => file(`${lib}/${name}`)),
      mask(`${etc}/${names[0]}`),
      file(`${etc}/${names[1]}`, ""),
      dangling(`${etc}/${names[2]}`),
    ];
    expect(paths(tree)).toEqual({ [base]: [] });
  });

  test("passes over temp names, hidden names, other directories and prefix drop-ins", () => {
    const base = `${etc}/10-netplan-a.network`;
    const tree = [
      file(base),
      ...[".10-x.network", "10-x.network.tmp", "10-x.network~", "sub/10-x.network", "10-x.netdev"].map((name) =>
        file(`${etc}/${name}`),
      ),
      ...["network.d/a.conf", "10-netplan-.network.d/a.conf", "10-.network.d/a.conf"].map((name) =>
        file(`${etc}/${name}`),
      ),
      ...[".a.conf", "a.conf.tmp", "a.conf~", "sub.d/a.conf"].map((name) => file(`${base}.d/${name}`)),
      file("/etc/systemd/system/10-x.network"),
    ];
    expect(paths(tree)).toEqual({ [base]: [] });
  });
});
