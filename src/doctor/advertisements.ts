import { type Check, fail, type Outcome, ok, warn, withoutKernel } from "./check.ts";
import type { Facts, LinkSituation, UplinkFacts } from "./facts.ts";
import { linkKey, setSysctls } from "./shell.ts";
import { linkSysctl } from "./sysctls.ts";

export const routerAdvertisements: Check = {
  code: "router-advertisements",
  about: "router advertisements are taken where they should be, and only there",
  why:
    "With forwarding on, the kernel ignores router advertisements unless accept_ra is 2: an uplink that lives on them " +
    "loses its addresses and its default route when they expire. On a link of guests it is the other way round: a guest " +
    "must not become the router of the host.",
  examine: (facts) => {
    if (facts.offline) return [withoutKernel];
    const uplinks = facts.uplinks.flatMap((uplink) => examineUplink(uplink, facts));
    const host =
      uplinks.length > 0 ? uplinks : [ok(null, "no uplink needs them from the kernel and does not get them")];
    return [...host, ...facts.links.filter((link) => link.exists).map((link) => examineLink(link, facts))];
  },
};

/** accept_ra is 0 where networkd handles them itself. */
function examineUplink({ name, advertised }: UplinkFacts, facts: Facts): Outcome[] {
  const ignores =
    linkSysctl(facts, "ipv6", name, "accept_ra") === 1 && linkSysctl(facts, "ipv6", name, "forwarding") === 1;
  if (!ignores) return [];
  const fix = setSysctls(`accept-ra-${name}`, { [linkKey("ipv6", name, "accept_ra")]: 2 });
  const evidence = `${name} has accept_ra 1 and forwards, so the kernel ignores router advertisements on it`;
  if (advertised)
    return [fail(null, [evidence, `addresses or routes of ${name} come from them, and will expire`], fix)];
  if (facts.routes.hasDefault6) return [];
  return [warn(null, [evidence, "the host has no IPv6 default route"], [`# if ${name} lives on them:`, ...fix])];
}

function examineLink({ name }: LinkSituation, facts: Facts): Outcome {
  const accept = linkSysctl(facts, "ipv6", name, "accept_ra");
  const forwards = linkSysctl(facts, "ipv6", name, "forwarding") === 1;
  const listens = accept === 2 || (accept === 1 && !forwards);
  if (!listens) return ok(name, `${name} ignores router advertisements`);
  const evidence = `${name} has accept_ra ${accept}${forwards ? "" : " and does not forward"}: a guest can become a router of the host`;
  return warn(name, [evidence], setSysctls(`accept-ra-${name}`, { [linkKey("ipv6", name, "accept_ra")]: 0 }));
}
