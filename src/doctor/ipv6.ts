import { type Check, fail, type Outcome, ok, onEachLink, skip, warn } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";
import { linkKey, setAgain, setSysctls } from "./shell.ts";
import { linkSysctl } from "./sysctls.ts";

export const ipv6Enabled: Check = {
  code: "ipv6-enabled",
  about: "links with IPv6 entries have IPv6",
  why:
    "disable_ipv6=1 removes all IPv6 routes and neighbors of a link, and the kernel refuses new ones. Turning IPv6 on " +
    "again does not bring them back.",
  examine: (facts) => onEachLink(facts, (link) => examineLink(link, facts)),
};

function examineLink({ name, families, entries, files }: LinkSituation, facts: Facts): Outcome {
  if (entries > 0 && !families.has(6)) return ok(name, `${name} has no IPv6 entries`);
  const disabled = linkSysctl(facts, "ipv6", name, "disable_ipv6");
  if (disabled === null) return skip(name, `net.ipv6.conf.${name}.disable_ipv6 cannot be read`);
  const key = linkKey("ipv6", name, "disable_ipv6");
  if (disabled === 1) {
    const repair = families.has(6) ? setAgain(name, files?.base ?? null) : [];
    return (families.has(6) ? fail : warn)(
      name,
      [`IPv6 is turned off on ${name}`],
      [...setSysctls(`ipv6-${name}`, { [key]: 0 }), ...repair],
    );
  }
  const comesWithout = linkSysctl(facts, "ipv6", "default", "disable_ipv6") === 1 && !facts.ipv6ByFile.has(name);
  if (!comesWithout) return ok(name, `IPv6 is on on ${name}`);
  const evidence = `IPv6 is on on ${name}, and off by default: when ${name} is made anew it has none`;
  return warn(name, [evidence], setSysctls(`ipv6-${name}`, { [key]: 0 }));
}
