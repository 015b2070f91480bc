import { onLinkRoute } from "../desired/route.ts";
import { addressOf, lengthOf } from "../model/address.ts";
import type { Entry } from "../model/entry.ts";
import { routeTextOfAnyone } from "../model/route.ts";
import type { Message } from "../result.ts";
import type { ImportReading } from "./importRead.ts";

/**
 * Host routes on a bridge without the neighbor that belongs to a guest's address: CloudStack's modifymacip.sh leaves the
 * IPv6 ones behind whenever a guest stops. Taken over they would be announced for ever, so somebody has to look at them.
 */
export function leftoverMessages(entries: readonly Entry[], { input, facts }: ImportReading): Message[] {
  const neighbors = new Set(input.kernel.neighbors.map(({ link, address }) => `${link} ${address}`));
  const lonely = entries.flatMap((entry) => {
    if (entry.kind !== "route" || facts.links.get(entry.link)?.facts.kind !== "bridge") return [];
    const { destination, link } = entry;
    const plain = routeTextOfAnyone(onLinkRoute(destination, link, 0)) === routeTextOfAnyone(entry);
    const host = lengthOf(destination) === (destination.includes(":") ? 128 : 32);
    return plain && host && !neighbors.has(`${link} ${addressOf(destination)}`) ? [`${destination} dev ${link}`] : [];
  });
  if (lonely.length === 0) return [];
  const text = [
    "warning: these routes have no permanent neighbor. modifymacip.sh leaves such IPv6 routes behind when a guest stops;",
    "    take out those whose address no guest has (ip route del, then import again):",
    ...lonely.map((route) => `    ${route}`),
  ].join("\n");
  return [{ level: "warning", text }];
}
