import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { documentYaml } from "../../src/desired/writeDocument.ts";
import { permitted } from "../../src/import/permitted.ts";
import { shapedDocument } from "../../src/import/shapes.ts";
import { type Found, sift } from "../../src/import/sift.ts";
import { type Agent, takeOver } from "../../src/import/takeOver.ts";
import { hostPrefix } from "../../src/model/address.ts";
import { type Entry, entryKey, entryText } from "../../src/model/entry.ts";
import { hasNoLink, routeTextOfAnyone } from "../../src/model/route.ts";
import { kernelNeighbor, kernelRoute, kernelState, neighbor, route } from "../support/build.ts";
import { context, read } from "../support/documents.ts";
import { address, anyEntries, link, links, mac } from "./arbitraries.ts";

/** Guests as people and agents set them, among anything else that a document can ask for. */
const guests = fc.array(fc.tuple(address, mac, link), { maxLength: 6 }).map((list) =>
  list.flatMap(([text, of, on]): Entry[] => {
    const entry = neighbor(text, of, on);
    return [entry, route(hostPrefix(entry.address), on)];
  }),
);
const entries = fc.tuple(guests, anyEntries, fc.constantFrom(3, 4)).map(([first, second, protocol]) => {
  const unique = new Map([...first, ...second].map((entry) => [entryKey(entry), entry]));
  return [...unique.values()].map((entry): Found => {
    if (entry.kind === "route") return kernelRoute(entry, { protocol });
    return entry.kind === "rule" ? { ...entry, protocol: 0 } : kernelNeighbor(entry, null);
  });
});
const facts = { links: kernelState([...links]).links, gateways: new Set<never>() };
const effect = (entry: Entry) => (entry.kind === "route" ? routeTextOfAnyone(entry) : entryText(entry));

const agents = fc.oneof(
  fc.constantFrom<Agent>({ kind: "cloudstack" }, { kind: "none" }),
  fc.array(mac).map((list): Agent => ({ kind: "libvirt", domains: new Map(list.map((of) => [of, "vm"])) })),
);

function imported(found: readonly Found[]) {
  const sifted = sift({
    links: new Set(links),
    all: true,
    kernel: kernelState([...links], found),
    record: { protocol: 107, recorded: new Map(), scope: null },
    desired: new Map(),
    files: new Map(),
    vagueRule: null,
    sourceOf: () => "foreign",
    extras: new Map(),
  });
  const { kept, leftOut } = permitted(sifted.kept, context);
  return { kept, leftOut: [...sifted.leftOut, ...leftOut] };
}

describe("import", () => {
  test("its document is valid, and asks for just what was there; the rest is named", () => {
    fc.assert(
      fc.property(entries, (found) => {
        const { kept, leftOut } = imported(found);
        const { state, problems } = read(documentYaml(shapedDocument(kept, facts), "comment"));
        expect(problems).toEqual([]);
        expect(state?.entries.map(({ entry }) => effect(entry)).sort()).toEqual(kept.map(effect).sort());
        expect(kept.length + leftOut.length).toBe(found.length);
        // All that these hosts have can be said, but for routes that have no link.
        const linkless = found.filter((entry) => entry.kind === "route" && hasNoLink(entry.type));
        expect(leftOut.length).toBe(linkless.length);
      }),
      { numRuns: 1000 },
    );
  });

  test("its owners together ask for the same, each entry once", () => {
    fc.assert(
      fc.property(entries, agents, (found, agent) => {
        const { kept } = imported(found);
        const { guests: owners, rest } = takeOver(kept, { ...facts, hostAddresses: [] }, agent, () => null);
        const documents = [...owners.values(), ...(rest === null ? [] : [rest])];
        const asked = documents.flatMap((document) => {
          const { state, problems } = read(JSON.stringify(document));
          expect(problems).toEqual([]);
          return state?.entries.map(({ entry }) => effect(entry)) ?? [];
        });
        expect(asked.sort()).toEqual(kept.map(effect).sort());
      }),
      { numRuns: 500 },
    );
  });
});
