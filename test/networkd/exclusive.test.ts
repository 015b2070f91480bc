import { describe, expect, test } from "vitest";
import { isExclusive } from "../../src/networkd/exclusive.ts";
import { scanFile } from "../../src/networkd/scan.ts";

describe("a base file applies to one link only", () => {
  test.each([
    ["Name=br0", true],
    ["Name=br0\nName=br0", true],
    ["Name=br*\nName=\nName=br0", true],
    ["MACAddress=02:00:00:00:00:01", true],
    ["Name=en*\nPath=pci-0000:00:03.0", true],
    ["Name=br*", false],
    ["Name=br0 br1", false],
    ["Name=br[0]", false],
    ["Name=!eth0", false],
    ["Name=br0\nName=br1", false],
    ["Kind=bridge", false],
    ["MACAddress=!02:00:00:00:00:01\nName=br*", false],
    ["Driver=virtio*", false],
  ])("%j: %s", (match, expected) => {
    expect(isExclusive(scanFile("/x", `[Match]\n${match}\n`).sections, "br0")).toBe(expected);
  });
});
