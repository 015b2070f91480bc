import { type Check, type Outcome, ok, skip, warn, withoutKernel } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";
import { familiesOf } from "./forwarding.ts";
import { linkKey, setSysctls, someOf } from "./shell.ts";
import { linkSysctl } from "./sysctls.ts";

export const rpFilter: Check = {
  code: "rp-filter",
  about: "the strict reverse path filter hits nobody who is right",
  why:
    "With rp_filter 1 the kernel drops an IPv4 packet in silence, unless its source is routed by the very link that it " +
    "came in on. Two uplinks, or routes of guests outside of table main, break that.",
  examine: (facts) => {
    if (facts.offline) return [withoutKernel];
    if (!familiesOf(facts).includes(4)) return [ok(null, "no entry is IPv4")];
    return [
      examineUplinks(facts),
      ...facts.links.filter((link) => link.exists).map((link) => examineLink(link, facts)),
    ];
  },
};

/** ip-sysctl of the kernel: the higher value of `all` and the link counts; 2 is loose. */
function isStrict(facts: Facts, link: string): boolean {
  const own = linkSysctl(facts, "ipv4", link, "rp_filter") ?? 0;
  return Math.max(own, linkSysctl(facts, "ipv4", "all", "rp_filter") ?? 0) === 1;
}

function examineUplinks(facts: Facts): Outcome {
  if (linkSysctl(facts, "ipv4", "all", "rp_filter") === null)
    return skip(null, "net.ipv4.conf.all.rp_filter cannot be read");
  const defaults = facts.uplinks.filter((uplink) => uplink.isDefault).map((uplink) => uplink.name);
  const strict = defaults.filter((name) => isStrict(facts, name));
  if (defaults.length < 2 || strict.length === 0) {
    return ok(null, strict.length === 0 ? "no uplink is strict" : `${strict[0]} is strict, and the only uplink`);
  }
  const evidence = `rp_filter is 1 on ${someOf(strict)}, and default routes leave by ${someOf(defaults)}`;
  const values = Object.fromEntries(strict.map((name) => [linkKey("ipv4", name, "rp_filter"), 2]));
  return warn(null, [evidence], setSysctls("rp-filter-uplinks", values));
}

function examineLink({ name, tables }: LinkSituation, facts: Facts): Outcome {
  if (!isStrict(facts, name)) return ok(name, `${name} is not strict`);
  if (tables.length === 0) return ok(name, `${name} is strict, and routes of its guests are in table main`);
  const evidence = `rp_filter is 1 on ${name}, and IPv4 routes of its guests are in table ${someOf(tables.map(String))}`;
  return warn(name, [evidence], setSysctls(`rp-filter-${name}`, { [linkKey("ipv4", name, "rp_filter")]: 2 }));
}
