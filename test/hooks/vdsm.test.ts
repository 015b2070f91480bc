import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { validateShape } from "../../src/desired/validate.ts";
import { changeForVdsm } from "../../src/hooks/vdsm.ts";
import { attributesOf, canonicalNetwork } from "../../src/hooks/vdsmCanonical.ts";
import { tableOf, type VdsmHost, type VdsmNetwork } from "../../src/hooks/vdsmNetwork.ts";
import { parseVdsmPayload } from "../../src/hooks/vdsmPayload.ts";
import { accepted, parseAddress } from "../../src/model/address.ts";
import { hostOfStep, readBack, vdsmCases } from "../support/vdsmCases.ts";

const nowhere: VdsmHost = { running: new Map(), links: null, foreignDefaults: [] };
const fixed = { ipaddr: "192.0.2.1", netmask: "255.255.255.0" };

function change(networks: object, more: object = {}, host: VdsmHost = nowhere) {
  return changeForVdsm(JSON.stringify({ networks, ...more }), host);
}

function problems(networks: object, more: object = {}, host: VdsmHost = nowhere): string[] {
  const result = change(networks, more, host);
  return "problems" in result
    ? result.problems.map(({ code, subject, message }) => `${code} ${subject}: ${message}`)
    : [];
}

function notes(networks: object, more: object = {}, host: VdsmHost = nowhere): readonly string[] {
  const result = change(networks, more, host);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  return result.notes;
}

/** A host that has made a call. */
function hostAfter(networks: object, links: VdsmHost["links"] = null): VdsmHost {
  const result = change(networks);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  const running = result.networks.flatMap(({ name, request }) =>
    request === null ? [] : [[name, readBack(name, request)] as const],
  );
  return { running: new Map(running), links, foreignDefaults: [] };
}

describe("calls of VDSM's own tests", () => {
  test.each(vdsmCases())("$name: $about", ({ steps }) => {
    const running = new Map<string, VdsmNetwork>();
    for (const step of steps) {
      const result = changeForVdsm(step.call, hostOfStep(step, running));
      expect(result).toEqual(step.expected(result));
      if ("problems" in result) continue;
      for (const { name, request } of result.networks) {
        if (request === null) running.delete(name);
        else running.set(name, readBack(name, JSON.parse(JSON.stringify(request))));
      }
    }
  });

  test("all of them are there", () => {
    expect(vdsmCases().length).toBeGreaterThanOrEqual(21);
  });
});

describe("the table of a link", () => {
  test.each([
    ["ovirtmgmt", 329647082],
    ["testnet1", 258016057],
    ["test-network", 535364856],
    ["eth0", 66322802],
    ["eth1", 66388339],
    ["eth0.101", 194511410],
    ["bond1", 99484117],
    ["bond10", 133366277],
    ["bond10.10", 253624980],
    ["Wikipedia", 0x11e60398],
  ])("%s: %d", (name, table) => {
    expect(tableOf(name)).toBe(table);
  });

  test("is over the UTF-8 bytes of the name", () => {
    expect(tableOf("ü")).toBe((0xc3 + 1 + 0xc3 + 0xbc + 1) * 65536 + 0xc3 + 0xbc + 1);
  });
});

describe("what is wrong", () => {
  const host = (): VdsmHost => hostAfter({ old: { nic: "eth0", vlan: 5 }, mgmt: { bonding: "bond0" } }, new Map());
  const bond0 = { bonding: "bond0" };
  test.each<[object, object, string[]]>([
    [{ n: { ...fixed, prefix: "24" } }, {}, ["21 n.prefix: stands beside netmask: give one of them"]],
    [{ n: { ipaddr: "192.0.2.1", prefix: "x" } }, {}, ['22 n.prefix: "x" is not a prefix length, 1 to 32']],
    [{ n: { ipaddr: "192.0.2.1", prefix: 33 } }, {}, ["22 n.prefix: 33 is not a prefix length, 1 to 32"]],
    [{ n: { ipaddr: "192.0.2.1" } }, {}, ["22 n.ipaddr: needs a netmask or prefix"]],
    [{ n: { netmask: "255.255.255.0" } }, {}, ["22 n.netmask: is given without ipaddr"]],
    [{ n: { ...fixed, netmask: "255.0.255.0" } }, {}, ['22 n.netmask: "255.0.255.0" is not a netmask']],
    [{ n: { ...fixed, ipaddr: "2001:db8::1" } }, {}, ['22 n.ipaddr: "2001:db8::1" is not an IPv4 address']],
    [{ n: { ...fixed, gateway: "2001:db8::1" } }, {}, ['22 n.gateway: "2001:db8::1" is not an IPv4 address']],
    [{ n: { ...fixed, gateway: "192.0.3.1" } }, {}, ["22 n.gateway: 192.0.3.1 is not in the subnet of ipaddr"]],
    [{ n: { ...fixed, bootproto: "dhcp" } }, {}, ["22 n.ipaddr: a static address does not go with bootproto dhcp"]],
    [{ n: { bootproto: "static" } }, {}, ['21 n.bootproto: must be "dhcp" or "none"']],
    [
      { n: { ipv6addr: "192.0.2.1/24" } },
      {},
      ['22 n.ipv6addr: "192.0.2.1/24" is not an IPv6 address with prefix length'],
    ],
    [
      { n: { ipv6addr: "2001:db8::1/129" } },
      {},
      ['22 n.ipv6addr: "2001:db8::1/129" is not an IPv6 address with prefix length'],
    ],
    [
      { n: { ipv6gateway: "2001:db8::1" } },
      {},
      ["22 n.ipv6gateway: is given without ipv6addr, dhcpv6 or ipv6autoconf"],
    ],
    [
      { n: { ipv6addr: "2001:db8::1/64", ipv6gateway: "2001:db8:1::1" } },
      {},
      ["22 n.ipv6gateway: 2001:db8:1::1 is not in the subnet of ipv6addr"],
    ],
    [
      { n: { nameservers: ["192.0.2.53"] } },
      {},
      ["21 n.nameservers: only the network of the default route can have name servers"],
    ],
    [
      { n: { defaultRoute: true, nameservers: ["fe80::1%eth0", "x"] } },
      {},
      ['22 n.nameservers: "x" is not an address'],
    ],
    [
      { n: { nic: "eth1", bonding: "bond8" } },
      { bondings: { bond8: { nics: ["eth8"] } } },
      ["21 n.nic: stands beside bonding: a network has one of them"],
    ],
    [{ n: { bridged: false } }, {}, ["21 n: a network that is not bridged needs nic or bonding"]],
    [{ n: { vlan: 3 } }, {}, ["26 n.vlan: needs nic or bonding"]],
    [{ n: { nic: "eth1", vlan: "x" } }, {}, ['26 n.vlan: "x" is not a VLAN tag, 0 to 4094']],
    [{ n: { nic: "eth1", vlan: 4095 } }, {}, ["26 n.vlan: 4095 is not a VLAN tag, 0 to 4094"]],
    [{ n: { bonding: "bond7" } }, {}, ["25 n.bonding: there is no bond bond7"]],
    [{ n: { bonding: "bond1" } }, { bondings: { bond1: {} } }, ["23 bond1.nics: a bond needs NICs"]],
    [{ n: { nic: "eth1" } }, { bondings: { bond1: { nics: ["eth1"] } } }, ["24 eth1: is used by bond1 and by n"]],
    [{}, { bondings: { b1: { nics: ["e1"] }, b2: { nics: ["e1"] } } }, ["24 e1: is used by b1 and by b2"]],
    [{}, { bondings: { bond0: { remove: true } } }, ["31 bond0: cannot be removed: mgmt is on it"]],
    [{ n: { nic: "eth0", vlan: "5" } }, {}, ["21 old, n: cannot share eth0 with VLAN 5"]],
    [{ n: bond0 }, {}, ["21 mgmt, n: cannot share bond0"]],
    [
      { n: { nic: "eth1", switch: "ovs" } },
      { bondings: { bond1: { nics: ["e"] } } },
      ["21 switch: one call cannot have both legacy and ovs"],
    ],
    [{ "n.1": {} }, {}, [/^27 n\.1: is no name of a bridge/.source]],
    [{ "a-name-of-16-char": {} }, {}, [/^27 a-name-of-16-char: is no name of a bridge/.source]],
    [{ "-n": {} }, {}, [/^27 -n: is no name of a bridge/.source]],
    [{ "n*": {} }, {}, [/^27 n\*: link "n\*": is not a link name/.source]],
    [{ n: { nic: "eth 1", bridged: false } }, {}, [/^23 n: link "eth 1": is not a link name/.source]],
    [{ gone: { remove: true } }, {}, ["27 gone: there is no such network to remove"]],
    [{ old: { remove: "1", nic: "eth0" } }, {}, ["21 old.nic: does not go with remove"]],
    [{ n: { bridged: "maybe" } }, {}, ['21 n.bridged: "maybe" is not true or false']],
    [{ n: { mtu: 20 } }, {}, ["21 n.mtu: 20 is not an MTU, 68 to 65535"]],
    [{ n: { nic: ["a", "b"] } }, {}, ["23 n.nic: is of the wrong type"]],
    [{ n: null }, {}, ["21 n: must be of type object"]],
    [
      { n: {} },
      { options: { connectivityTimeout: "soon" } },
      ['21 options.connectivityTimeout: "soon" is not a number of seconds, 0 to 3600'],
    ],
    [{ n: {} }, { options: {}, network: {} }, ["21 network: is no part of a setupNetworks call"]],
    [JSON.parse('{"__proto__":{}}'), {}, ["21 __proto__: is no name of a network or attribute"]],
  ])("%j %j", (networks, more, expected) => {
    const found = problems(networks, more, host());
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) {
      if (text.startsWith("^")) expect(found[index]).toMatch(new RegExp(text));
      else expect(found[index]).toBe(text);
    }
  });

  test("all of it is said at once", () => {
    const networks = { a: { ...fixed, gateway: "x", vlan: "y" }, b: { gateway: "192.0.2.1", bridged: false } };
    expect(problems(networks)).toEqual([
      '26 a.vlan: "y" is not a VLAN tag, 0 to 4094',
      '22 a.gateway: "x" is not an IPv4 address',
      "22 b.gateway: is given without ipaddr",
      "21 b: a network that is not bridged needs nic or bonding",
    ]);
  });

  test("two links with one checksum", () => {
    const [one, two] = ["aca", "bab"] as const;
    expect([tableOf(one), one]).toEqual([tableOf(two), one]);
    expect(problems({ [one]: {}, [two]: {} })).toEqual([
      `21 ${one}, ${two}: have the same routing table, ${tableOf(one)}: rename one of these links`,
    ]);
  });

  test.each([
    ["", "is empty: JSON is wanted on standard input"],
    ["{", "is not JSON"],
    [`${'{"networks":'.repeat(50_000)}1${"}".repeat(50_000)}`, "is nested too deeply"],
    ["[]", "must be of type object"],
    ["{}", "is missing"],
  ])("%j", (text, message) => {
    const result = changeForVdsm(text, nowhere);
    expect("problems" in result ? result.problems[0] : null).toMatchObject({
      code: 21,
      message: expect.stringContaining(message),
    });
  });
});

describe("a call is a patch", () => {
  const one = { nic: "eth0", ...fixed, gateway: "192.0.2.254", defaultRoute: true, nameservers: ["192.0.2.53"] };
  const two = { nic: "eth1", ipaddr: "192.0.3.1", prefix: 24, gateway: "192.0.3.254", defaultRoute: true };

  test("networks that it does not name stay as they are", () => {
    const result = change({ two: { ...two, defaultRoute: false } }, {}, hostAfter({ one }));
    expect("networks" in result && result.networks.map(({ name }) => name)).toEqual(["two"]);
  });

  test("but for the one that had the default route", () => {
    const result = change({ two }, {}, hostAfter({ one }));
    if ("problems" in result) throw new Error("problems");
    expect(result.networks.map(({ name, request }) => [name, request?.defaultRoute, request?.nameservers])).toEqual([
      ["two", true, []],
      ["one", false, []],
    ]);
    expect(result.notes).toContain("one: is not the network of the default route any more");
  });

  test("a network that the call names itself keeps what the call says", () => {
    expect(problems({ two, one }, {}, hostAfter({ one }))).toEqual([
      "21 two, one: only one network can have the default route",
    ]);
    expect(problems({ two, one: { remove: true } }, {}, hostAfter({ one }))).toEqual([]);
  });

  test("what VDSM has done already may be unknown here", () => {
    const request = { networks: { gone: { remove: true } }, bondings: {}, options: { connectivityCheck: false } };
    expect(changeForVdsm(JSON.stringify({ request }), { ...nowhere, links: new Map() })).toMatchObject({
      networks: [{ name: "gone", action: "remove", link: null, document: null }],
    });
  });
});

describe("what is left to others is said", () => {
  test("every attribute that netkeep does nothing for", () => {
    const attributes = {
      nic: "eth0",
      stp: "on",
      hostQos: {},
      onboot: "yes",
      gatway: "192.0.2.1",
      defaultRoute: true,
      nameservers: ["192.0.2.53"],
      custom: { bridge_opts: "x=1", default_route: "yes", ovs: false },
    };
    expect(
      notes({ n: attributes }, { bondings: { bond1: { nics: ["eth1"] } }, options: { commitOnSuccess: false, x: 1 } }),
    ).toEqual([
      "bondings are not netkeep's: bond1 is left to who sets up links",
      "n: left to others: nameservers, stp, custom.bridge_opts, hostQos, onboot",
      "n.custom.default_route: is deprecated, use defaultRoute",
      'n.gatway: unknown, and left out; did you mean "gateway"?',
      "options.x: unknown, and left out",
      "options.commitOnSuccess: netkeep keeps what it has done over a reboot, also if false",
    ]);
    expect(change({ n: { gatway: "192.0.2.1", mtu: "x" } })).toMatchObject({
      problems: [{ code: 21 }],
      notes: ['n.gatway: unknown, and left out; did you mean "gateway"?'],
    });
    expect(notes({ n: { nic: "eth0", stp: false, nameservers: [] } }, { options: { _inRollback: true } })).toEqual([]);
  });

  test("what the link does not have", () => {
    const links: VdsmHost["links"] = new Map([["n", { mtu: 9000, addresses: [] }]]);
    const foreignDefaults = [{ link: "n", gateway: accepted(parseAddress("192.0.2.1")) }];
    expect(
      notes({ n: { ...fixed, gateway: "192.0.2.1" } }, {}, { running: new Map(), links, foreignDefaults }),
    ).toEqual([
      "n: n does not have 192.0.2.1/24, and netkeep sets no addresses",
      "n: n has an MTU of 9000, not 1500, and netkeep sets none",
      "n.gateway: is the network's own address",
      "n: the default route via 192.0.2.1 dev n is somebody else's, and stays",
    ]);
  });
});

describe("any call", () => {
  const sound = fc.record(
    {
      nic: fc.constantFrom("eth0", "eth1"),
      vlan: fc.constantFrom(1, 2),
      bridged: fc.boolean(),
      ipaddr: fc.constant("192.0.2.1"),
      prefix: fc.integer({ min: 20, max: 29 }),
      gateway: fc.constant("192.0.2.6"),
      ipv6addr: fc.constantFrom("2001:DB8::1/64", "2001:db8::1/120"),
      ipv6gateway: fc.constantFrom("2001:db8::2", "fe80::1"),
      defaultRoute: fc.boolean(),
    },
    { requiredKeys: ["nic", "ipaddr", "prefix", "ipv6addr"] },
  );
  const words = fc.constantFrom(
    "192.0.2.1",
    "255.255.255.0",
    "192.0.2.254",
    "2001:db8::1/64",
    "fe80::1",
    "eth0",
    "bond1",
    "x",
    "",
  );
  const value = fc.oneof(words, fc.boolean(), fc.integer({ min: -1, max: 5000 }), fc.constant(null), fc.array(words));
  const keys = fc.constantFrom(
    ..."nic bonding vlan bridged ipaddr netmask prefix gateway bootproto ipv6addr ipv6gateway defaultRoute mtu remove switch".split(
      " ",
    ),
  );
  const names = fc.oneof(fc.string(), fc.constantFrom("n1", "n2", "constructor"));
  const networks = fc.dictionary(names, fc.oneof(sound, fc.dictionary(keys, value)));

  test("gives problems, or documents that are valid and a record that reads back", () => {
    const check = (call: unknown) => {
      const result = changeForVdsm(JSON.stringify(call), nowhere);
      if ("problems" in result) {
        expect(result.problems.length).toBeGreaterThan(0);
        return;
      }
      for (const { name, request, document } of result.networks) {
        if (document !== null) expect(validateShape(document).problems).toEqual([]);
        if (request !== null) expect(attributesOf(readBack(name, request))).toEqual(request);
      }
    };
    fc.assert(fc.property(fc.oneof(fc.record({ networks }), fc.jsonValue()), check), { numRuns: 1000 });
  });

  test("spellings of truth", () => {
    for (const [word, truth] of [
      ["1", true],
      [1, true],
      ["True", true],
      ["no", false],
      [0, false],
    ] as const) {
      const payload = parseVdsmPayload(JSON.stringify({ networks: { n: { defaultRoute: word } } }));
      expect("networks" in payload && canonicalNetwork("n", payload.networks["n"] ?? {}).network.defaultRoute).toBe(
        truth,
      );
    }
  });
});
