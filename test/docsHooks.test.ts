import { beforeAll, describe, expect, test } from "vitest";
import { changeForCloudstack, parseCloudstackArguments } from "../src/hooks/cloudstack.ts";
import { documentForDomain } from "../src/hooks/libvirtDocument.ts";
import { parseDomain } from "../src/hooks/libvirtDomain.ts";
import { decideOperation } from "../src/hooks/libvirtOperation.ts";
import { readRoutesPayload } from "../src/hooks/routes.ts";
import { changeForVdsm } from "../src/hooks/vdsm.ts";
import { rulePriority } from "../src/hooks/vdsmDocument.ts";
import { tableOf, vdsmErrors } from "../src/hooks/vdsmNetwork.ts";
import { networkKeys, optionKeys } from "../src/hooks/vdsmPayload.ts";
import { accepted, parseAddress, parsePrefix } from "../src/model/address.ts";
import { buildIfStale, fences, help, literals, read, section, subcommandsOf } from "./support/docs.ts";

/** Arguments, payloads and events of netkeep-hooks(7) are those that the hooks take. */
const [readme, hooksPage] = [read("README.md"), read("docs/netkeep-hooks.7")];

beforeAll(buildIfStale);

describe("netkeep-hooks.7", () => {
  const keysOf = (title: string, what: string) => {
    const part = section(hooksPage, title)
      .split(/^\.Ss /m)
      .find((text) => text.startsWith(`${what}\n`));
    return [...(part ?? "").matchAll(/^\.It (?:Cm|Fl) (.*)$/gm)].flatMap(([, words = ""]) => words.split(" , "));
  };

  test("has a section for every hook", () => {
    for (const { name, words } of subcommandsOf(help("hook"))) {
      if (words === "") continue;
      expect(section(hooksPage, name.toUpperCase())).toMatch(/^\.Ss Effect$/m);
    }
  });

  test("has every key of a router's payload, and no other", () => {
    const said = readRoutesPayload('{ "?": 0 }');
    const known = "problems" in said ? /known: (.*)$/.exec(said.problems.join(" ").split("?: unknown")[1] ?? "") : null;
    expect(keysOf("ROUTES", "Payload").sort()).toEqual(known?.[1]?.split(", ").sort());
  });

  test("has every attribute of a network, error and default of VDSM's call", () => {
    expect(keysOf("VDSM", "Call").sort()).toEqual([...networkKeys].sort());
    const numbers = [...section(hooksPage, "VDSM").matchAll(/^\.It (\d+) Ta /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Object.values(vdsmErrors));
    expect(section(hooksPage, "VDSM")).toContain(`${tableOf("ovirtmgmt")} for ovirtmgmt`);
    expect(section(hooksPage, "VDSM")).toContain(`of priority ${rulePriority}:`);
    for (const option of optionKeys) expect(section(hooksPage, "VDSM")).toContain(`.Sq ${option}`);
    const [call = ""] = literals(section(hooksPage, "VDSM"));
    const addresses = ["192.0.2.10", "2001:db8:2::10"].map((text) => ({
      address: accepted(parseAddress(text)),
      subnet: accepted(parsePrefix(text)),
    }));
    const links = new Map(["old", "storage"].map((link) => [link, { addresses, mtu: 1500 }]));
    const change = changeForVdsm(call, { running: new Map(), links, foreignDefaults: [] });
    expect(change).toMatchObject({ checkSeconds: 30, notes: [], networks: [{ name: "old" }, { name: "storage" }] });
  });

  test("has every option of modifymacip.sh", () => {
    const options = keysOf("CLOUDSTACK", "Arguments").map((words) => words.split(" ")[0]);
    const usage = help("hook", "cloudstack");
    expect(options).toEqual([...usage.matchAll(/ \[?-(\w) </g)].map((match) => match[1]));
  });

  test("has every event of libvirt that means something", () => {
    const pairs = [...section(hooksPage, "LIBVIRT").matchAll(/\b([a-z]+) (begin|end)\b/g)];
    const documented = pairs.map(([, operation = "", sub = ""]) => [
      operation,
      sub,
      decideOperation(operation, sub, "-"),
    ]);
    const operations = "prepare start started stopped release migrate restore reconnect attach".split(" ");
    const meant = operations
      .flatMap((operation) => ["begin", "end"].map((sub) => [operation, sub]))
      .map(([operation = "", sub = ""]) => [operation, sub, decideOperation(operation, sub, "-")])
      .filter(([, , decision]) => decision !== "nothing");
    expect(documented.sort()).toEqual(meant.sort());
  });

  test("has examples that are accepted", () => {
    const [calls = "", ...payloads] = literals(section(hooksPage, "EXAMPLES"));
    const lines = calls.replaceAll("\\e\n", " ").trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const [, argv = ""] = /^# netkeep hook cloudstack (.*)$/.exec(line) ?? [];
      const request = parseCloudstackArguments(argv.split(/ +/));
      if ("usage" in request) throw new Error(line);
      expect(changeForCloudstack(request, null).problems, line).toEqual([]);
    }
    expect(payloads).toHaveLength(3);
    for (const payload of payloads)
      expect(readRoutesPayload(payload), payload).toMatchObject({ owner: "router:r-42-VM" });
    const [inReadme = ""] = fences(readme).flatMap(({ language, text }) => (language === "json" ? [text] : []));
    expect(readRoutesPayload(inReadme)).toMatchObject({ owner: "router:r-42-VM" });
  });

  test("has metadata that is understood", () => {
    const [metadata = ""] = literals(section(hooksPage, "LIBVIRT"));
    const parsed = parseDomain(`<domain><name>g</name>${metadata}</domain>`);
    if ("problem" in parsed) throw new Error(parsed.problem);
    const { document, notes } = documentForDomain(parsed.domain, null);
    expect(notes).toEqual([]);
    expect(document?.guests?.[0]).toMatchObject({ dev: "cloudbr0", "link-local": "eui64" });
    expect(document?.guests?.[0]?.addresses).toHaveLength(2);
  });
});
