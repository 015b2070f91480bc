/**
 * What netkeep writes, networkd parses to exactly the same entries: random documents are applied with --no-live, so that
 * networkd alone installs them, and the kernel is compared with the document. And each attribute by itself, which makes
 * docs/route-attributes.md (`vitest -u` writes it).
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attributeFiles, attributes } from "./support/attributes.ts";
import { attributeTable, type Cells, tryAttributes } from "./support/attributeTable.ts";
import type { LabHost } from "./support/host.ts";
import { suites, systemdVersions } from "./support/recipe.ts";
import { apply, bootScenario, expectClean, kernelEntries } from "./support/scenario.ts";

const page = fileURLToPath(new URL("../../docs/route-attributes.md", import.meta.url));
const rounds = 4;
const seed = 20_260_821;

interface RouteJson {
  to: string;
  dev: string;
  [key: string]: unknown;
}

const found: Record<number, ReadonlyMap<string, Cells>> = {};

describe.each(suites)("networkd of %s reads what netkeep writes", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite, {
      ...attributeFiles,
      "/etc/systemd/network/10-cloudbr1.network.d/10-subnet.conf": "[Network]\nAddress=192.0.2.1/24\n",
    });
  });
  afterAll(() => host?.stop());

  test.each(Array.from({ length: rounds }, (_, round) => round))("random document %i", async (round) => {
    const [document] = fc.sample(documents, { numRuns: 1, seed: seed + round });
    const result = await apply(host, JSON.stringify(document), "random", ["--no-live"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining("refused") });
    const count = (await kernelEntries(host)).filter((line) => / proto 107( |$)|PERMANENT/.test(line));
    expect(count.length).toBeGreaterThan(60);
    await expectClean(host);
    const journal = await host.run(["journalctl", "-b", "-o", "cat", "-u", "systemd-networkd"]);
    expect(journal.stdout.split("\n").filter((line) => /netkeep.*(ignor|Invalid|Failed|nvalid)/.test(line))).toEqual([
      ...journal.stdout.split("\n").filter((line) => line.includes("ManageForeignNextHops")),
    ]);
  });

  test("every type and attribute of a route", async () => {
    expect((await apply(host, "version: 1\n", "random")).exitCode).toBe(0);
    const overTwo = attributes.filter(({ line }) => line.includes("dev cloudbr2")).map(({ document }) => document);
    const planned = await apply(host, JSON.stringify({ version: 1, routes: overTwo }), "hops", ["--dry-run"]);
    const warning =
      "networkd 252 sets routes over several links only while all of them have carrier, and cloudbr2 has none";
    expect(planned.stderr.includes(warning), planned.stderr).toBe(suite === "bookworm");
    found[systemdVersions[suite]] = await tryAttributes(host);
  });
});

test("the table of attributes is as published", async () => {
  expect(Object.values(found).map(({ size }) => size)).toEqual([attributes.length, attributes.length]);
  const text = await readFile(page, "utf8");
  const [head = ""] = text.split(/^\| route \|/m);
  await expect(head + attributeTable(found)).toMatchFileSnapshot(page);
});

const octet = fc.integer({ min: 1, max: 254 });
const word = fc.integer({ min: 1, max: 0xffff }).map((number) => number.toString(16));
const mac = fc
  .tuple(octet, octet, octet)
  .map((bytes) => `52:54:00:${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`);
const prefix4 = fc.oneof(
  fc.tuple(octet, octet, octet).map(([a, b, c]) => `100.${a}.${b}.${c}/32`),
  fc.tuple(octet, octet).map(([a, b]) => `100.${a}.${b}.0/24`),
);
const prefix6 = fc.oneof(
  fc.tuple(word, word, word).map(([a, b, c]) => `2001:db8:${a}:${b}::${c}/128`),
  fc.tuple(word, word).map(([a, b]) => `2001:db8:${a}:${b}::/64`),
  fc.tuple(word, word).map(([a, b]) => `fe80::${a}:${b}/128`),
);
const table = fc.option(fc.integer({ min: 100, max: 4_000_000_000 }), { nil: undefined, freq: 3 });
const metrics = {
  metric: fc.option(fc.integer({ min: 1, max: 0xff_ffff }), { nil: undefined }),
  table,
  mtu: fc.option(fc.integer({ min: 1280, max: 9000 }), { nil: undefined, freq: 2 }),
  initcwnd: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined, freq: 2 }),
  initrwnd: fc.option(fc.integer({ min: 1, max: 1023 }), { nil: undefined, freq: 2 }),
  advmss: fc.option(fc.integer({ min: 500, max: 9000 }), { nil: undefined, freq: 2 }),
};
const preference = fc.constantFrom(undefined, undefined, "low", "medium", "high");
const link = fc.constantFrom("cloudbr0", "cloudbr1");
const onLink4 = fc.record({ to: prefix4, dev: link, scope: fc.constantFrom(undefined, "link", "global"), ...metrics });
const onLink6 = fc.record({ to: prefix6, dev: link, preference, ...metrics });
const via4 = fc.record({
  to: prefix4,
  dev: fc.constant("cloudbr1"),
  via: octet.map((last) => `192.0.2.${Math.max(last, 2)}`),
  ...metrics,
});
const via6 = fc.record({
  to: prefix6,
  dev: fc.constant("cloudbr1"),
  via: word.map((last) => `2001:db8:1::f:${last}`),
  preference,
  ...metrics,
});
const viaLinkLocal = fc.record({ to: prefix6, dev: link, via: word.map((last) => `fe80::9:${last}`), ...metrics });
const crossed = fc.record({
  to: prefix4,
  dev: fc.constant("cloudbr1"),
  via: word.map((last) => `2001:db8:1::f:${last}`),
  ...metrics,
});
const onLinkGateway = fc.record({
  to: prefix4,
  dev: link,
  via: octet.map((last) => `203.0.113.${last}`),
  "on-link": fc.constant(true),
  ...metrics,
});
const noLink = fc.record({
  to: fc.oneof(prefix4, prefix6),
  dev: link,
  type: fc.constantFrom("blackhole", "unreachable", "prohibit", "throw"),
  metric: metrics.metric,
  table,
});
const multipath = fc.record({
  to: fc.oneof(prefix4),
  "next-hops": fc.uniqueArray(
    fc.record({
      via: octet.map((last) => `192.0.2.${Math.max(last, 2)}`),
      dev: fc.constant("cloudbr1"),
      weight: fc.integer({ min: 1, max: 256 }),
    }),
    { minLength: 2, maxLength: 4, selector: (hop) => hop.via },
  ),
  dev: fc.constant("cloudbr1"),
});
const routes = fc.uniqueArray(
  fc.oneof(onLink4, onLink6, via4, via6, viaLinkLocal, crossed, onLinkGateway, noLink, multipath),
  { minLength: 60, maxLength: 90, selector: (route) => `${(route as RouteJson).to}` },
);
const neighbors = fc.uniqueArray(
  fc.record({
    address: fc.oneof(prefix4, prefix6).map((text) => text.replace(/\/.*/, "").replace(/::$/, "::7")),
    mac,
    dev: link,
  }),
  { minLength: 30, maxLength: 50, selector: (neighbor) => neighbor.address },
);
const documents = fc.record({ version: fc.constant(1), routes, neighbors });
