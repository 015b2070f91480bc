import { type Check, fail, type Outcome, ok, onEachLink, skip, warn } from "./check.ts";
import type { LinkSituation } from "./facts.ts";
import { setAgain, someOf } from "./shell.ts";

/** RFC 8200, section 5. */
const smallest6 = 1280;

export const mtu: Check = {
  code: "mtu",
  about: "the MTU of a link suits IPv6 and its ports",
  why:
    "Below 1280 the kernel takes IPv6 off the link: its IPv6 routes and neighbors go, and do not come back with a larger " +
    "MTU. A bridge with another MTU than its ports drops what is too large on the way to guests, or fragments it " +
    "without need.",
  examine: (facts) => onEachLink(facts, examineLink),
};

function examineLink(link: LinkSituation): Outcome {
  const { name, ports, families, netdev } = link;
  if (link.mtu === null) return skip(name, `the MTU of ${name} is not known`);
  const value = link.mtu;
  const smallest = Math.min(...ports.map((port) => port.mtu));
  const wanted = ports.length === 0 ? 1500 : Math.max(smallest, smallest6);
  const fix = setMtu(name, wanted, netdev);
  if (value < smallest6) {
    const repair = families.has(6) ? setAgain(name, link.files?.base ?? null) : [];
    const examine = families.size > 0 && !families.has(6) ? warn : fail;
    return examine(name, [`the MTU of ${name} is ${value}: it has no IPv6`], [...fix, ...repair]);
  }
  const less = ports.filter((port) => port.mtu < value);
  const more = ports.filter((port) => port.mtu > value);
  if (less.length > 0) return warn(name, [differs(value, less, "less")], fix);
  return more.length > 0 ? warn(name, [differs(value, more, "more")], fix) : ok(name, `the MTU of ${name} is ${value}`);

  function differs(mine: number, others: LinkSituation["ports"], how: string): string {
    const list = someOf(others.map((port) => `${port.name} ${port.mtu}`));
    return `the MTU of ${name} is ${mine}, and its ports have ${how}: ${list}`;
  }
}

/** Of a link that networkd makes, the `.netdev` says it; of others who makes it. */
function setMtu(link: string, value: number, netdev: string | null): string[] {
  const live = `ip link set dev ${link} mtu ${value}`;
  if (netdev === null) return [live, `# and give ${link} that MTU where it is made, or it is gone with the next boot`];
  return [live, `sed -i -e '/^MTUBytes=/d' -e 's/^\\[NetDev\\]$/[NetDev]\\nMTUBytes=${value}/' ${netdev}`];
}
