import { describe, expect, test } from "vitest";
import { largestText, parseText } from "../../src/desired/parse.ts";
import { heads, read } from "../support/documents.ts";

describe("texts that are no document", () => {
  test.each([
    ["version: 1\nguests: &a []\nroutes: *a\n", "d.yaml:3:9: aliases (*name) are not allowed"],
    ["version: 1\nversion: 1\n", "d.yaml:2:1: this key stands twice in one mapping"],
    ["version: 1\nguests:\n\t- a\n", "d.yaml:3:1: Tabs are not allowed as indentation"],
    ["version: 1\n---\nversion: 1\n", "d.yaml:2:1: a second document begins here (---): give each a file of its own"],
    ["version: !foo 1\n", "d.yaml:1:10: Unresolved tag: !foo"],
    [
      '{"version":1,"guests":[}',
      "d.yaml:1:24: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    [
      "version: 1\nguests: [\n",
      "d.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["", "d.yaml:1:1: the document is empty: it needs at least `version: 1`"],
    ["# nothing\n", "d.yaml:1:1: the document is empty: it needs at least `version: 1`"],
    ["hello", "d.yaml:1:1: must be of type object, not string"],
    ["- version: 1", "d.yaml:1:1: must be of type object, not array"],
    ["guests: []", "d.yaml:1:1: version: must be 1"],
    ["version: 2", "d.yaml:1:10: version: must be 1"],
    ['version: "1"', "d.yaml:1:10: version: must be 1"],
    ["version: 1\n<<: { routes: [] }\n", "d.yaml:2:1: <<: unknown key"],
    ["version: 1\n? [a, b]\n: c\n", "d.yaml:1:1: [ a, b ]: unknown key"],
    ["version: 1\n5: x", "d.yaml:2:1: 5: unknown key"],
  ])("%j", (text, problem) => {
    expect(heads(text)[0]).toBe(problem);
  });

  test("nesting that no parser stands, in one sentence", () => {
    expect(heads(`version: 1\nroutes: ${"[".repeat(50_000)}`)[0]).toMatch(
      /^d\.yaml:2:\d+: lists and mappings are nested too deeply$/,
    );
  });

  test("a text over 64 MiB is not even parsed", () => {
    const parsed = parseText(" ".repeat(largestText + 1));
    expect(parsed.problems.map(({ message }) => message)).toEqual(["the document is larger than 64 MiB"]);
  });
});

describe("where a problem is", () => {
  test("line, column, source line and caret; CRLF and indentation do not move it", () => {
    const lines = ["version: 1", "guests:", "  - name: a", "    dev: br0", "    mac: xx", "    addresses: []", ""];
    const problem =
      'd.yaml:5:10: guests.0.mac: "xx" is not a MAC address of six bytes\n        mac: xx\n             ^';
    expect(read(lines.join("\n")).problems).toEqual([problem]);
    expect(read(lines.join("\r\n")).problems).toEqual([problem]);
  });

  test("in minified JSON: a window of the line around the column", () => {
    const guests = Array.from({ length: 50 }, (_, n) => ({
      name: `g${n}`,
      dev: "b",
      mac: n === 40 ? "zz" : "02:00:00:00:00:01",
      addresses: [],
    }));
    const [problem = ""] = read(JSON.stringify({ version: 1, guests })).problems;
    const [head = "", line = "", caret = ""] = problem.split("\n");
    expect(head).toMatch(/^d\.yaml:1:\d{4}: guests\.40\.mac: "zz" is not a MAC address of six bytes$/);
    expect(line.length).toBeLessThanOrEqual(124);
    expect(line.slice(caret.length - 1)).toMatch(/^"zz"/);
  });

  test("of an unknown key: the key; of a missing one: its object", () => {
    expect(heads("version: 1\nroutes:\n  - too: 10.0.0.0/8\n    dev: br0\n")).toEqual([
      "d.yaml:3:5: routes.0.to: is missing",
      "d.yaml:3:5: routes.0.too: unknown key",
    ]);
  });

  test("what a terminal would obey does not reach it, and a long value is cut", () => {
    const { problems } = read(
      `{"version":1,"routes":[{"to":"\\u001b[31m\\n${"x".repeat(100_000)}","dev":"br0"}],"\\u0007":1}`,
    );
    expect(problems).toHaveLength(2);
    for (const problem of problems) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(problem).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
      expect(problem.length).toBeLessThan(700);
      expect(problem.split("\n").length).toBeLessThanOrEqual(4);
    }
  });
});

describe("wrong keys and values", () => {
  test.each([
    ["guest: []", "guest: unknown key", 'did you mean "guests"?'],
    ["Routes: []", "Routes: unknown key", 'did you mean "routes"?'],
    ["rutoes: []", "rutoes: unknown key", 'did you mean "routes"?'],
    [
      "frobnicate: 1",
      "frobnicate: unknown key",
      "known: version, guests, routers, routes, neighbors, rules, uplinks, links, hosts",
    ],
    [
      "constructor: 1",
      "constructor: unknown key",
      "known: version, guests, routers, routes, neighbors, rules, uplinks, links, hosts",
    ],
    [
      "__proto__: 1",
      "__proto__: unknown key",
      "known: version, guests, routers, routes, neighbors, rules, uplinks, links, hosts",
    ],
    ["rules: [{ priority: 0, dev: br0, table: 5 }]", "rules.0.priority: must be at least 1", undefined],
    ["rules: [{ dev: br0, table: 5 }]", "rules.0.priority: is missing", undefined],
    [
      "rules: [{ priority: 5, dev: br0, table: 5, fwmark: 0x10/ }]",
      'rules.0.fwmark: "0x10/" is not a mark such as 16, 0x10 or 0x10/0xff',
      undefined,
    ],
    ["rules: [{ priority: 5, dev: br0, table: true }]", "rules.0.table: must be a number or a text", undefined],
    [
      "rules: [{ priority: 5, dev: br0, table: 5, form: 192.0.2.0/24 }]",
      "rules.0.form: unknown key",
      'did you mean "from"?',
    ],
    ["links: { toString: { carier: keep } }", "links.toString.carier: unknown key", 'did you mean "carrier"?'],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, proto: 4 }]",
      "routes.0.proto: is not settable: netkeep's routes carry the protocol of RouteProtocol= in netkeep.conf(5)",
      undefined,
    ],
    [
      "routes: [{ to: 10.0.0.0/8, next-hops: [{ via: 10.1.1.1, dev: br0, wieght: 2 }] }]",
      "routes.0.next-hops.0.wieght: unknown key",
      'did you mean "weight"?',
    ],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, metric: 4294967296 }]",
      "routes.0.metric: must be at most 4294967295",
      undefined,
    ],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, metric: 99999999999999999999 }]",
      "routes.0.metric: must be at most 4294967295",
      undefined,
    ],
    ["routes: [{ to: 10.0.0.0/8, dev: br0, table: 0 }]", "routes.0.table: must be at least 1", undefined],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, preference: low }]",
      "routes.0.preference: exists for IPv6 routes only",
      undefined,
    ],
    ["routes: [{ to: 10.0.0.0/8, dev: br0, mtu: 1400.5 }]", "routes.0.mtu: must be of type int, not number", undefined],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, type: multicast }]",
      'routes.0.type: must be "unicast" or "local" or "blackhole" or "unreachable" or "prohibit" or "throw"',
      undefined,
    ],
    [
      "routes: [{ to: 10.0.0.0/8, dev: br0, on-link: 'yes' }]",
      "routes.0.on-link: must be of type boolean, not string",
      undefined,
    ],
    ["routes: [{ to: 10.0.0.0/8, next-hops: [] }]", "routes.0.next-hops: must be at least 1", undefined],
    ["routes: [{ to: 10, dev: br0 }]", "routes.0.to: must be of type string, not number", undefined],
    ["routes: {}", "routes: must be of type array, not object", undefined],
    ["guests: null", "guests: must be of type array, not null", undefined],
    ["links: { lo: { carrier: keep } }", 'links.lo: the loopback link "lo" takes no guests', undefined],
    ["links: { a/b: { carrier: keep } }", "links.a/b: is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -", undefined],
  ])("%s", (line, problem, hint) => {
    const { problems } = read(`version: 1\n${line}\n`);
    expect(problems).toHaveLength(1);
    const lines = problems[0]?.split("\n") ?? [];
    expect(lines[0]?.replace(/^d\.yaml:2:\d+: /, "")).toBe(problem);
    expect(lines[3]?.trim()).toBe(hint);
  });

  test.each(["br*", "!br0", "br[0]", "br0@x", "br;0", 'br"0', "br 0", "-j", "..", "sixteen-letters-x", "", "bré"])(
    "%j is not a link name",
    (link) => {
      expect(heads(JSON.stringify({ version: 1, routes: [{ to: "10.0.0.0/8", dev: link }] }))).toEqual([
        "d.yaml:1:49: routes.0.dev: is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -",
      ]);
    },
  );

  test.each(["a\nb", "a[b", "a]b", "a\u0000b", "", "x".repeat(129)])("%j is not a name", (name) => {
    const guest = { name, dev: "br0", mac: "02:00:00:00:00:01", addresses: [] };
    expect(heads(JSON.stringify({ version: 1, guests: [guest] }))).toEqual([
      "d.yaml:1:32: guests.0.name: is not a name: 1 to 128 characters without control characters, [ or ]",
    ]);
  });
});
