import { describe, expect, test } from "vitest";
import { ownerFileName, parseStored } from "../../src/desired/stored.ts";
import { entryText } from "../../src/model/entry.ts";
import { readBlocks, readEntries, renderBlock } from "../../src/networkd/block.ts";
import { neighbor, route } from "../support/build.ts";

const digest = (text: string) => `d${text.length}`.replace("d", "d0");
const entries = [route("2.57.57.30", "br0"), neighbor("2.57.57.30", "52:02:45:76:d2:35", "br0")];
const nasty = [
  "a\n[Route]\nDestination=0.0.0.0/0",
  "a\n# netkeep end\n",
  "a digest=00",
  "]",
  "..",
  "../../etc/passwd",
  "/",
  "ä€😀",
  "\ud800",
  "%zz",
  "\u001b[31m",
  "\u2028",
  "",
  " ",
  "x".repeat(500),
];

describe("a block", () => {
  test("frame, sections by key, end", () => {
    expect(
      renderBlock("i-2-10-VM", "/etc/netkeep/desired.d/a.yaml", entries, digest),
    ).toBe(`# netkeep block owner=i-2-10-VM digest=d0113 source=/etc/netkeep/desired.d/a.yaml
[Neighbor]
Address=2.57.57.30
LinkLayerAddress=52:02:45:76:d2:35

[Route]
Destination=2.57.57.30/32
Protocol=107
# netkeep end
`);
  });

  test.each(nasty)("neither the owner nor the source %j gets out of the frame", (text) => {
    const rendered = renderBlock(text, text, entries, digest);
    const lines = rendered.split("\n");
    expect(lines[0]).toMatch(/^# netkeep block owner=[\x21-\x7e]* digest=d0\d+ source=[\x20-\x7e]*$/);
    expect(lines.filter((line) => line.startsWith("#"))).toHaveLength(2);
    expect(rendered.match(/^\[/gm)).toHaveLength(2);
    expect(readEntries(rendered, "br0").map(entryText).sort()).toEqual(entries.map(entryText).sort());
    if (text !== "") expect(readBlocks(rendered).map(({ owner }) => owner)).toEqual([text.replace("\ud800", "\ufffd")]);
  });
});

describe("readBlocks on what hands have changed", () => {
  const block = renderBlock("a", "s", entries, digest);
  test.each([
    ["two blocks", `${block}\n${block.replace("owner=a", "owner=b")}`, ["a", "b"]],
    [
      "no end: ends where the next begins",
      `${block.replace("# netkeep end\n", "")}${block.replace("owner=a", "owner=b")}`,
      ["a", "b"],
    ],
    ["no frame", block.replace(/^#.*$/gm, ""), []],
    ["a broken percent sequence", block.replace("owner=a", "owner=%zz"), ["%zz"]],
    ["a frame without a digest", block.replace(/ digest=\w+/, ""), []],
    ["CRLF", block.replaceAll("\n", "\r\n"), []],
    ["nothing", "", []],
  ])("%s", (_, text, owners) => {
    expect(readBlocks(text).map(({ owner }) => owner)).toEqual(owners);
  });

  test("the body is what the digest was made of", () => {
    const [read] = readBlocks(block);
    expect(digest(read?.body ?? "")).toBe(read?.digest);
    const [edited] = readBlocks(block.replace("52:02:45:76:d2:35", "52:02:45:76:d2:356"));
    expect(digest(edited?.body ?? "")).not.toBe(edited?.digest);
  });

  test.each([
    "[Route]\n",
    "[Route]\nDestination=10.0.0.1/8\n",
    "[Route]\nDestination=default\n",
    "[Route]\nDestination=10.0.0.0/8\nType=nat\n",
    "[Route.Destination]\nA=1\n",
    "[Neighbor]\nAddress=10.0.0.1\n",
    "[Neighbor]\nAddress=10.0.0.1\nLinkLayerAddress=xx\n",
    "[Neighbor]\nAddress=10.0.0.1\nAddress=10.0.0.2\nLinkLayerAddress=02:00:00:00:00:01\n",
    "[Network]\nAddress=10.0.0.1\n",
    "[",
  ])("%j has no entry of ours, and is no exception", (text) => {
    expect(readEntries(text, "br0")).toEqual([]);
  });

  test("hand-written spellings are understood as networkd does", () => {
    const text = "[Route]\nDestination=2001:DB8::/64\nGateway=FE80::1\nGatewayOnLink=true\nMetric=5\n";
    expect(readEntries(text, "br0").map(entryText)).toEqual([
      "2001:db8::/64 via fe80::1 dev br0 onlink proto 4 metric 5",
    ]);
  });
});

describe("files of owners", () => {
  test.each([
    ["i-2-10-VM", "i\\x2d2\\x2d10\\x2dVM.json"],
    ["libvirt:web_1.example", "libvirt:web_1.example.json"],
    ["a/b", "a-b.json"],
    ["..", "\\x2e..json"],
    [".hidden", "\\x2ehidden.json"],
    ["../../etc/passwd", "\\x2e.-..-etc-passwd.json"],
    ["ä", "\\xc3\\xa4.json"],
    ["a\nb\u0000", "a\\x0ab\\x00.json"],
    ["\\x41", "\\x5cx41.json"],
  ])("%j is %s", (owner, file) => {
    expect(ownerFileName(owner)).toBe(file);
  });

  test.each([
    "",
    "[]",
    "{}",
    '{"netkeep":2,"owner":"a","source":"s","changed":1,"document":{}}',
    '{"netkeep":1,"owner":"","source":"s","changed":1,"document":{}}',
    '{"netkeep":1,"owner":"a","source":"s","changed":"1","document":{}}',
    '{"netkeep":1,"owner":"a","source":"s","changed":1,"document":{},"more":1}',
  ])("%j is not what netkeep stores", (text) => {
    expect(() => parseStored(text)).toThrow();
  });
});
