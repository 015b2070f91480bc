import { describe, expect, test } from "vitest";
import { accepted } from "../../src/model/address.ts";
import { linkLocalFromMac, parseMac } from "../../src/model/mac.ts";

describe("parseMac", () => {
  test.each([
    ["52:02:45:76:d2:35"],
    ["52:02:45:76:D2:35"],
    ["52-02-45-76-d2-35"],
    ["5202.4576.d235"],
    ["5202.4576.D235"],
    ["52024576d235"],
  ])("%s", (text) => {
    expect(parseMac(text)).toEqual({ value: "52:02:45:76:d2:35" });
  });

  test.each([
    ["00:00:00:00:00:00", '"00:00:00:00:00:00" is the zero MAC address: no guest has it'],
    ["000000000000", '"000000000000" is the zero MAC address: no guest has it'],
    ["01:00:5e:00:00:01", '"01:00:5e:00:00:01" is a multicast MAC address: no guest has it'],
    ["ff:ff:ff:ff:ff:ff", '"ff:ff:ff:ff:ff:ff" is a multicast MAC address: no guest has it'],
    ["33-33-00-00-00-01", '"33-33-00-00-00-01" is a multicast MAC address: no guest has it'],
    ["52:02:45:76:d2", '"52:02:45:76:d2" is not a MAC address of six bytes'],
    ["52:02:45:76:d2:35:00", '"52:02:45:76:d2:35:00" is not a MAC address of six bytes'],
    ["52:02:45-76:d2:35", '"52:02:45-76:d2:35" is not a MAC address of six bytes'],
    ["2:2:45:76:d2:35", '"2:2:45:76:d2:35" is not a MAC address of six bytes'],
    ["52:02:45:76:d2:3g", '"52:02:45:76:d2:3g" is not a MAC address of six bytes'],
    ["52:02:45:76:d2:35\n", '"52:02:45:76:d2:35\n" is not a MAC address of six bytes'],
    ["", '"" is not a MAC address of six bytes'],
  ])("%j is refused", (text, problem) => {
    expect(parseMac(text)).toEqual({ problem });
  });
});

test.each([
  ["0e:00:a9:fe:fe:3b", "fe80::c00:a9ff:fefe:fe3b"],
  ["52:02:45:76:d2:35", "fe80::5002:45ff:fe76:d235"],
  ["02:00:00:00:00:01", "fe80::ff:fe00:1"],
  ["00:16:3e:00:00:00", "fe80::216:3eff:fe00:0"],
])("a guest with %s calls itself %s", (mac, address) => {
  expect(linkLocalFromMac(accepted(parseMac(mac)))).toBe(address);
});
