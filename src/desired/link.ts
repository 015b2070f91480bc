import { accepted, addressOf, networkPrefix, parseLinkAddress } from "../model/address.ts";
import {
  type Bridge,
  bareAddress,
  familyOfLinkAddress,
  type LinkAddress,
  lengthOfLinkAddress,
} from "../model/bridge.ts";
import { parseMac } from "../model/mac.ts";
import type { LinkSettings } from "../model/owner.ts";
import { isSpecial } from "./guard.ts";
import type { Problem } from "./problem.ts";
import type { LinkInput } from "./schema.ts";

type BridgeInput = NonNullable<LinkInput["bridge"]>;

const filters = { off: 0, strict: 1, loose: 2 } as const;

/** What a document says of links → the complete model, and what contradicts itself. Values have passed the schema. */
export function completeLinks(inputs: Readonly<Record<string, LinkInput>>) {
  const links = new Map<string, LinkSettings>();
  const problems: Problem[] = [];
  for (const [link, input] of Object.entries(inputs)) {
    const completed = completeLink(link, input);
    links.set(link, completed.settings);
    problems.push(...completed.problems);
  }
  return { links, problems };
}

function completeLink(link: string, input: LinkInput): { settings: LinkSettings; problems: Problem[] } {
  const { bridge: bridgeInput, ...rest } = input;
  const settings = rest as Omit<LinkSettings, "bridge">;
  if (bridgeInput === undefined) return { settings, problems: [] };
  const path = ["links", link];
  const problems: Problem[] = [];
  if (input.carrier === "follow") {
    const message = "a bridge that netkeep makes keeps its entries without a port: leave carrier out, or say keep";
    problems.push({ path: [...path, "carrier"], message });
  }
  if (input.kind !== undefined && input.kind !== "bridge") {
    problems.push({ path: [...path, "kind"], message: "a link with `bridge` is a bridge: leave kind out" });
  }
  problems.push(...addressProblems(bridgeInput.addresses, [...path, "bridge", "addresses"]));
  return { settings: { ...settings, bridge: completeBridge(link, bridgeInput) }, problems };
}

function completeBridge(link: string, input: BridgeInput): Bridge {
  const filter = input["rp-filter"];
  return {
    kind: "bridge",
    link,
    mac: accepted(parseMac(input.mac)),
    addresses: input.addresses.map((text) => accepted(parseLinkAddress(text)) as LinkAddress).sort(),
    forwarding: input.forwarding ?? true,
    arpIgnore: input["arp-ignore"] ?? null,
    arpAnnounce: input["arp-announce"] ?? null,
    rpFilter: filter === undefined ? null : filters[filter],
  };
}

function addressProblems(texts: readonly string[], path: readonly PropertyKey[]): Problem[] {
  const seen = new Set<string>();
  return texts.flatMap((text, index): Problem[] => {
    const address = accepted(parseLinkAddress(text)) as LinkAddress;
    const bare = bareAddress(address);
    const at = [...path, index];
    if (seen.has(bare)) return [{ path: at, message: `${bare} stands here twice` }];
    seen.add(bare);
    if (isSpecial(bare)) return [{ path: at, message: `${bare} is no address that a link can have` }];
    // The first of a subnet is its network in IPv4, and in IPv6 the anycast address of all its routers.
    const longest = familyOfLinkAddress(address) === 4 ? 31 : 127;
    const isNetwork = lengthOfLinkAddress(address) < longest && networkOf(address) === bare;
    return isNetwork ? [{ path: at, message: `${address} is a subnet, not an address in it` }] : [];
  });
}

function networkOf(address: LinkAddress): string {
  return addressOf(networkPrefix(bareAddress(address), lengthOfLinkAddress(address)));
}
