import { expect, test } from "vitest";
import type { FoundFile } from "../../src/model/file.ts";
import { readLinkFiles } from "../../src/networkd/linkFiles.ts";

const path = "/etc/systemd/network/10-br.network";
const file = (at: string, text: string): FoundFile => ({ path: at, kind: "text", text });

test("reads the base file and its drop-ins as one, and the last assignment counts", () => {
  const tree = [
    file(path, "[Match]\nName=br\n[Network]\nConfigureWithoutCarrier=no\n[Route]\nDestination=192.0.2.1/32\n"),
    file(
      "/run/systemd/network/10-br.network.d/50-a.conf",
      "[Network]\nConfigureWithoutCarrier=yes\n[Route]\nDestination=192.0.2.2/32\n",
    ),
    file("/etc/systemd/network/10-br.network.d/60-b.conf", "[Link]\nRequiredForOnline=no\n"),
  ];
  expect(readLinkFiles(tree, "10-br.network")).toMatchObject({
    base: path,
    dropIns: ["/run/systemd/network/10-br.network.d/50-a.conf", "/etc/systemd/network/10-br.network.d/60-b.conf"],
    routes: 2,
    configureWithoutCarrier: { value: "yes", line: 2 },
    ignoreCarrierLoss: null,
    requiredForOnline: { value: "no" },
  });
  expect(readLinkFiles(tree, "20-other.network")).toBeNull();
});

test.each<[string, boolean]>([
  ["[Address]\nAddress=169.254.0.1/32\n", true],
  ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=none\n", false],
  ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=ipv6\n", false],
  ["[Address]\nAddress=169.254.0.1/32\nDuplicateAddressDetection=both\n", true],
  ["[Network]\nAddress=169.254.0.1/32\n", true],
  ["[Address]\nAddress=10.0.0.1/24\n", false],
  ["[Address]\nAddress=10.0.0.1/24\nDuplicateAddressDetection=ipv4\n", true],
  ["[Address]\nAddress=fe80::1/64\n", true],
  ["[Address]\nAddress=fe80::1/64\nDuplicateAddressDetection=no\n", false],
  ["[Address]\nAddress=fe80::1/64\nDuplicateAddressDetection=ipv4\n", false],
  // A later section for the same address counts, as in networkd.
  ["[Address]\nAddress=fe80::1/64\n[Address]\nAddress=fe80::1/64\nDuplicateAddressDetection=none\n", false],
])("whether networkd looks for duplicates of the address in %j: %j", (text, detected) => {
  expect(readLinkFiles([file(path, text)], "10-br.network")?.addresses).toMatchObject([{ detected }]);
});
