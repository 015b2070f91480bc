import {
  type Bridge,
  familyOfLinkAddress,
  isLinkScope4,
  type LinkAddress,
  lengthOfLinkAddress,
  type RecordedBridge,
  sysctlsOf,
} from "../model/bridge.ts";
import type { RenderedFile } from "../model/change.ts";
import { type Digest, frameBlock } from "./block.ts";
import { head } from "./head.ts";
import { bridgePaths, netdevLink, sysctlLink } from "./paths.ts";
import { type Section, writeSection } from "./unitFile.ts";

/** A bridge and on whose behalf it is there. */
export interface BridgeRendering {
  readonly bridge: Bridge;
  readonly owner: string;
  readonly source: string;
}

/** The file that networkd makes the bridge from, for the boot. */
export function netdevFile({ bridge, owner, source }: BridgeRendering, digest: Digest): RenderedFile {
  const { link, mac } = bridge;
  const sections: Section[] = [
    { name: "NetDev", body: { Name: link, Kind: "bridge", MACAddress: mac } },
    { name: "Bridge", body: { STP: "no", ForwardDelaySec: "0" } },
  ];
  const body = sections.map(writeSection).join("\n");
  const text = `${head("the bridge", link)}\n${frameBlock(owner, source, body, digest)}`;
  return { path: bridgePaths(link).netdev, text, entries: [] };
}

/**
 * The base file of a bridge: no uplink, no advertisements, no address but those of the document, none of which is looked
 * for on the link first. Without carrier, which a bridge has from its first port on, an address that is would never come.
 *
 * @param keep KeepConfiguration=
 * @param group the mark of links that are ours
 */
export function bridgeBaseText({ link, addresses }: Bridge, keep: string, group: number): string {
  const sections: Section[] = [
    { name: "Match", body: { Name: link } },
    { name: "Link", body: { Group: String(group), RequiredForOnline: "no" } },
    {
      name: "Network",
      body: {
        LinkLocalAddressing: "no",
        IPv6AcceptRA: "no",
        ConfigureWithoutCarrier: "yes",
        IgnoreCarrierLoss: "yes",
        KeepConfiguration: keep,
        LLMNR: "no",
        MulticastDNS: "no",
      },
    },
    ...addresses.map((address) => ({ name: "Address", body: addressBody(address) })),
  ];
  return `${head("a base file", link)}\n${sections.map(writeSection).join("\n")}`;
}

/** On 252 a subnet's broadcast address that networkd makes up would have the address removed and added at each reload. */
function addressBody(address: LinkAddress): Section["body"] {
  const subnet4 = familyOfLinkAddress(address) === 4 && lengthOfLinkAddress(address) < 31;
  return {
    Address: address,
    ...(isLinkScope4(address) ? { Scope: "link" } : {}),
    ...(subnet4 ? { Broadcast: "no" } : {}),
    DuplicateAddressDetection: "none",
  };
}

/**
 * sysctl.d(5), which systemd's udev rule applies whenever a link of this name appears, whoever has made it: networkd 252
 * has no key for most of these, and on 257 `net.ipv4.conf.*.rp_filter` of the distribution would come after its own. The
 * minus is for systemd-sysctl at boot, when there is no such link yet. Slashes, because a name can have dots.
 */
export function sysctlFile(bridge: Bridge): RenderedFile {
  const lines = sysctlsOf(bridge).map(({ key, value }) => `-${key}=${value}\n`);
  const text = `${head("the sysctls", bridge.link)}# netkeep mac=${bridge.mac} addresses=${bridge.addresses.join(",")}\n\n${lines.join("")}`;
  return { path: bridgePaths(bridge.link).sysctl, text, entries: [] };
}

/** Link → what our files say of its bridge. On a link that is kept live there is only the file for sysctls. */
export function recordedBridges(generated: ReadonlyMap<string, string>): Map<string, RecordedBridge> {
  const records = new Map<string, RecordedBridge>();
  for (const [path, text] of generated) {
    const link = sysctlLink(path) ?? netdevLink(path);
    if (link === null) continue;
    const [, mac, addresses] = /^# netkeep mac=(\S+) addresses=(\S*)$/m.exec(text) ?? [];
    const before = records.get(link);
    records.set(link, { mac: mac ?? before?.mac ?? null, addresses: addresses?.split(",") ?? before?.addresses ?? [] });
  }
  return records;
}
