import { describe, expect, test } from "vitest";
import { readSections, writeSection } from "../../src/networkd/unitFile.ts";

describe("writeSection", () => {
  test("keys in their order, a list line by line", () => {
    const body = { Destination: "10.0.0.0/8", MultiPathRoute: ["192.0.2.2 2", "fe80::3@br1 1"], Protocol: "107" };
    expect(writeSection({ name: "Route", body })).toBe(
      "[Route]\nDestination=10.0.0.0/8\nMultiPathRoute=192.0.2.2 2\nMultiPathRoute=fe80::3@br1 1\nProtocol=107\n",
    );
  });

  test.each([
    "a;b",
    "a#b",
    '"a"',
    "'a'",
    "a=b",
    "[a]",
    " a",
    "a ",
    "a\\",
    "a\nb",
    "a\rb",
    "ä",
    "\u0000",
    "a\tb",
    "\ud800",
  ])("refuses %j: networkd would read something else than ini", (value) => {
    expect(() => writeSection({ name: "Route", body: { Destination: value } })).toThrow(/cannot stand in a unit file/);
    expect(() => writeSection({ name: "Route", body: { Destination: ["10.0.0.0/8", value] } })).toThrow();
  });

  test.each(["Ro ute", "Route]", "a.b", "", "Route\n[Match]"])("refuses the section name %j", (name) => {
    expect(() => writeSection({ name, body: { A: "1" } })).toThrow(/is not the name of a section/);
  });
});

describe("readSections", () => {
  test("repeated sections stay apart; what stands above the first is none", () => {
    const text = "# head\nA=1\n[Route]\nDestination=10.0.0.0/8\n\n[Route]\nDestination=10.1.0.0/16\n";
    expect(readSections(text)).toEqual([
      { name: "Route", body: { Destination: "10.0.0.0/8" } },
      { name: "Route", body: { Destination: "10.1.0.0/16" } },
    ]);
  });

  test("what somebody wrote by hand is text, whatever ini makes of it", () => {
    const text = "[Route]\nGatewayOnLink=true\nDestination=null\nKey\nA=1\nA=2\n[Route.x]\nB=1\n[]\n__proto__=1\n";
    const [first, second] = readSections(text);
    expect(first?.body).toEqual({ GatewayOnLink: "true", Destination: "null", Key: "true", A: ["1", "2"] });
    expect(second?.body).toEqual({ x: "" });
  });
});
