import type { Family } from "../model/address.ts";
import { type Check, fail, type Outcome, ok, skip, warn, withoutKernel } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";
import { linkKey, setSysctls } from "./shell.ts";
import { linkSysctl } from "./sysctls.ts";

export const forwarding: Check = {
  code: "forwarding",
  about: "the host forwards packets of the families that guests have",
  why:
    "A routed guest is reached only if the host forwards. IPv4 asks the link on which a packet comes in; IPv6 asks the " +
    "host as a whole, and without forwarding on a link the host does not call itself a router there.",
  examine: (facts) => {
    if (facts.offline) return [withoutKernel];
    const families = familiesOf(facts);
    const host = [...families].map((family) => examineHost(family, facts));
    const links = facts.links.filter((link) => link.exists).map((link) => examineLink(link, facts));
    return [...host, ...links];
  },
};

/** Those of all entries; both if there are none, or no links. */
export function familiesOf({ links }: Facts): Family[] {
  const used = ([4, 6] as const).filter((family) => links.some((link) => link.families.has(family)));
  return used.length === 0 ? [4, 6] : used;
}

function examineHost(family: Family, facts: Facts): Outcome {
  const proto = family === 4 ? "ipv4" : "ipv6";
  const all = linkSysctl(facts, proto, "all", "forwarding");
  if (all === null) return skip(null, `net.${proto}.conf.all.forwarding cannot be read`);
  const uplinks = facts.uplinks.filter((uplink) => uplink.isDefault).map((uplink) => uplink.name);
  const forced =
    uplinks.length > 0 && uplinks.every((name) => linkSysctl(facts, "ipv6", name, "force_forwarding") === 1);
  if (all === 0 && !(family === 6 && forced)) {
    const key = family === 4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
    const lives = facts.uplinks.some((uplink) => uplink.advertised);
    const care = "# first see to router-advertisements: with forwarding the kernel ignores them unless accept_ra is 2";
    const fix = setSysctls(`forward${family}`, { [key]: 1 });
    return fail(null, [`IPv${family} forwarding is off`], family === 6 && lives ? [care, ...fix] : fix);
  }
  const off = family === 4 ? uplinks.filter((name) => linkSysctl(facts, "ipv4", name, "forwarding") === 0) : [];
  if (off.length === 0) return ok(null, `IPv${family} forwarding is on`);
  const values = Object.fromEntries(off.map((name) => [linkKey("ipv4", name, "forwarding"), 1]));
  const evidence = `IPv4 forwarding is off on ${off.join(", ")}: packets that come in there are not forwarded`;
  return fail(null, [evidence], setSysctls("forward-uplinks", values));
}

function examineLink({ name, families }: LinkSituation, facts: Facts): Outcome {
  const wants = (family: Family) => families.size === 0 || families.has(family);
  const four = wants(4) && linkSysctl(facts, "ipv4", name, "forwarding") === 0;
  const six = wants(6) && linkSysctl(facts, "ipv6", name, "forwarding") === 0;
  if (!four && !six) return ok(name, `${name} forwards`);
  const evidence = [
    ...(four ? [`IPv4 forwarding is off on ${name}: packets of its guests are not forwarded`] : []),
    ...(six ? [`IPv6 forwarding is off on ${name}: the host does not call itself a router there`] : []),
  ];
  const values = {
    ...(four ? { [linkKey("ipv4", name, "forwarding")]: 1 } : {}),
    ...(six ? { [linkKey("ipv6", name, "forwarding")]: 1 } : {}),
  };
  return (four ? fail : warn)(name, evidence, setSysctls(`forward-${name}`, values));
}
