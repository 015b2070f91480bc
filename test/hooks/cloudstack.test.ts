import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownerFileName } from "../../src/desired/stored.ts";
import { validateShape } from "../../src/desired/validate.ts";
import {
  type CloudstackRequest,
  changeForCloudstack,
  cloudstackOwner,
  parseCloudstackArguments,
} from "../../src/hooks/cloudstack.ts";

const mac = "02:00:00:00:00:01";
const place = ["-b", "brdr-5828", "-m", mac];

function request(...argv: string[]): CloudstackRequest {
  const parsed = parseCloudstackArguments(argv);
  if ("usage" in parsed) throw new Error(parsed.complaint ?? "usage");
  return parsed;
}

function documentWith(...addresses: string[]) {
  return { version: 1 as const, guests: [{ name: `${mac} on brdr-5828`, dev: "brdr-5828", mac, addresses }] };
}

describe("arguments", () => {
  test("the agent's own example", () => {
    const text = `-o add -b brdr-5828 -m ${mac} -4 203.0.113.55 -6 fe80::ff:fe00:1 -6 2001:db8:1::55 -4 203.0.113.56`;
    expect(request(...text.split(" "))).toEqual({
      operation: "add",
      bridge: "brdr-5828",
      mac,
      addresses: [
        { family: 4, text: "203.0.113.55" },
        { family: 6, text: "fe80::ff:fe00:1" },
        { family: 6, text: "2001:db8:1::55" },
        { family: 4, text: "203.0.113.56" },
      ],
    });
  });

  test("the last of -o, -b and -m counts", () => {
    const last = request("-o", "add", "-b", "br0", "-m", "x", "-odelete", "-bbr1", "-my");
    expect(last).toEqual({ operation: "delete", bridge: "br1", mac: "y", addresses: [] });
  });

  test.each<[string[], string | null]>([
    [[], null],
    [["-o", "add", "-b", "br0"], null],
    [["-o", "add", "-m", mac], null],
    [place, null],
    [["-o", "update", ...place], null],
    [["-o", "ADD", ...place], null],
    [["-o", "add", "-b", "", "-m", mac], null],
    [["-o", "add", "x", ...place], null],
    [["-o", "add", ...place, "-4"], "modifymacip.sh: option requires an argument -- 4"],
    [["-o", "add", ...place, "-v"], "modifymacip.sh: illegal option -- v"],
    [["--help"], "modifymacip.sh: illegal option -- -"],
    [["-\u001b"], "modifymacip.sh: illegal option -- �"],
  ])("usage for %j", (argv, complaint) => {
    const usage = "Usage: modifymacip.sh -o <add|delete> -b <bridge> -m <mac> [-4 <ipv4>]... [-6 <ipv6>]...";
    expect(parseCloudstackArguments(argv)).toEqual({ usage, complaint });
  });
});

describe("owner", () => {
  test.each([
    ["cloudbr0", "52:02:45:76:D2:35", "cloudstack:cloudbr0:52:02:45:76:d2:35"],
    ["cloudbr0", "52-02-45-76-d2-35", "cloudstack:cloudbr0:52:02:45:76:d2:35"],
    ["../../etc", "X\n[Match]", "cloudstack:../../etc:x\n[match]"],
  ])("%j %j", (bridge, given, owner) => {
    expect(cloudstackOwner(request("-o", "add", "-b", bridge, "-m", given))).toBe(owner);
  });

  test("of any text is a file name that stays in its directory", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary", minLength: 1 }), (b, m) => {
        expect(ownerFileName(cloudstackOwner(request("-o", "add", "-b", b, "-m", m)))).toMatch(
          /^cloudstack:[^/\0]*\.json$/,
        );
      }),
    );
  });
});

describe("change", () => {
  const v4 = "203.0.113.55";
  const v6 = "2001:db8:1::55";
  type Case = [string, string[], string[] | null, string[] | null, string[]];
  test.each<Case>([
    ["add to nothing", ["add", "-4", v4, "-6", v6], null, [v4, v6], []],
    ["add adds, order kept", ["add", "-6", v6], [v4], [v4, v6], []],
    ["add of what is there, in other spellings", ["add", "-6", "2001:DB8:1:0::0055", "-4", v4], [v6, v4], [v6, v4], []],
    ["add of one address twice", ["add", "-4", v4, "-4", v4], null, [v4], []],
    ["add without addresses", ["add"], [v4], [v4], []],
    ["add without addresses to nothing", ["add"], null, null, []],
    ["delete of all", ["delete"], [v4, v6], null, []],
    ["delete of one", ["delete", "-6", "2001:db8:1:0:0:0:0:55"], [v4, v6], [v4], []],
    ["delete of the last", ["delete", "-4", v4], [v4], null, []],
    ["delete of what is not there", ["delete", "-4", "192.0.2.9"], [v4], [v4], []],
    ["delete from nothing", ["delete", "-4", v4], null, null, []],
    [
      "delete of a bad address is no delete of all",
      ["delete", "-4", "x"],
      [v4],
      [v4],
      ['-4: "x" is not an IPv4 or IPv6 address'],
    ],
    [
      "a bad address fails for itself",
      ["add", "-4", "1.2.3", "-6", v6],
      [v4],
      [v4, v6],
      ['-4: "1.2.3" is not an IPv4 or IPv6 address'],
    ],
    ["an empty address", ["add", "-4", "", "-6", v6], null, [v6], ['-4: "" is not an IPv4 or IPv6 address']],
    [
      "with a prefix length",
      ["add", "-4", `${v4}/32`],
      null,
      null,
      [`-4: "${v4}/32" has a prefix length; an address is wanted`],
    ],
    [
      "of the other family",
      ["add", "-4", v6, "-6", v4],
      null,
      null,
      [`-4: "${v6}" is not an IPv4 address`, `-6: "${v4}" is not an IPv6 address`],
    ],
    [
      "no guest's address",
      ["add", "-4", "0.0.0.0", "-6", "ff02::1", "-4", v4],
      null,
      [v4],
      ["-4: 0.0.0.0 is not the address of a guest", "-6: ff02::1 is not the address of a guest"],
    ],
  ])("%s", (_, [operation = "", ...addresses], before, after, problems) => {
    const change = changeForCloudstack(
      request("-o", operation, ...place, ...addresses),
      before === null ? null : documentWith(...before),
    );
    expect(change).toEqual({ document: after === null ? null : documentWith(...after), problems });
  });

  test.each([
    ["brdr-5828", "01:00:5e:00:00:01", '"01:00:5e:00:00:01" is a multicast MAC address: no guest has it'],
    ["brdr-5828", "x\ny", '"x�y" is not a MAC address of six bytes'],
    ["br[0]", mac, 'link "br[0]": is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -'],
    ["../x", mac, 'link "../x": is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -'],
    ["lo", mac, 'link "lo": the loopback link "lo" takes no guests'],
  ])("nothing with bridge %j and MAC %j", (bridge, given, problem) => {
    for (const operation of ["add", "delete"]) {
      const wanted = request("-o", operation, "-b", bridge, "-m", given, "-4", v4);
      expect(changeForCloudstack(wanted, documentWith(v6))).toEqual({
        document: documentWith(v6),
        problems: [problem],
      });
    }
  });

  test("any arguments, any number of times: a valid document and one line for each problem", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.ipV4(), fc.ipV6(), fc.constantFrom("br0", mac, "lo"));
    const calls = fc.array(
      fc.record({ operation: fc.constantFrom("add", "delete"), bridge: text, mac: text, list: fc.array(text) }),
    );
    const run = (list: { operation: string; bridge: string; mac: string; list: string[] }[]) => {
      let document: ReturnType<typeof changeForCloudstack>["document"] = null;
      for (const call of list) {
        const options = call.list.flatMap((address) => [address.includes(":") ? "-6" : "-4", address]);
        const parsed = parseCloudstackArguments(["-o", call.operation, "-b", call.bridge, "-m", call.mac, ...options]);
        if ("usage" in parsed) continue;
        const change = changeForCloudstack(parsed, document);
        document = change.document;
        expect(change.problems.filter((problem) => /\p{Cc}/u.test(problem) || problem.length > 401)).toEqual([]);
        if (document !== null) expect(validateShape(document).problems).toEqual([]);
      }
    };
    fc.assert(fc.property(calls, run));
  });
});
