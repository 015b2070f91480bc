import { describe, expect, test } from "vitest";
import { defaultSettings, readSettings } from "../../src/desired/settings.ts";
import { nearest } from "../../src/desired/suggest.ts";

const path = "/etc/netkeep/netkeep.conf";
const read = (text: string) => readSettings([{ path, text }]);

describe("readSettings", () => {
  test("nothing said is the defaults", () => {
    for (const text of ["", "# comment\n", "[Netkeep]\n", "; x\n[Netkeep]\n#RouteProtocol=99\n"]) {
      expect(read(text)).toEqual({ settings: defaultSettings, problems: [] });
    }
    expect(readSettings([])).toEqual({ settings: defaultSettings, problems: [] });
  });

  test.each([
    ["RouteProtocol=5", { routeProtocol: 5 }],
    ["RouteProtocol = 255 ", { routeProtocol: 255 }],
    ["RouteProtocol=185\nRouteProtocol=200", { routeProtocol: 200 }],
    ["AllowLinks=cloudbr* brdr-[0-9]*  cloud0", { allowLinks: ["cloudbr*", "brdr-[0-9]*", "cloud0"] }],
    ["AllowDefaultRoute=yes", { allowDefaultRoute: true }],
    ["AllowDefaultRoute=True", { allowDefaultRoute: true }],
    ["AllowDefaultRoute=1", { allowDefaultRoute: true }],
    ["AllowDefaultRoute=off", { allowDefaultRoute: false }],
    ["LockTimeoutSec=1\nReloadTimeoutSec=3600", { lockSeconds: 1, reloadSeconds: 3600 }],
  ])("%j", (text, settings) => {
    expect(read(`[Netkeep]\n${text}\n`)).toEqual({ settings: { ...defaultSettings, ...settings }, problems: [] });
  });

  test.each([
    [
      "[Netkeep]\nRouteProtocol=4",
      `${path}:2: RouteProtocol= must be a number from 5 to 255 that no routing daemon uses (186 to 199)`,
    ],
    [
      "[Netkeep]\nRouteProtocol=186",
      `${path}:2: RouteProtocol= must be a number from 5 to 255 that no routing daemon uses (186 to 199)`,
    ],
    [
      "[Netkeep]\nRouteProtocol=static",
      `${path}:2: RouteProtocol= must be a number from 5 to 255 that no routing daemon uses (186 to 199)`,
    ],
    ["[Netkeep]\n\nAllowLinks=", `${path}:3: AllowLinks= needs at least one pattern`],
    ["[Netkeep]\nAllowDefaultRoute=maybe", `${path}:2: AllowDefaultRoute= must be yes or no`],
    ["[Netkeep]\nLockTimeoutSec=0", `${path}:2: LockTimeoutSec= must be a number of seconds, 1 to 3600`],
    ["[Netkeep]\nLockTimeoutSec=5min", `${path}:2: LockTimeoutSec= must be a number of seconds, 1 to 3600`],
    ["[Netkeep]\nReloadTimeout=5", `${path}:2: ReloadTimeout= is not a setting; did you mean ReloadTimeoutSec=?`],
    ["[Netkeep]\nXyzzy=5", `${path}:2: Xyzzy= is not a setting`],
    ["[Netkeep]\nconstructor=5", `${path}:2: constructor= is not a setting`],
    ["RouteProtocol=99", `${path}:1: "RouteProtocol" does not belong here; settings stand in a section [Netkeep]`],
    ["[Network]\nA=1", `${path}:1: "Network" does not belong here; settings stand in a section [Netkeep]`],
  ])("%j", (text, problem) => {
    expect(read(text).problems).toEqual([problem]);
  });

  test("a later file overrides an earlier one, and all problems of all files are told", () => {
    const files = [
      { path: "a.conf", text: "[Netkeep]\nRouteProtocol=99\nLockTimeoutSec=5\nA=1\n" },
      { path: "b.conf", text: "[Netkeep]\nRouteProtocol=98\nB=1\n" },
    ];
    const { settings, problems } = readSettings(files);
    expect(settings).toMatchObject({ routeProtocol: 98, lockSeconds: 5 });
    expect(problems).toEqual(["a.conf:4: A= is not a setting", "b.conf:3: B= is not a setting"]);
  });
});

describe("nearest", () => {
  test.each([
    ["guest", "guests"],
    ["GUESTS", "guests"],
    ["gusets", "guests"],
    ["rotues", "routes"],
    ["frobnicate", null],
    ["x", null],
  ])("%s: %s", (word, expected) => {
    expect(nearest(word, ["guests", "routers", "routes", "neighbors"])).toBe(expected);
  });
});
