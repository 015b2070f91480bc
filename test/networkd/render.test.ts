import { describe, expect, test } from "vitest";
import {
  baseNameOf,
  carriesEntries,
  dropInPaths,
  isGenerated,
  standaloneLink,
  standalonePath,
} from "../../src/networkd/paths.ts";
import { keepConfiguration, type LinkRendering, linkOfFile, renderLink } from "../../src/networkd/render.ts";
import { route } from "../support/build.ts";

const owners: LinkRendering["owners"] = [
  { owner: "a", source: "a.yaml", persistence: "persistent", entries: [route("10.1.0.0/16", "br0")] },
  { owner: "b", source: "stdin", persistence: "runtime", entries: [route("10.2.0.0/16", "br0")] },
  { owner: "c", source: "stdin", persistence: "persistent", entries: [] },
];
const render = (more: Partial<LinkRendering> = {}) =>
  renderLink({ link: "br0", baseName: "10-br0.network", version: 257, keepCarrier: true, owners, ...more }, () => "d0");
const file = (path: string, more: Partial<LinkRendering> = {}) =>
  render(more).find((one) => one.path.endsWith(path))?.text ?? "";

describe("renderLink", () => {
  test("the files of a link with a base file: settings, entries, entries until the reboot", () => {
    expect(render().map(({ path }) => path)).toEqual([
      "/etc/systemd/network/10-br0.network.d/50-netkeep-link.conf",
      "/etc/systemd/network/10-br0.network.d/60-netkeep.conf",
      "/run/systemd/network/10-br0.network.d/61-netkeep-runtime.conf",
    ]);
    expect(file("60-netkeep.conf")).toContain("owner=a ");
    expect(file("60-netkeep.conf")).not.toMatch(/owner=[bc] /);
    expect(file("61-netkeep-runtime.conf")).toContain("owner=b ");
  });

  test("without one: a base file that changes nothing else", () => {
    expect(
      file("/60-netkeep-br0.network", { baseName: null, version: 252 }),
    ).toBe(`# Written by netkeep: a base file of br0. Do not edit: the next "netkeep apply" overwrites it.
# netkeep link=br0

[Match]
Name=br0

[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
KeepConfiguration=static
LLMNR=no
MulticastDNS=no

[Link]
RequiredForOnline=no
`);
  });

  test.each([
    [257, true, "KeepConfiguration=yes\nConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\n"],
    [257, false, "KeepConfiguration=yes\n"],
    [252, true, "KeepConfiguration=static\nConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\n"],
    [null, false, "KeepConfiguration=static\n"],
  ])("settings for %s, carrier kept %s", (version, keepCarrier, text) => {
    expect(file("50-netkeep-link.conf", { version, keepCarrier }).split("[Network]\n")[1]).toBe(text);
  });

  test("never yes before 257: it flaps every entry at each reload", () => {
    expect([null, 247, 252, 256, 257, 262].map(keepConfiguration)).toEqual([
      "static",
      "static",
      "static",
      "static",
      "yes",
      "yes",
    ]);
  });

  test("every file says whose link it is", () => {
    for (const { text } of render({ baseName: null })) expect(linkOfFile(text)).toBe("br0");
    expect(linkOfFile("[Network]\n")).toBeNull();
  });
});

test.each([
  ["/etc/systemd/network/10-br0.network.d/50-netkeep-link.conf", true, false],
  ["/etc/systemd/network/10-br0.network.d/60-netkeep.conf", true, true],
  ["/run/systemd/network/10-br0.network.d/61-netkeep-runtime.conf", true, true],
  ["/etc/systemd/network/60-netkeep-br0.network", true, false],
  ["/etc/systemd/network/60-netkeep-br0.network.d/60-netkeep.conf", true, true],
  ["/etc/systemd/network/10-br0.network.d/61-netkeep-runtime.conf", false, false],
  ["/run/systemd/network/10-br0.network.d/60-netkeep.conf", false, false],
  ["/usr/lib/systemd/network/10-br0.network.d/60-netkeep.conf", false, false],
  ["/run/systemd/network/60-netkeep-br0.network", false, false],
  ["/etc/systemd/network/10-br0.network", false, false],
  ["/etc/systemd/network/10-br0.network.d/60-netkeep.conf.bak", false, false],
  ["/etc/systemd/network/10-br0.network.d/99-admin.conf", false, false],
  ["/etc/systemd/network/60-netkeep-.network", false, false],
])("%s: ours %s, with entries %s", (path, generated, entries) => {
  expect([isGenerated(path), carriesEntries(path)]).toEqual([generated, entries]);
});

test("names", () => {
  expect(standaloneLink(standalonePath("brdr-5828"))).toBe("brdr-5828");
  expect(baseNameOf(dropInPaths("10-netplan-br0.network").entries)).toBe("10-netplan-br0.network");
});
