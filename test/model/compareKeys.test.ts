import fc from "fast-check";
import { expect, test } from "vitest";
import { onLinkRoute } from "../../src/desired/route.ts";
import type { Address, Prefix } from "../../src/model/address.ts";
import { compareKeys, type Entry, entryKey } from "../../src/model/entry.ts";
import type { MacAddress } from "../../src/model/mac.ts";

const address = fc.constantFrom("10.0.0.1", "10.0.0.10", "10.0.0.2", "2001:db8::1", "2001:db8::10", "2001:db8::1:0");
const link = fc.constantFrom("br", "br1", "br.1", "br-1", "br10", "br_1", "Br", "br~", "br+");
const number = fc.constantFrom(0, 1, 10, 100, 2, 20, 254, 1024);
const route = fc
  .record({ address, length: fc.constantFrom(1, 12, 128, 3, 32), link, table: number, metric: number })
  .map(({ address: text, length, link: dev, ...rest }): Entry => {
    return { ...onLinkRoute(`${text}/${length}` as Prefix, dev, 107), ...rest };
  });
const neighbor = fc.record({ address, link }).map((parts): Entry => {
  return {
    kind: "neighbor",
    link: parts.link,
    address: parts.address as Address,
    mac: "52:00:00:00:00:01" as MacAddress,
  };
});
const rule = fc.record({ priority: number, table: number, link }).map((parts): Entry => {
  const none = { from: null, to: null, iif: null, oif: null, mark: null, extra: "", invert: false } as const;
  return { kind: "rule", family: 4, type: "lookup", protocol: 4, ...none, ...parts };
});

test("entries compare as their keys do", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(route, neighbor, rule)), (entries) => {
      const order = (list: readonly Entry[]) => list.map(entryKey);
      const byKey = [...entries].sort((a, b) => (entryKey(a) < entryKey(b) ? -1 : entryKey(a) > entryKey(b) ? 1 : 0));
      expect(order([...entries].sort(compareKeys))).toEqual(order(byKey));
    }),
    { numRuns: 500 },
  );
});
