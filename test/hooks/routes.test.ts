import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { validateShape } from "../../src/desired/validate.ts";
import { readRoutesPayload } from "../../src/hooks/routes.ts";

const [one, two] = ["2001:db8:1::10", "2001:db8:1::11"];
const pair = (prefix: string, via: string = one) => ({ prefix, via });
const read = (payload: unknown) => readRoutesPayload(JSON.stringify(payload));

function routers(payload: object) {
  const result = read({ router: "r-42-VM", ...payload });
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  return { routers: result.document?.routers, notes: result.notes };
}

function problems(payload: unknown): readonly string[] {
  const result = read(payload);
  return "problems" in result ? result.problems : [];
}

describe("requests", () => {
  test("the payload of the proposal", () => {
    const payload = {
      router: "r-42-VM",
      action: "add",
      routes: [pair("2001:db8:100::/64")],
      extraPrefixes: ["2001:db8:200::/56"],
      persist: true,
    };
    expect(read(payload)).toEqual({
      owner: "router:r-42-VM",
      action: "add",
      persistence: "persistent",
      document: {
        version: 1,
        routers: [
          { name: "r-42-VM", upstream: one, prefixes: ["2001:db8:100::/64"], "extra-prefixes": ["2001:db8:200::/56"] },
        ],
      },
      notes: [],
    });
  });

  test("the lists of the CloudStack API, both families", () => {
    const payload = {
      ip6routes: [{ subnet: "2022:2:2:1::/64", gateway: "fd00:10:11:51:1c00:eeff:fe00:6" }],
      ip4routes: [{ subnet: "198.51.100.0/24", gateway: "192.0.2.10" }],
    };
    expect(routers(payload).routers).toEqual([
      { name: "r-42-VM", upstream: "fd00:10:11:51:1c00:eeff:fe00:6", prefixes: ["2022:2:2:1::/64"] },
      { name: "r-42-VM", upstream: "192.0.2.10", prefixes: ["198.51.100.0/24"] },
    ]);
  });

  test.each([
    [{ routes: [] }, { action: "add", persistence: "persistent", document: { version: 1, routers: [] } }],
    [
      { action: "sync", routes: [], persist: false },
      { action: "sync", persistence: "runtime" },
    ],
    [{ action: "delete" }, { action: "delete", persistence: "persistent", document: null }],
    [
      { action: "delete", routes: [pair("2001:db8:100::/64")], persist: false },
      { persistence: "runtime", document: null },
    ],
  ])("%j", (payload, expected) => {
    expect(read({ router: "r-42-VM", ...payload })).toMatchObject({ owner: "router:r-42-VM", notes: [], ...expected });
  });
});

describe("repetitions", () => {
  test("the same pair, in several spellings and lists, is one route", () => {
    const routes = [
      pair("2001:db8:100::/64"),
      pair("2001:DB8:100:0::/64", "2001:db8:1:0::0010"),
      pair("2001:db8:100::/64"),
    ];
    const ip6routes = [{ subnet: "2001:db8:100::/64", gateway: one }];
    expect(routers({ routes, ip6routes })).toEqual({
      routers: [{ name: "r-42-VM", upstream: one, prefixes: ["2001:db8:100::/64"] }],
      notes: [],
    });
  });

  test("of two gateways for a prefix the first listed counts, and the other is said once", () => {
    const routes = [pair("2001:db8:100::/64"), pair("2001:db8:100::/64", two), pair("2001:db8:101::/64", two)];
    expect(routers({ routes: [...routes], extraPrefixes: [] })).toEqual({
      routers: [
        { name: "r-42-VM", upstream: one, prefixes: ["2001:db8:100::/64"] },
        { name: "r-42-VM", upstream: two, prefixes: ["2001:db8:101::/64"] },
      ],
      notes: [`routes.1: 2001:db8:100::/64 goes via ${one}, which is listed first, and not via ${two}`],
    });
  });
});

describe("extra prefixes", () => {
  test("go via the gateway of their family; one that is routed already is no second route", () => {
    const routes = [pair("2001:db8:100::/64"), pair("198.51.100.0/24", "192.0.2.10")];
    const extraPrefixes = ["203.0.113.0/24", "2001:db8:200::/56", "2001:db8:100::/64", "2001:db8:200::/56"];
    expect(routers({ routes, extraPrefixes })).toEqual({
      routers: [
        { name: "r-42-VM", upstream: one, prefixes: ["2001:db8:100::/64"], "extra-prefixes": ["2001:db8:200::/56"] },
        {
          name: "r-42-VM",
          upstream: "192.0.2.10",
          prefixes: ["198.51.100.0/24"],
          "extra-prefixes": ["203.0.113.0/24"],
        },
      ],
      notes: [],
    });
  });

  test("a redundant router that lost every prefix is no second gateway", () => {
    const routes = [pair("2001:db8:100::/64"), pair("2001:db8:100::/64", two)];
    expect(routers({ routes, extraPrefixes: ["2001:db8:200::/56"] }).routers).toEqual([
      { name: "r-42-VM", upstream: one, prefixes: ["2001:db8:100::/64"], "extra-prefixes": ["2001:db8:200::/56"] },
    ]);
  });

  test("with two gateways nobody can say which", () => {
    const routes = [pair("2001:db8:100::/64"), pair("2001:db8:101::/64", two)];
    expect(problems({ router: "r", routes, extraPrefixes: ["2001:db8:200::/56"] })).toEqual([
      `extraPrefixes.0: 2001:db8:200::/56 could go via ${one} or ${two}: list it in routes with one of them`,
    ]);
  });

  test("without a gateway they are left out: the setting outlives the router's last network", () => {
    expect(routers({ routes: [], extraPrefixes: ["2001:db8:200::/56"] })).toEqual({
      routers: [],
      notes: ["extraPrefixes.0: 2001:db8:200::/56 is left out: no route has an IPv6 gateway"],
    });
  });
});

describe("problems", () => {
  test.each<[unknown, string[]]>([
    [null, ["the payload: must be of type object"]],
    [[], ["the payload: must be of type object"]],
    [{}, ["router: is missing"]],
    [{ router: "r" }, ["routes: is missing; an empty list says that there are none"]],
    [
      { router: "r[1]\n", routes: [] },
      ["router: is not a name: 1 to 128 characters without control characters, [ or ]"],
    ],
    [{ router: 42, routes: {} }, ["router: must be of type string", "routes: must be of type array"]],
    [{ router: "r", action: "remove", routes: [] }, ['action: must be "add" or "delete" or "sync"']],
    [{ router: "r", routes: [], persist: "yes" }, ["persist: must be of type boolean"]],
    [{ router: "r", routes: [], extraPrefix: [] }, ['extraPrefix: unknown key; did you mean "extraPrefixes"?']],
    [
      { router: "r", routes: [{ prefix: "2001:db8::1/64", via: "x", vai: 1 }, { prefix: "::/0" }] },
      [
        'routes.0.prefix: "2001:db8::1/64" has host bits set; the prefix is 2001:db8::/64',
        'routes.0.via: "x" is not an IPv4 or IPv6 address',
        'routes.0.vai: unknown key; did you mean "via"?',
        "routes.1.via: is missing",
      ],
    ],
    [
      { router: "r", ip6routes: [{ subnet: "2001:db8::/64", via: one }] },
      ["ip6routes.0.gateway: is missing", "ip6routes.0.via: unknown key; known: subnet, gateway"],
    ],
    [
      { router: "r", routes: [pair("2001:db8:100::/64", "192.0.2.1"), pair("2001:db8:101::/64")] },
      ["routes.0: 192.0.2.1 is an IPv4 next hop for the IPv6 prefix 2001:db8:100::/64"],
    ],
    [
      { router: "r", constructor: 1, routes: [] },
      ["constructor: unknown key; known: router, action, routes, ip6routes, ip4routes, extraPrefixes, persist"],
    ],
  ])("%j", (payload, expected) => {
    expect([...problems(payload)].sort()).toEqual([...expected].sort());
  });

  test.each([
    ["", "the payload is empty: JSON is wanted on stdin"],
    [" \n", "the payload is empty: JSON is wanted on stdin"],
    ["{", /^the payload is not JSON: /],
    [`{"router":"r","routes":${"[".repeat(200_000)}`, /^the payload is not JSON: /],
  ])("%.40j", (text, expected) => {
    const result = readRoutesPayload(text);
    expect("problems" in result ? result.problems[0] : null).toMatch(expected);
  });

  test("any JSON gives problems or a valid document", () => {
    const prefix = fc.oneof(
      fc.constantFrom("2001:db8:1::/64", "10.0.0.0/8", "::/0", one, "2001:DB8:1:0::/64"),
      fc.string(),
    );
    const via = fc.oneof(fc.constantFrom(one, two, "192.0.2.1", "fe80::1"), fc.string());
    const payload = fc.record(
      {
        router: fc.string({ unit: "binary" }),
        action: fc.constantFrom("add", "delete", "sync"),
        routes: fc.array(fc.record({ prefix, via })),
        ip6routes: fc.array(fc.record({ subnet: prefix, gateway: via })),
        extraPrefixes: fc.array(prefix),
        persist: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const check = (value: unknown) => {
      const result = read(value);
      if ("problems" in result) expect(result.problems.length).toBeGreaterThan(0);
      else if (result.document !== null) expect(validateShape(result.document).problems).toEqual([]);
    };
    fc.assert(fc.property(fc.oneof(payload, fc.jsonValue()), check), { numRuns: 500 });
  });
});
