import { expect, test } from "vitest";
import { observeNetworkd } from "../../src/observe/observeNetworkd.ts";
import { fixture, hostOf } from "../support/fixture.ts";

const libraries = "/usr/lib/x86_64-linux-gnu/systemd";
const mapsOf = (version: string) =>
  `7f0000000000-7f0000001000 r--p 00000000 08:01 7  /usr/lib/x86_64-linux-gnu/libc.so.6
7f0000001000-7f0000002000 r-xp 00000000 08:01 8  ${libraries}/libsystemd-shared-${version}.so`;

test.each([
  ["what it has open, which an upgrade has deleted", 257, `${mapsOf("252")} (deleted)\n`, "257", 252],
  ["networkctl, where what it has open cannot be read", 257, null, "252", 257],
  ["networkctl, where it has no such library open", 257, "7f00-7f01 r--p 0 08:01 7  /usr/bin/x\n", "252", 257],
  ["what is installed, where none runs", null, null, "257", 257],
  ["networkctl, where none runs and no library is found", null, null, null, 252],
])("the version of networkd is that of %s", async (_, running, maps, installed, version) => {
  const host = hostOf({ ...fixture("no-base-file"), networkd: running });
  if (maps !== null) host.addFile("/proc/4242/maps", maps);
  if (installed !== null) host.addFile(`${libraries}/libsystemd-shared-${installed}.so`, "");
  expect((await observeNetworkd(host.system)).version).toBe(version);
});
