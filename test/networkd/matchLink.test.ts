import { describe, expect, test } from "vitest";
import { type HostFacts, type LinkFacts, virtualLinkFacts } from "../../src/model/link.ts";
import { matchLink } from "../../src/networkd/matchLink.ts";
import { compareVersions } from "../../src/networkd/matchVersion.ts";
import { scanFile } from "../../src/networkd/scan.ts";

const path = "/etc/systemd/network/10-x.network";

const bridge: LinkFacts = {
  ...virtualLinkFacts("cloudbr0", "bridge", "02:00:00:00:00:0a"),
  alternativeNames: ["uplink-bridge"],
  properties: { ID_NET_DRIVER: "bridge", TAGS: ":systemd:", TWO: "a b" },
};

const host: HostFacts = {
  hostname: "kvm1",
  machineId: "0123456789abcdef0123456789abcdef",
  virtualization: { type: "container", id: "systemd-nspawn" },
  kernelCommandLine: "BOOT_IMAGE=/vmlinuz root=/dev/vda1 quiet 'x=a b'",
  kernelVersion: "6.1.0-28-amd64",
  architecture: "x86-64",
  credentials: ["network.token"],
  firmware: { uefi: true, deviceTree: false },
  systemdVersion: 257,
};

function verdict(match: string, link: LinkFacts = bridge, on: HostFacts = host): string {
  return matchLink(scanFile(path, `[Match]\n${match}\n`).sections, link, on).verdict;
}

describe("matchLink says yes", () => {
  test.each([
    "Name=cloudbr0",
    "Name=cloudbr?",
    "Name=eth0 cloudbr*",
    "Name=eth0\nName=cloudbr0",
    "Name=eth0\nName=\nName=cloudbr0",
    "Name=!eth* veth*",
    "Name=!cloudbr0", // by its alternative name, which passes
    "Name=uplink-*",
    "Name=cloud\\br0",
    "Kind=bridge",
    'Kind="bridge" veth',
    "Kind=!veth",
    "Type=bridge",
    "Type=!wlan wwan",
    "Driver=br*",
    "MACAddress=02:00:00:00:00:0A",
    "MACAddress=02-00-00-00-00-0a",
    "MACAddress=0200.0000.000a",
    "MACAddress=2:0:0:0:0:a",
    "MACAddress=garbage 02:00:00:00:00:0a",
    "Path=!pci-*",
    "Property=ID_NET_DRIVER=bridge",
    "Property=ID_NET_DRIVER=br* TAGS=:systemd:",
    'Property="TWO=a b"',
    "Property=TWO=a\\x20b",
    "Property=!ID_NET_DRIVER=veth NOSUCH=*",
    "WLANInterfaceType=!ap",
    "SSID=!*",
    "OriginalName=eth0\nName=cloudbr0",
    "Nosuch=a\nName=cloudbr0",
    "Host=kvm1",
    "Host=KVM*",
    "Host=!kvm2",
    "Host=01234567-89ab-cdef-0123-456789abcdef",
    "Host=nosuch\nHost=kvm1",
    "Virtualization=container",
    "Virtualization=yes",
    "Virtualization=!vm",
    "Virtualization=systemd-nspawn",
    "KernelCommandLine=quiet",
    "KernelCommandLine=root",
    "KernelCommandLine=root=/dev/vda1",
    "KernelCommandLine=x=a b",
    "KernelCommandLine=!debug",
    "KernelVersion=6.1*",
    "KernelVersion=>=6.0 <7",
    "KernelVersion=>= 6.0",
    "Architecture=x86-64",
    "Architecture=native",
    "Credential=network.token",
    "Firmware=uefi",
    "Version=>9999\nName=cloudbr0", // not a key of 257
  ])("%s", (match) => expect(verdict(match)).toBe("yes"));
});

describe("matchLink says no", () => {
  test.each([
    "Name=cloudbr",
    "Name=cloudbr1",
    "Name=!cloudbr* uplink*",
    "Name=cloudbr0 !cloudbr* !uplink*",
    'Name="cloudbr0"',
    "Name=cloudbr0\nKind=veth",
    "Kind=veth\nName=cloudbr0",
    "Kind=!bridge",
    "Kind=bridge !br*",
    "Type=ether",
    "MACAddress=02:00:00:00:00:0b",
    "PermanentMACAddress=02:00:00:00:00:0a",
    "Path=*",
    "Property=ID_NET_DRIVER=bridge NOSUCH=*",
    "Property=!ID_NET_DRIVER=bridge",
    "WLANInterfaceType=station",
    "SSID=*",
    "BSSID=02:00:00:00:00:0a",
    "Host=kvm2",
    "Host=!kvm*",
    "Virtualization=vm",
    "Virtualization=no",
    "Virtualization=kvm",
    "KernelCommandLine=root=/dev/vda",
    "KernelCommandLine=roo",
    "KernelVersion=5.*",
    "KernelVersion=>=6.0 <6.1",
    "KernelVersion=>",
    "Architecture=arm64",
    "Credential=nosuch",
    "Firmware=device-tree",
    "Firmware=nosuch",
  ])("%s", (match) => expect(verdict(match)).toBe("no"));
});

describe("matchLink ignores a file without a valid condition", () => {
  test.each([
    "",
    "Name=",
    "Name=cloudbr0\nName=",
    "Name=!",
    "Name=a/b",
    "Name=all default 17 .. a%d",
    "MACAddress=garbage",
    "MACAddress=!02:00:00:00:00:0a",
    "BSSID=10.0.0.1",
    "Property=garbage",
    "Property=9A=b",
    "OriginalName=cloudbr0",
    'Kind="bridge',
    "Host=kvm1\nHost=",
    "Version=>1",
  ])("%j", (match) => expect(verdict(match)).toBe("empty"));

  test("also without any [Match]", () => {
    expect(matchLink(scanFile(path, "[Network]\nDHCP=no\n").sections, bridge, host).verdict).toBe("empty");
  });
});

describe("matchLink with facts that are not known", () => {
  const unknown: LinkFacts = { name: "br9" };

  test.each([
    "Name=uplink-*",
    "MACAddress=02:00:00:00:00:0a",
    "PermanentMACAddress=02:00:00:00:00:0a",
    "Path=pci-*",
    "Path=!pci-*",
    "Driver=bridge",
    "Type=bridge",
    "Kind=bridge",
    "Property=A=b",
    "WLANInterfaceType=ap",
    "SSID=a",
    "BSSID=02:00:00:00:00:0a",
    "Host=kvm1",
    "Host=0123456789abcdef0123456789abcdef",
    "Virtualization=vm",
    "Virtualization=private-users",
    "KernelCommandLine=quiet",
    "KernelVersion=6.*",
    "Architecture=x86-64",
    "Credential=a",
    "Firmware=uefi",
    'Firmware=smbios-field(sys_vendor = "X")',
    "Version=>1",
    "Name=br9\nKind=bridge",
  ])("%s is undecided", (match) => expect(verdict(match, unknown, {})).toBe("undecided"));

  test("a sure no wins over what is undecided", () => {
    expect(verdict("Kind=bridge\nHost=kvm2", { name: "br9" }, { hostname: "kvm1" })).toBe("no");
  });

  test("says which condition, where, and what is missing", () => {
    const { sections } = scanFile(path, "[Match]\nName=br9\n\nDriver=virtio*\nHost=kvm1\n");
    expect(matchLink(sections, unknown, {})).toEqual({
      verdict: "undecided",
      conditions: [
        { path, line: 4, text: "Driver=virtio*", missing: "the driver of the link" },
        { path, line: 5, text: "Host=kvm1", missing: "the host name" },
      ],
    });
  });

  test("a command line that networkd cannot read fails either way", () => {
    expect(verdict("KernelCommandLine=quiet", bridge, { kernelCommandLine: null })).toBe("no");
    expect(verdict("KernelCommandLine=!quiet", bridge, { kernelCommandLine: null })).toBe("no");
  });

  test("a known lack of udev is not the same", () => {
    expect(verdict("Path=pci-*", { name: "br9", properties: null })).toBe("no");
    expect(verdict("Path=pci-1", { name: "br9", properties: { ID_PATH: "pci-1" } })).toBe("yes");
    expect(verdict("Property=!A=b", { name: "br9", properties: null })).toBe("yes");
  });
});

test("matchLink names the condition that fails", () => {
  const { sections } = scanFile(path, "[Match]\nName=eth0\nName=eth1\n");
  expect(matchLink(sections, bridge, host)).toEqual({
    verdict: "no",
    condition: { path, line: 3, text: "Name=eth1" },
  });
});

test("compareVersions orders as the specification does", () => {
  const oldest = [
    "122.1",
    "123~rc1-1",
    "123",
    "123-a",
    "123-a.1",
    "123-1",
    "123-1.1",
    "123^post1",
    "123.a-1",
    "123.1-1",
  ];
  for (const [index, version] of oldest.entries()) {
    expect(compareVersions(version, version)).toBe(0);
    for (const later of [...oldest.slice(index + 1), "123a-1", "124-1"]) {
      expect(compareVersions(version, later), `${version} < ${later}`).toBeLessThan(0);
      expect(compareVersions(later, version), `${later} > ${version}`).toBeGreaterThan(0);
    }
  }
});
