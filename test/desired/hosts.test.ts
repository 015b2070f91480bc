import { describe, expect, test } from "vitest";
import { readDocument, shapeDocument } from "../../src/desired/document.ts";
import { entryTitle } from "../../src/model/entry.ts";
import { context } from "../support/documents.ts";

const fleet = `version: 1
guests:
  - { name: common, dev: br0, mac: "52:02:45:76:d2:01", addresses: [10.0.0.1] }
links: { br0: { carrier: keep, kind: bridge }, br1: { carrier: keep } }
hosts:
  hv1:
    guests:
      - { name: own, dev: br0, mac: "52:02:45:76:d2:02", addresses: [10.0.0.2] }
    routes: [{ to: 10.9.0.0/16, dev: br0 }]
    links: { br0: { carrier: follow }, br2: { mode: live } }
  hv2:
    guests:
      - { name: own, dev: br0, mac: "52:02:45:76:d2:03", addresses: [10.0.0.1] }
  hv3:
`;

function read(text: string, host: string | null) {
  const document = { owner: "o", source: "fleet.yaml", text, persistence: "persistent", changed: 1 } as const;
  return readDocument(document, context, shapeDocument(text, host));
}

/** Problems without their source lines, and hints. */
function problems(text: string, host: string | null): string[] {
  return read(text, host).problems.map((problem) => {
    const lines = problem.split("\n");
    return [lines[0], ...lines.slice(3)].join("\n");
  });
}

function titles(host: string): string[] {
  const { state, problems: found } = read(fleet, host);
  if (state === null) throw new Error(found.join("\n"));
  return state.entries.map(({ entry }) => entryTitle(entry)).filter((title) => title.startsWith("route"));
}

describe("a document for several hosts", () => {
  test("is the common part and the host's own", () => {
    const common = "route 10.0.0.1/32 dev br0 proto 107 scope link";
    const own = ["10.0.0.2/32", "10.9.0.0/16"].map((to) => `route ${to} dev br0 proto 107 scope link`);
    expect(titles("hv1")).toEqual([common, ...own]);
    expect(titles("hv3")).toEqual([common]);
  });

  test("of a link in both, the host's keys win, and the others stay", () => {
    expect(Object.fromEntries(read(fleet, "hv1").state?.links ?? [])).toEqual({
      br0: { carrier: "follow", kind: "bridge" },
      br1: { carrier: "keep" },
      br2: { mode: "live" },
    });
  });

  test("what contradicts the common part is told where it stands", () => {
    expect(problems(fleet, "hv2")).toEqual([
      expect.stringMatching(
        /^fleet\.yaml:13:\d+: hosts\.hv2\.guests\.0\.addresses\.0: .* is asked for twice: .* in guests\.0/,
      ),
    ]);
    const kinds = fleet.replace("hv3:", 'hv3: { routes: [{ to: 10.0.0.0/8, dev: br0, via: "0.0.0.0" }] }');
    expect(problems(kinds, "hv3")).toEqual([
      expect.stringMatching(
        /^fleet\.yaml:14:\d+: hosts\.hv3\.routes\.0\.via: 0\.0\.0\.0 is not the address of a router/,
      ),
    ]);
  });

  test("every section has to have the right shape, whoever is asked for", () => {
    const bad = fleet.replace(
      "hv3:",
      "hv3: { guest: [], links: { br0: { mode: dead } } }\n  bad name: {}\n  __proto__: {}",
    );
    expect(problems(bad, "hv1")).toEqual([
      'fleet.yaml:14:10: hosts.hv3.guest: unknown key\n    did you mean "guests"?',
      'fleet.yaml:14:43: hosts.hv3.links.br0.mode: must be "networkd" or "live"',
      "fleet.yaml:15:3: hosts.bad name: is not the name of a host: letters, digits, . and -",
      "fleet.yaml:16:3: hosts.__proto__: is not the name of a host",
    ]);
  });

  test("a name that is not there, and none at all", () => {
    expect(problems(fleet, "hv11")).toEqual(['fleet.yaml:5:1: hosts: has no host hv11\n    did you mean "hv1"?']);
    expect(problems(fleet, "elsewhere")).toEqual([
      "fleet.yaml:5:1: hosts: has no host elsewhere\n    known: hv1, hv2, hv3",
    ]);
    expect(problems(fleet, null)).toEqual([
      "fleet.yaml:5:1: hosts: is for several hosts: `netkeep generate --host NAME` writes the files and the document of one",
    ]);
  });

  test("one without hosts is for every host", () => {
    expect(read("version: 1\nroutes: [{ to: 10.9.0.0/16, dev: br0 }]\n", "hv1").state?.entries).toHaveLength(1);
  });
});
