import { expect, test } from "vitest";
import type { FoundFile } from "../../src/model/file.ts";
import { overridesOf } from "../../src/networkd/overrides.ts";

const base: FoundFile = {
  path: "/etc/systemd/network/10-br.network",
  kind: "text",
  text: "[Network]\nKeepConfiguration=no\n",
};
const dropIn = (path: string, text: string): FoundFile => ({
  path: `${path}/systemd/network/10-br.network.d/${text.split("|")[0]}`,
  kind: "text",
  text: text.split("|")[1] ?? "",
});
const ours = dropIn("/etc", "50-netkeep-link.conf|[Network]\nKeepConfiguration=yes\nConfigureWithoutCarrier=yes\n");

test.each<[string, FoundFile, string[]]>([
  [
    "a later file that says otherwise",
    dropIn("/etc", "70-x.conf|[Network]\nKeepConfiguration=no\n"),
    ["KeepConfiguration=no 2"],
  ],
  [
    "in another directory",
    dropIn("/run", "70-x.conf|[Network]\nConfigureWithoutCarrier=off\n"),
    ["ConfigureWithoutCarrier=off 2"],
  ],
  ["the same in another word", dropIn("/etc", "70-x.conf|[Network]\nKeepConfiguration=true\n"), []],
  ["an earlier file", dropIn("/etc", "40-x.conf|[Network]\nKeepConfiguration=no\n"), []],
  ["an empty value", dropIn("/etc", "70-x.conf|[Network]\nKeepConfiguration=\n"), []],
  ["another section", dropIn("/etc", "70-x.conf|[Link]\nKeepConfiguration=no\n"), []],
])("%s", (_, file, expected) => {
  const found = overridesOf([base, ours, file], "10-br.network");
  expect(found.map(({ key, theirs, line }) => `${key}=${theirs} ${line}`)).toEqual(expected);
});

test("without our file nothing of ours is undone", () => {
  expect(overridesOf([base], "10-br.network")).toEqual([]);
  expect(overridesOf([base, ours], "11-br.network")).toEqual([]);
});
