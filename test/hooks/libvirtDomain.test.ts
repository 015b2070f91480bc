import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { documentForDomain } from "../../src/hooks/libvirtDocument.ts";
import { type Domain, parseDomain } from "../../src/hooks/libvirtDomain.ts";
import {
  cloudstackGuest,
  domainXml,
  entityBomb,
  filteredGuest,
  manyNics,
  ourMetadata,
  taggedGuest,
} from "./domains.ts";

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.domain;
}

function problem(text: string): string | null {
  const parsed = parseDomain(text);
  return "problem" in parsed ? parsed.problem : null;
}

describe("domains as they are", () => {
  test("CloudStack", () => {
    expect(domain(cloudstackGuest)).toEqual({
      name: "i-2-10-VM",
      uuid: "4b1b5a4e-7d9c-4f0e-9d62-4dc1c2a0a3f7",
      interfaces: [
        {
          type: "bridge",
          mac: "02:00:0f:af:00:2b",
          bridge: "breth0-200",
          network: null,
          target: "vnet6",
          alias: "net0",
          filterAddresses: [],
        },
      ],
      metadata: [],
      notes: [],
    });
  });

  test("nwfilter parameters: IP and IPV6, repeated, and no other", () => {
    const { interfaces } = domain(filteredGuest);
    expect(interfaces.map(({ bridge, network, filterAddresses }) => ({ bridge, network, filterAddresses }))).toEqual([
      { bridge: "br-front", network: null, filterAddresses: ["192.0.2.10", "192.0.2.11"] },
      {
        bridge: "virbr7",
        network: "routed",
        filterAddresses: ["2001:DB8:0::11", "fe80::5054:ff:fe12:3457", "192.0.2.12/32", "0.0.0.0"],
      },
    ]);
  });

  test("our metadata among that of others", () => {
    const { metadata, interfaces, notes } = domain(taggedGuest);
    expect(metadata).toEqual([
      { mac: "52:54:00:AA:00:01", link: null, eui64: true, addresses: ["2.57.57.30", "2001:678:3a4:100::80"] },
      { mac: "52:54:00:aa:00:02", link: "cloudbr1", eui64: false, addresses: ["2.57.57.31"] },
    ]);
    expect(interfaces.map(({ type, bridge }) => [type, bridge])).toEqual([
      ["bridge", "br-int"],
      ["direct", null],
    ]);
    expect(notes).toEqual([]);
  });

  test("a Windows guest with 28 NICs, CRLF and references in its name", () => {
    const { name, interfaces } = domain(manyNics);
    expect(name).toBe('Windows Server 2022 <prod> "A&B" ☃');
    expect(interfaces).toHaveLength(28);
    expect(interfaces[26]).toMatchObject({
      mac: "52:54:00:00:01:1a",
      bridge: "br2",
      filterAddresses: ["203.0.113.27"],
    });
  });

  test("200 images below a disk", () => {
    const chain = `${"<backingStore type='file'>".repeat(200)}${"</backingStore>".repeat(200)}`;
    expect(domain(`<domain><name>g</name><devices><disk>${chain}</disk></devices></domain>`).interfaces).toEqual([]);
  });
});

describe("our metadata", () => {
  const read = (text: string) => domain(domainXml("", text));

  test.each([
    [
      "another prefix",
      '<metadata><n:guest xmlns:n="urn:netkeep:domain:1"><n:interface mac="a"><n:address>b</n:address></n:interface></n:guest></metadata>',
    ],
    [
      "no prefix",
      '<metadata><guest xmlns="urn:netkeep:domain:1"><interface mac="a"><address>b</address></interface></guest></metadata>',
    ],
    [
      "declared above",
      '<metadata xmlns:n="urn:netkeep:domain:1"><n:guest><n:interface mac="a"><n:address>b</n:address></n:interface></n:guest></metadata>',
    ],
    [
      "children that virsh left without a namespace",
      ourMetadata('<interface mac="a"><address>b</address></interface>'),
    ],
  ])("%s", (_, text) => {
    expect(read(text)).toMatchObject({ metadata: [{ mac: "a", addresses: ["b"] }], notes: [] });
  });

  test.each([
    ["the prefix alone", "<metadata><netkeep:guest><netkeep:interface mac='a'/></netkeep:guest></metadata>"],
    [
      "another namespace",
      '<metadata><netkeep:guest xmlns:netkeep="urn:netkeep:domain:2"><netkeep:interface mac="a"/></netkeep:guest></metadata>',
    ],
    ["another place", '<n:guest xmlns:n="urn:netkeep:domain:1"><n:interface mac="a"/></n:guest>'],
    ["a comment", `<!-- ${ourMetadata("<netkeep:interface mac='a'/>")} -->`],
    ["CDATA", `<description><![CDATA[${ourMetadata("<netkeep:interface mac='a'/>")}]]></description>`],
  ])("is not: %s", (_, text) => {
    expect(read(text).metadata).toEqual([]);
  });

  test("what is not understood is said, and the rest counts", () => {
    const text = `<netkeep:interfaces/><netkeep:interface link="br0"/>
      <netkeep:interface mac="a" dev="br0" link-local="yes" x:y="z" xmlns:x="urn:x"><netkeep:adress>b</netkeep:adress><netkeep:address>c</netkeep:address></netkeep:interface>`;
    const { metadata, notes } = read(ourMetadata(text));
    expect(metadata).toEqual([{ mac: "a", link: null, eui64: false, addresses: ["c"] }]);
    expect(notes).toEqual([
      "metadata: unknown element interfaces in guest",
      "metadata: an interface without the attribute mac",
      'metadata: link-local="yes" is not understood: eui64 or off',
      "metadata: unknown attribute dev of interface",
      "metadata: unknown element adress in interface",
    ]);
  });
});

describe("what is no domain is a problem, at once, and never an error", () => {
  const huge = 4 * 1024 * 1024;
  test.each<[string, string, string | RegExp]>([
    ["nothing", "", "the XML is empty"],
    ["space", " \n\t", "the XML is empty"],
    ["words", "error: Failed to connect", /^the XML cannot be read: /],
    ["a cut off text", cloudstackGuest.slice(0, 900), /^the XML cannot be read: /],
    ["tags across", "<domain><name>a</domain></name>", /^the XML cannot be read: /],
    ["two roots", "<domain><name>a</name></domain><domain/>", "the XML has no single root element"],
    ["only a comment", "<!-- x -->", /^the XML cannot be read: /],
    ["a network", "<network><name>default</name></network>", "the XML is not of a domain: its root is <network>"],
    [
      "another's domain",
      "<domain xmlns='urn:x'><name>a</name></domain>",
      "the XML is not of a domain: its root is <domain>",
    ],
    ["no name", "<domain><uuid>x</uuid></domain>", "the domain XML has no <name>"],
    ["an empty name", "<domain><name/></domain>", "the domain XML has no <name>"],
    ["an entity bomb", entityBomb, "the XML cannot be read: a document type (<!DOCTYPE) is not allowed"],
    [
      "an external entity",
      "<!DOCTYPE d SYSTEM 'file:///etc/passwd'><domain><name>a</name></domain>",
      "the XML cannot be read: a document type (<!DOCTYPE) is not allowed",
    ],
    [
      "a document type further in",
      "<domain><!DOCTYPE d><name>a</name></domain>",
      "the XML cannot be read: a document type (<!DOCTYPE) is not allowed",
    ],
    ["more than libvirt takes", " ".repeat(huge + 1), "the XML is larger than 4 MiB"],
    ["nesting without end", "<a>".repeat(huge / 3), /^the XML cannot be read: .{100,400}…$/],
    [
      "nesting with an end",
      `${"<a>".repeat(2000)}${"</a>".repeat(2000)}`,
      "the XML cannot be read: Maximum nested tags exceeded",
    ],
    ["comments without end", "<!--".repeat(huge / 4), /^the XML cannot be read: /],
    ["CDATA without end", `<domain>${"<![CDATA[".repeat(huge / 10)}`, /^the XML cannot be read: /],
    ["nothing but <", "<".repeat(huge), /^the XML cannot be read: /],
    ["__proto__", "<domain><name>a</name><__proto__ x='1'/></domain>", /^the XML cannot be read: /],
  ])("%s", (_, text, expected) => {
    const start = performance.now();
    expect(problem(text)).toMatch(expected);
    expect(performance.now() - start).toBeLessThan(8000);
  });

  test("names of JavaScript's own are names like others", () => {
    const text = "<domain toString='1' hasOwnProperty='2'><valueOf/><toString>x</toString><name>a</name></domain>";
    expect(domain(text)).toMatchObject({ name: "a", interfaces: [] });
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("references: XML's own and numbers once, nobody else's", () => {
    const text = "<domain><name>&amp;lt;&#65;&#x1F600;&nbsp;&#1114112;<![CDATA[&amp;]]></name></domain>";
    expect(domain(text).name).toBe("&lt;A\u{1f600}&nbsp;&#1114112;&amp;");
  });

  test("any damage to a real domain, and any text", () => {
    const sources = [cloudstackGuest, filteredGuest, taggedGuest, manyNics];
    const damaged = fc
      .tuple(
        fc.constantFrom(...sources),
        fc.nat(),
        fc.nat({ max: 40 }),
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.constantFrom("<", ">", "&", "]]>", "<!--", "'", "</domain>", "<!DOCTYPE x>"),
        ),
      )
      .map(
        ([text, at, length, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + length),
      );
    const check = (text: string) => {
      const parsed = parseDomain(text);
      if ("domain" in parsed) documentForDomain(parsed.domain, null);
      else expect(parsed.problem).toMatch(/^[^\p{Cc}]{1,401}$/u);
    };
    fc.assert(fc.property(fc.oneof(damaged, fc.string({ unit: "binary" })), check), { numRuns: 1500 });
  });
});
