import { type Bridge, bareAddress, isLinkScope4, type LinkAddress, type Sysctl, sysctlsOf } from "../model/bridge.ts";
import type { BridgeChange, BridgeDifference } from "../model/change.ts";
import { neighborText } from "../model/neighbor.ts";

/** What is done for one bridge: lines of `ip -batch`, sysctls, and then lines that may need them. */
export interface BridgeSteps {
  readonly first: readonly string[];
  readonly sysctls: readonly Sysctl[];
  readonly last: readonly string[];
}

/**
 * The steps of a change. An IPv6 address is refused while disable_ipv6 is set, so addresses come after the sysctls.
 *
 * @param group the mark of links that are ours
 */
export function bridgeSteps(change: BridgeChange, group: number): BridgeSteps {
  const { link } = change;
  if (change.action === "remove") return { first: [], sysctls: [], last: [`link del dev ${link}`] };
  if (change.action === "add") return creation(change.bridge, group);
  const { differences } = change;
  const sysctls = differences.flatMap(({ key, expected }) => (key === null ? [] : [{ key, value: expected ?? "" }]));
  const lines = differences.flatMap((difference) => lineOf(link, difference, group));
  const again = change.neighbors.map(
    (neighbor) =>
      `neigh replace ${neighborText(neighbor)}${neighbor.protocol === null ? "" : ` protocol ${neighbor.protocol}`}`,
  );
  return { first: [], sysctls, last: [...lines, ...again] };
}

/** The automatic link-local address is left out: the gateways are all that the host is on this link. */
function creation(bridge: Bridge, group: number): BridgeSteps {
  const { link, mac, addresses } = bridge;
  return {
    first: [
      `link add ${link} address ${mac} group ${group} type bridge stp_state 0 forward_delay 0`,
      `link set dev ${link} addrgenmode none`,
    ],
    sysctls: sysctlsOf(bridge),
    last: [`link set dev ${link} up`, ...addresses.map((address) => addressLine(link, address))],
  };
}

function lineOf(link: string, { what, expected, actual }: BridgeDifference, group: number): string[] {
  switch (what) {
    case "mac":
      return [`link set dev ${link} address ${expected}`];
    case "stp":
      return [`link set dev ${link} type bridge stp_state 0`];
    case "group":
      return [`link set dev ${link} group ${group}`];
    case "state":
      return [`link set dev ${link} up`];
    case "address":
      return [expected === null ? `address del ${actual} dev ${link}` : addressLine(link, expected as LinkAddress)];
    case "sysctl":
      return [];
  }
}

/** As networkd sets it from our base file, which so takes it over without an event. */
function addressLine(link: string, address: LinkAddress): string {
  const words = ["address", "replace", address, "dev", link];
  if (bareAddress(address).includes(":")) words.push("nodad");
  else if (isLinkScope4(address)) words.push("scope", "link");
  return words.join(" ");
}
