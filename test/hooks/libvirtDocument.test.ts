import { describe, expect, test } from "vitest";
import type { DocumentInput } from "../../src/desired/schema.ts";
import { documentForDomain } from "../../src/hooks/libvirtDocument.ts";
import { parseDomain } from "../../src/hooks/libvirtDomain.ts";
import { read } from "../support/documents.ts";
import { cloudstackGuest, domainXml, filteredGuest, manyNics, ourMetadata, taggedGuest } from "./domains.ts";

const mac = "02:00:00:00:00:01";
const file: DocumentInput = {
  version: 1,
  guests: [{ name: "g", dev: "cloudbr0", mac, addresses: ["192.0.2.200"] }],
  routes: [{ to: "198.51.100.0/28", via: "192.0.2.200", dev: "cloudbr0" }],
};

function documentOf(xml: string, guestFile: DocumentInput | null = null) {
  const parsed = parseDomain(xml);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return documentForDomain(parsed.domain, guestFile);
}

const filter = (...addresses: string[]) =>
  `<filterref filter='f'>${addresses.map((ip) => `<parameter name='IP' value='${ip}'/>`).join("")}</filterref>`;
const bridge = "<source bridge='br0'/>";
const said = (...addresses: string[]) =>
  ourMetadata(
    `<netkeep:interface mac="${mac}">${addresses.map((ip) => `<netkeep:address>${ip}</netkeep:address>`).join("")}</netkeep:interface>`,
  );

describe("where the addresses come from", () => {
  test("metadata, with its links and link-local addresses", () => {
    expect(documentOf(taggedGuest)).toEqual({
      document: {
        version: 1,
        guests: [
          {
            name: "instance-0000002a",
            dev: "br-int",
            mac: "52:54:00:aa:00:01",
            addresses: ["2.57.57.30", "2001:678:3a4:100::80"],
            "link-local": "eui64",
          },
          { name: "instance-0000002a", dev: "cloudbr1", mac: "52:54:00:aa:00:02", addresses: ["2.57.57.31"] },
        ],
      },
      notes: [],
    });
  });

  test("nwfilter parameters: what no guest can have is said", () => {
    expect(documentOf(filteredGuest)).toEqual({
      document: {
        version: 1,
        guests: [
          { name: "filtered", dev: "br-front", mac: "52:54:00:12:34:56", addresses: ["192.0.2.10", "192.0.2.11"] },
          {
            name: "filtered",
            dev: "virbr7",
            mac: "52:54:00:12:34:57",
            addresses: ["2001:db8::11", "fe80::5054:ff:fe12:3457"],
          },
        ],
      },
      notes: [
        'nwfilter: interface 52:54:00:12:34:57: "192.0.2.12/32" has a prefix length; an address is wanted',
        "nwfilter: interface 52:54:00:12:34:57: 0.0.0.0 is not the address of a guest",
      ],
    });
  });

  test("nowhere: no document, or the guest's file as it is", () => {
    expect(documentOf(cloudstackGuest)).toEqual({ document: null, notes: [] });
    expect(documentOf(cloudstackGuest, file)).toEqual({ document: file, notes: [] });
  });

  test.each<[string, string, string[] | "file", string[]]>([
    ["metadata before nwfilter", domainXml(bridge + filter("192.0.2.2"), said("192.0.2.1")), ["192.0.2.1"], []],
    ["metadata without an address says nothing", domainXml(bridge + filter("192.0.2.2"), said()), ["192.0.2.2"], []],
    [
      "nothing sound: the file",
      domainXml(bridge + filter("x"), ""),
      "file",
      [`nwfilter: interface ${mac}: "x" is not an IPv4 or IPv6 address`],
    ],
    [
      "no bridge: the file",
      domainXml(`<source network='n'/>${filter("192.0.2.2")}`, "", "network"),
      "file",
      [
        `nwfilter: interface ${mac} is left out: it has no bridge (type network, network n), and no metadata names its link`,
      ],
    ],
  ])("%s", (_, xml, expected, notes) => {
    const unused = expected === "file" ? [] : ["the guest's file is not used: its domain XML has addresses"];
    const guests = expected === "file" ? file.guests : [{ name: "g", dev: "br0", mac, addresses: expected }];
    expect(documentOf(xml, file)).toMatchObject({ document: { guests }, notes: [...notes, ...unused] });
  });
});

describe("the document is one that will not be refused", () => {
  test("28 NICs on three bridges", () => {
    const { document, notes } = documentOf(manyNics);
    expect(document?.guests).toHaveLength(27);
    expect(notes).toEqual([]);
    const { state, problems } = read(JSON.stringify(document));
    expect(problems).toEqual([]);
    expect(state?.entries).toHaveLength(54);
  });

  test("one address at two NICs stays with the first", () => {
    const nic = (n: number, link: string) =>
      `<interface type='bridge'><mac address='02:00:00:00:00:0${n}'/><source bridge='${link}'/>${filter("192.0.2.1", "192.0.2.1", `192.0.2.1${n}`)}</interface>`;
    const xml = `<domain><name>g</name><devices>${nic(1, "br0")}${nic(2, "br1")}</devices></domain>`;
    const { document, notes } = documentOf(xml);
    expect(document?.guests?.map(({ dev, addresses }) => [dev, addresses])).toEqual([
      ["br0", ["192.0.2.1", "192.0.2.11"]],
      ["br1", ["192.0.2.12"]],
    ]);
    expect(notes).toEqual([`nwfilter: 192.0.2.1 is left out for 02:00:00:00:00:02 on br1: ${mac} on br0 has it`]);
    expect(read(JSON.stringify(document)).problems).toEqual([]);
  });

  test("one MAC on two bridges: one link-local address", () => {
    const nic = (link: string) =>
      `<interface type='bridge'><mac address='${mac}'/><source bridge='${link}'/></interface>`;
    const metadata = ourMetadata(`<netkeep:interface mac="${mac}" link-local="eui64"/>`);
    const { document, notes } = documentOf(
      `<domain><name>g</name>${metadata}<devices>${nic("br0")}${nic("br1")}</devices></domain>`,
    );
    expect(document?.guests).toEqual([{ name: "g", dev: "br0", mac, addresses: [], "link-local": "eui64" }]);
    expect(notes).toEqual([`metadata: fe80::ff:fe00:1 is left out for ${mac} on br1: ${mac} on br0 has it`]);
  });

  test("metadata for a NIC that is not in the XML needs a link", () => {
    const wish = (link: string, ip: string) =>
      `<netkeep:interface mac="02:00:00:00:00:99"${link}><netkeep:address>${ip}</netkeep:address></netkeep:interface>`;
    const xml = domainXml(bridge, ourMetadata(wish("", "192.0.2.1") + wish(' link="br7"', "192.0.2.2")));
    expect(documentOf(xml)).toEqual({
      document: { version: 1, guests: [{ name: "g", dev: "br7", mac: "02:00:00:00:00:99", addresses: ["192.0.2.2"] }] },
      notes: [
        "metadata: interface 02:00:00:00:00:99 is left out: it has no bridge (not in the domain's devices), and no metadata names its link",
      ],
    });
  });

  test.each([
    [
      "a multicast MAC",
      `<domain><name>g</name><devices><interface><mac address='01:00:5e:00:00:01'/>${bridge}${filter("192.0.2.1")}</interface></devices></domain>`,
    ],
    [
      "no MAC",
      `<domain><name>g</name><devices><interface>${bridge}${filter("192.0.2.1")}</interface></devices></domain>`,
    ],
    ["a bridge that is no link name", domainXml(`<source bridge='br[0]&#10;'/>${filter("192.0.2.1")}`)],
    ["the loopback link", domainXml(`<source bridge='lo'/>${filter("192.0.2.1")}`)],
  ])("%s is left out", (_, xml) => {
    const { document, notes } = documentOf(xml);
    expect(document).toBeNull();
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^nwfilter: interface [^\p{Cc}]* is left out: /u);
  });

  test.each([
    ["[Match]\u0085Name=*", "_Match__Name=*"],
    ["x".repeat(300), "x".repeat(128)],
    ["\u{1f600}".repeat(200), "\u{1f600}".repeat(128)],
  ])("name %.20j", (name, shown) => {
    const xml = domainXml(bridge + filter("192.0.2.1")).replace("<name>g<", `<name>${name}<`);
    const { document } = documentOf(xml);
    expect(document?.guests?.[0]?.name).toBe(shown);
    expect(read(JSON.stringify(document)).problems).toEqual([]);
  });
});
